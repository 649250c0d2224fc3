package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/offsets"
	"mirror/replicate"
)

// commitGroup puts the position of a group in a partition.
func commitGroup(t *testing.T, client *kgo.Client, group, topic string, partition int32, at int64) {
	t.Helper()
	var o kadm.Offsets
	o.AddOffset(topic, partition, at, -1)
	if err := kadm.NewClient(client).CommitAllOffsets(t.Context(), group, o); err != nil {
		t.Fatal(err)
	}
}

// groupPosition is the position of a group in a partition, -1 for none.
func groupPosition(t *testing.T, client *kgo.Client, group, topic string, partition int32) int64 {
	t.Helper()
	if o, ok := kadm.NewClient(client).FetchManyOffsets(t.Context(), group)[group].Fetched.Lookup(topic, partition); ok {
		return o.At
	}
	return -1
}

// shownGroups runs a command that shows groups, and returns its positions by group and partition.
func shownGroups(t *testing.T, wantCode int, args ...string) map[string][]replicate.ShownPosition {
	t.Helper()
	code, out, stderr := mirror(t, append(args, "-o", "json")...)
	var document replicate.GroupsDocument
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != wantCode || len(document.Routes) != 1 {
		t.Fatalf("exit code %d, want %d: %v\n%s\n%s", code, wantCode, err, out, stderr)
	}
	all := map[string][]replicate.ShownPosition{}
	for _, g := range document.Routes[0].Groups {
		all[g.Group] = g.Positions
	}
	return all
}

// TestGroupsAndFailover translates positions without a daemon, and moves them over once: what others have committed on
// the target stays.
func TestGroupsAndFailover(t *testing.T) {
	west, east, config := twoClusters(t, "orders")
	write(t, west, "orders", 0, "a", "b", "c", "d")
	write(t, west, "orders", 1, "e", "f")
	stop := startEngine(t, config)
	waitValues(t, config, "all-orders", 0, 4)
	waitValues(t, config, "all-orders", 1, 2)
	stop()
	commitGroup(t, west, "app", "orders", 0, 3)
	commitGroup(t, west, "app", "orders", 1, 2)
	commitGroup(t, west, "ahead", "orders", 0, 9)
	commitGroup(t, west, "moved", "orders", 0, 1)
	commitGroup(t, west, "__internal", "orders", 0, 1)
	commitGroup(t, east, "moved", "all-orders", 0, 4)

	groups := shownGroups(t, exitOK, "groups", "--config", config)
	app, ahead, moved := groups["app"], groups["ahead"], groups["moved"]
	if len(groups) != 3 || len(app) != 2 || len(ahead) != 1 || len(moved) != 1 {
		t.Fatalf("got %+v", groups)
	}
	if p := app[0]; *p.TargetOffset != 3 || !p.Exact || *p.SourceLag != 1 || p.Committed != nil || p.State != string(replicate.GroupMoves) || p.Target != "all-orders" {
		t.Errorf("app: %+v", p)
	}
	if p := ahead[0]; *p.TargetOffset != 4 || p.Exact || p.NotCopied != 5 {
		t.Errorf("ahead: %+v", p)
	}
	if p := moved[0]; p.State != string(replicate.GroupOwn) || *p.Committed != 4 || p.Reason == "" {
		t.Errorf("moved: %+v", p)
	}
	shownGroups(t, exitDifferent, "failover", "--config", config, "--dry-run")
	if at := groupPosition(t, east, "app", "all-orders", 0); at != -1 {
		t.Errorf("--dry-run committed %d", at)
	}
	if code, _, stderr := mirror(t, "failover", "--config", config, "--group", "app"); code != exitUsage || !strings.Contains(stderr, "--yes") {
		t.Errorf("without --yes: exit code %d, %q", code, stderr)
	}
	done := shownGroups(t, exitOK, "failover", "west-to-east", "--config", config, "--group", "app", "--yes")
	if len(done) != 1 || groupPosition(t, east, "app", "all-orders", 0) != 3 || groupPosition(t, east, "app", "all-orders", 1) != 2 || done["app"][0].SetBy != "west-to-east" {
		t.Errorf("got %+v", done)
	}
	shownGroups(t, exitOK, "failover", "--config", config, "--group", "app", "--yes") // again: nothing to do
	shownGroups(t, exitWithLosses, "failover", "--config", config, "--group", "/.*/", "--yes", "--wait", "0s")
	if at := groupPosition(t, east, "moved", "all-orders", 0); at != 4 {
		t.Errorf("a consumer's own position became %d", at)
	}
	if at := groupPosition(t, east, "ahead", "all-orders", 0); at != 4 {
		t.Errorf("a position in front of what is not copied is %d", at)
	}
	if code, out, _ := mirror(t, "groups", "--config", config, "--topic", "orders"); code != exitOK || !strings.Contains(out, "5 not copied") || !strings.Contains(out, "left alone: own position") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if code, _, stderr := mirror(t, "failover", "--config", config, "--group", "typo", "--yes"); code != exitWithLosses || !strings.Contains(stderr, "group typo has no position") {
		t.Errorf("a group that is not there: exit code %d, %q", code, stderr)
	}
	for _, args := range [][]string{{"groups", "--group", "/(/"}, {"groups", "--topic", "nothing"}, {"failover", "nowhere"}} {
		if code, _, stderr := mirror(t, append(args, "--config", config)...); code != exitUsage || stderr == "" {
			t.Errorf("%q: exit code %d, %q", args, code, stderr)
		}
	}
}

// The plan counts the positions that would be written, and no script stumbles over them.
func TestPlanGroups(t *testing.T) {
	west, east, path := twoClusters(t, "orders")
	create(t, east, 2, nil, "all-orders")
	commitGroup(t, west, "app", "orders", 0, 0)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "    sync: {configs: false, groups: {include: [app]}}\n"...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := mirror(t, "plan", "--config", path, "--exit-code")
	if code != exitOK || !strings.Contains(out, "\ngroup offsets to sync: 1 group, 1 position: 1 not copied yet\n") {
		t.Errorf("exit code %d\n%s\n%s", code, out, stderr)
	}
	code, out, _ = mirror(t, "plan", "--config", path, "-o", "json")
	if code != exitOK || !strings.Contains(out, `"not_copied": 1`) {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestPrintGroups(t *testing.T) {
	position := func(partition int32, source, committed int64, to offsets.Translation, state replicate.GroupState, reason string) replicate.GroupPosition {
		return replicate.GroupPosition{Topic: "orders", Partition: partition, Target: "west.orders", Source: source, SourceEnd: 1500, To: to, Known: state != replicate.GroupNotCopied,
			Committed: committed, State: state, Reason: reason}
	}
	active := "the group has members on east (Stable)"
	seen := &replicate.GroupsSeen{Problems: []string{"cluster west: cannot list all consumer groups: 127.0.0.1:9 cannot be reached"}, ShareGroups: []string{"workers"}, Groups: []replicate.GroupPositions{
		{Group: "billing", SourceState: "Empty", TargetState: "Empty", Positions: []replicate.GroupPosition{
			position(0, 1200, 1187, offsets.Translation{Target: 1187}, replicate.GroupInStep, ""),
			position(1, 1400, -1, offsets.Translation{Target: 1300, Slack: 12}, replicate.GroupMoves, ""),
			position(2, 1500, 1100, offsets.Translation{Target: 1480, Missing: 20}, replicate.GroupOwn, "a consumer, or somebody by hand, committed this offset on east"),
			position(3, 7, -1, offsets.Translation{}, replicate.GroupNotCopied, "nothing of this partition is copied yet"),
		}},
		{Group: "denied", Problem: "user mirror is not authorised for Describe on group denied of cluster west; grant it"},
		{Group: "search", SourceState: "Stable", TargetState: "Stable", Positions: []replicate.GroupPosition{
			position(0, 1500, 1480, offsets.Translation{Target: 1490}, replicate.GroupActive, active),
			position(1, 3, 100, offsets.Translation{Target: 100, Gone: 97}, replicate.GroupActive, active),
		}},
	}}
	document := replicate.GroupsDocument{Routes: []replicate.GroupsOfRoute{seen.Describe(&config.Route{Name: "west-to-east", From: "west", To: "east"})}}
	for output, name := range map[string]string{"table": "groups_table.txt", "wide": "groups_wide.txt", "json": "groups.json", "yaml": "groups.yaml"} {
		var out bytes.Buffer
		err := writeOutput(&out, output, document, func(w io.Writer, wide bool) error { return printGroups(w, document, wide) })
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", name), out.Bytes())
	}
}
