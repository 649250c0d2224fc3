package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/offsets"
	"mirror/replicate"
)

// startEngine runs a mirror until the returned function is called or the test ends.
func startEngine(t *testing.T, config string) (stop func()) {
	t.Helper()
	cfg, err := loadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := replicate.New(cfg, replicate.Options{Process: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

// waitValues reads a partition from its beginning until it has as many values.
func waitValues(t *testing.T, config, topic string, partition int32, n int) string {
	t.Helper()
	target, _ := oneRoute(t, config)
	client, err := kgo.NewClient(kgo.SeedBrokers(target.config.Brokers...),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var got []string
	for len(got) < n {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
		if ctx.Err() != nil {
			t.Fatalf("%s/%d has %q, want %d values", topic, partition, got, n)
		}
	}
	return strings.Join(got, " ")
}

// listed is what `mirror checkpoints list` says of a topic's partition.
func listed(t *testing.T, config, topic string, partition int32) checkpointRow {
	t.Helper()
	code, out, stderr := mirror(t, "checkpoints", "list", "--config", config, "-o", "json")
	var document checkpointDocument
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != exitOK {
		t.Fatalf("exit code %d, %v, stderr %q", code, err, stderr)
	}
	at := slices.IndexFunc(document.Checkpoints, func(r checkpointRow) bool { return r.Topic == topic && r.Partition == partition })
	if at < 0 {
		return checkpointRow{SourceOffset: -1}
	}
	return document.Checkpoints[at]
}

func waitListed(t *testing.T, config, topic string, ok func(checkpointRow) bool) checkpointRow {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		row := listed(t, config, topic, 0)
		if ok(row) {
			return row
		}
		if time.Now().After(deadline) {
			t.Fatalf("the checkpoint is %+v", row)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestPrintCheckpoints(t *testing.T) {
	now := testTime.Add(90 * time.Second)
	rows := []checkpointRow{
		{Route: "west-to-east", Topic: "orders", Target: "all-orders", SourceOffset: 120, TargetOffset: 100, LastSource: 119, Ordinal: 100, Drift: 20, Lane: 3, Owner: "host-a", Clean: true, Time: testTime},
		{Route: "west-to-east", Topic: "orders", Partition: 1, Target: "all-orders", SourceOffset: 7, TargetOffset: 90, LastSource: -1, Ordinal: 7, Lane: 9, Generation: 2, Asked: true, Time: now},
		{Route: "west-to-east", Topic: "orders", Partition: 2, Target: "all-orders", SourceOffset: -1, TargetOffset: -1, LastSource: -1, Ordinal: -1, Drift: -1, Lane: 4, Fault: "a newer mirror wrote it"},
	}
	for output, name := range map[string]string{"table": "checkpoints_table.txt", "wide": "checkpoints_wide.txt", "json": "checkpoints.json", "yaml": "checkpoints.yaml"} {
		var out bytes.Buffer
		err := writeOutput(&out, output, checkpointDocument{rows}, func(w io.Writer, wide bool) error {
			return printCheckpoints(w, rows, wide, now)
		})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", name), out.Bytes())
	}
}

// A topic is copied again from an offset while the daemon runs: the plan says so
// before, nothing happens without consent, and the daemon takes it over.
func TestCheckpointsReset(t *testing.T) {
	west, _, config := twoClusters(t, "orders")
	write(t, west, "orders", 0, "a", "b", "c", "d")
	write(t, west, "orders", 1, "x")
	config = withExisting(t, config)
	stop := startEngine(t, config)
	waitValues(t, config, "all-orders", 0, 4)
	waitListed(t, config, "orders", func(r checkpointRow) bool { return r.SourceOffset == 4 && r.Owner == "p1" })

	reset := func(line string) (int, string, string) {
		return mirror(t, append(strings.Fields("checkpoints reset --config "+config+" "), strings.Fields(line)...)...)
	}
	code, plan, stderr := reset("--topic orders --partitions 0 --to 2 --dry-run")
	if code != exitOK || stderr != "" || !strings.Contains(plan, "0          1           4       2          4           2             0         4\n") ||
		!strings.Contains(plan, "About 2 offsets that were copied before are copied again") {
		t.Errorf("--dry-run: exit code %d, stderr %q:\n%s", code, stderr, plan)
	}
	if code, out, stderr := reset("--topic orders --partitions 0 --to 2"); code != exitUsage || out != plan || !strings.Contains(stderr, "give --yes") {
		t.Errorf("nobody can be asked: exit code %d, stderr %q, stdout\n%s", code, stderr, out)
	}
	if row := listed(t, config, "orders", 0); row.Generation != 0 {
		t.Fatalf("without consent: %+v", row)
	}
	code, out, stderr := reset("--topic orders --partitions 0 --to 2 --yes")
	if code != exitOK || out != plan || !strings.Contains(stderr, "a running fleet takes it over") {
		t.Errorf("exit code %d, stderr %q, stdout\n%s", code, stderr, out)
	}
	if got := waitValues(t, config, "all-orders", 0, 6); got != "a b c d c d" {
		t.Errorf("the target has %s", got)
	}
	waitListed(t, config, "orders", func(r checkpointRow) bool {
		return r.Generation == 1 && !r.Asked && r.SourceOffset == 4 && r.TargetOffset == 6
	})
	if got := waitValues(t, config, "all-orders", 1, 1); got != "x" {
		t.Errorf("the other partition has %s", got)
	}
	stop()

	write(t, west, "orders", 0, "e")
	code, out, stderr = reset("--topic orders --to latest --yes")
	if code != exitOK || !strings.Contains(out, "About 1 offsets that were not copied yet are left out") || !strings.Contains(stderr, "on record; ") {
		t.Errorf("--to latest: exit code %d, stderr %q, stdout\n%s", code, stderr, out)
	}
	if row := listed(t, config, "orders", 0); row.Generation != 2 || !row.Asked || row.SourceOffset != 5 {
		t.Errorf("asked for: %+v", row)
	}
	startEngine(t, config)
	write(t, west, "orders", 0, "f")
	if got := waitValues(t, config, "all-orders", 0, 7); got != "a b c d c d f" {
		t.Errorf("the target has %s", got)
	}
	if code, out, _ := mirror(t, "losses", "--config", config); code != exitWithLosses || !strings.Contains(out, "skipped") {
		t.Errorf("losses: exit code %d\n%s", code, out)
	}
}

func TestCheckpointsResetRefuses(t *testing.T) {
	west, _, config := twoClusters(t, "orders", "all-orders", "clicks.web")
	write(t, west, "orders", 0, "a", "b")
	l, _ := oneLedger(t, config)
	key := offsets.Key{Kind: offsets.KindCheckpoint, Topic: "orders", Target: "all-orders", Generation: 32767}
	err := l.write(t.Context(), offsets.Entry{Lane: offsets.LaneOf("orders", 0, 16), Key: key, Value: offsets.Checkpoint{LastSource: -1}})
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"--topic orders":                                 "say with --topic",
		"--to latest":                                    "say with --topic",
		"--topic orders --to yesterday":                  "use earliest, latest",
		"--topic orders --to -3":                         "use earliest, latest",
		"--topic orders --to 0 --partitions a":           "0,4-7",
		"--topic orders --to 0 --partitions 5-2":         "0,4-7",
		"--topic orders --to 0 --partitions 7":           "no partition 7",
		"--topic orders --to 0 --partitions 0":           "used up all 32767 generations",
		"--topic ordrs --to 0":                           "did you mean orders?",
		"--topic clicks.web --to 0":                      "not on both clusters",
		"--topic orders --to 0 --route nowhere":          "there is no route",
		"--topic orders --to earliest --partitions 0--1": "0,4-7",
	} {
		code, out, stderr := mirror(t, append([]string{"checkpoints", "reset", "--yes", "--config", config}, strings.Fields(line)...)...)
		if code != exitUsage || out != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q, want %q", line, code, out, stderr, want)
		}
	}
	code, out, stderr := mirror(t, "checkpoints", "reset", "--yes", "--config", config, "--topic", "orders", "--to", "0", "--partitions", "1")
	if code != exitOK || out != "" || !strings.Contains(stderr, "1 partition of orders") || !strings.Contains(stderr, "nothing to reset") {
		t.Errorf("never copied: exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
}
