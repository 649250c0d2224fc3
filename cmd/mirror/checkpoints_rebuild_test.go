package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/offsets"
)

// A route whose checkpoint topic was deleted goes on where it was, also while
// its daemon waits for that; nothing happens without consent.
func TestCheckpointsRebuild(t *testing.T) {
	west, east, config := twoClusters(t, "orders")
	for i := range 20 {
		write(t, west, "orders", 0, "a")
		write(t, west, "orders", 1, string(rune('a'+i)))
	}
	config = withExisting(t, config)
	stop := startEngine(t, config)
	waitValues(t, config, "all-orders", 0, 20)
	waitValues(t, config, "all-orders", 1, 20)
	waitListed(t, config, "orders", func(r checkpointRow) bool { return r.SourceOffset == 20 })
	rebuild := func(flags ...string) (int, string, string) {
		return mirror(t, append([]string{"checkpoints", "rebuild", "--config", config}, flags...)...)
	}
	if code, out, stderr := rebuild("--yes"); code != exitOK || out != "" || !strings.Contains(stderr, "they have a checkpoint: 2 partitions") {
		t.Errorf("nothing lost: exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
	stop()
	_, route := oneRoute(t, config)
	if _, err := kadm.NewClient(east).DeleteTopic(t.Context(), offsets.TopicName(route.Name)); err != nil {
		t.Fatal(err)
	}
	write(t, west, "orders", 0, "b")
	write(t, west, "orders", 1, "b")
	code, plan, stderr := rebuild("--dry-run")
	if code != exitOK || stderr != "" || strings.Count(plan, "last 20 records equal") != 2 {
		t.Errorf("--dry-run: exit code %d, stderr %q:\n%s", code, stderr, plan)
	}
	if code, _, stderr := rebuild("--yes"); code != exitFailed || !strings.Contains(stderr, "that may be copying orders/0") {
		t.Errorf("with a group that has members: exit code %d, stderr %q", code, stderr)
	}
	startEngine(t, config)
	waitOwned(t, config)
	if code, out, stderr := rebuild(); code != exitUsage || out != plan || !strings.Contains(stderr, "give --yes") {
		t.Errorf("nobody can be asked: exit code %d, stderr %q:\n%s", code, stderr, out)
	}
	if code, out, stderr := rebuild("--yes"); code != exitOK || out != plan || !strings.Contains(stderr, "on record: 2 positions") {
		t.Errorf("exit code %d, stderr %q:\n%s", code, stderr, out)
	}
	want := strings.Repeat("a ", 20) + "b"
	if got := waitValues(t, config, "all-orders", 0, 21); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := waitValues(t, config, "all-orders", 1, 21); !strings.HasSuffix(got, " s t b") {
		t.Errorf("got %s", got)
	}
}

// waitOwned waits until a process has claimed every lane of the route.
func waitOwned(t *testing.T, config string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		target, route := oneRoute(t, config)
		l, err := readLedger(t.Context(), target, route)
		if err == nil && len(l.lanes) > 0 && !slices.ContainsFunc(l.lanes, func(lane *offsets.Lane) bool { return newestOwner(lane) == "" }) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no process owns the lanes: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// A position that nothing proves is named and left alone.
func TestCheckpointsRebuildUnproven(t *testing.T) {
	west, east, config := twoClusters(t, "orders")
	write(t, west, "orders", 0, "a", "b", "c")
	stop := startEngine(t, config)
	waitValues(t, config, "all-orders", 0, 3)
	stop()
	_, route := oneRoute(t, config)
	if _, err := kadm.NewClient(east).DeleteTopic(t.Context(), offsets.TopicName(route.Name)); err != nil {
		t.Fatal(err)
	}
	before := kadm.Offsets{}
	before.AddOffset("orders", 0, 3, -1)
	if _, err := kadm.NewClient(west).DeleteRecords(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	write(t, west, "orders", 0, "d")
	code, out, stderr := mirror(t, "checkpoints", "rebuild", "--config", config, "--yes")
	if code != exitDifferent || !strings.Contains(out, "none: no record of the source") || stderr != "" {
		t.Errorf("exit code %d, stderr %q:\n%s", code, stderr, out)
	}
	if row := listed(t, config, "orders", 0); row.SourceOffset != -1 {
		t.Errorf("on record: %+v", row)
	}
}
