package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/offsets"
	"mirror/rename"
	"mirror/replicate"
)

// fill writes n records of the same size to both partitions of a topic, without a
// producer id: those that kfake gives out may look like a mirror's.
func fill(t *testing.T, client *kgo.Client, topic string, n int) {
	t.Helper()
	var records []*kgo.Record
	for i := range 2 * n {
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(i % 2), Value: fmt.Appendf(nil, "record %06d", i), Timestamp: testTime})
	}
	plain, err := kgo.NewClient(kgo.SeedBrokers(client.OptValue(kgo.SeedBrokers).([]string)...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := plain.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// changing are parts of outputs that differ from run to run: times, and bytes that
// depend on how records were batched.
var changing = regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z|about [\d.]+ [KMG]?i?B`)

func settled(out string) []byte { return changing.ReplaceAll([]byte(out), []byte("…")) }

func TestBackfill(t *testing.T) {
	west, east, path := twoClusters(t, "orders", "clicks.web")
	fill(t, west, "orders", 500)
	fill(t, west, "clicks.web", 20)
	line := []string{"backfill", "--config", path, "--topic", "orders", "--topic", "/clicks.*/", "--from", "10", "--to", "480",
		"--rename", "{topic}.history", "--rate", "10MB", "--id", "h1"}

	code, out, stderr := mirror(t, append(line, "--dry-run")...)
	if code != exitOK || stderr != "" {
		t.Errorf("--dry-run: exit code %d, stderr %q", code, stderr)
	}
	golden(t, "testdata/backfill/dry-run.txt", settled(out))
	code, out, _ = mirror(t, append(line, "--dry-run", "-o", "wide")...)
	if code != exitOK {
		t.Errorf("-o wide: exit code %d", code)
	}
	golden(t, "testdata/backfill/wide.txt", settled(out))
	if topics, err := topicsOf(t, east); err != nil || slices.Contains(topics, "orders.history") {
		t.Errorf("--dry-run has left %q, %v", topics, err)
	}

	if code, _, stderr := mirror(t, line...); code != exitUsage || !strings.Contains(stderr, "--yes") {
		t.Errorf("nobody to ask: exit code %d, %q", code, stderr)
	}
	code, out, stderr = mirror(t, append(line, "--yes")...)
	if code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	golden(t, "testdata/backfill/done.txt", settled(out))
	code, out, _ = mirror(t, append(line, "--yes")...)
	if code != exitOK {
		t.Errorf("again: exit code %d", code)
	}
	golden(t, "testdata/backfill/again.txt", settled(out))

	code, out, _ = mirror(t, append(line, "-o", "json")...)
	var document backfillDocument
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != exitOK || document.State != "finished" || document.Records != 960 || document.Left != 0 ||
		len(document.Topics) != 2 || len(document.Topics[0].Partitions) != 2 {
		t.Errorf("-o json: exit code %d, %v, %s", code, err, out)
	}
	code, out, stderr = mirror(t, "verify", "--config", path, "--backfill", "h1")
	if code != exitOK || !strings.Contains(out, "960 records equal") {
		t.Errorf("verify: exit code %d, %s, %s", code, out, stderr)
	}
	code, _, stderr = mirror(t, "verify", "--config", path, "--backfill", "h2")
	if code != exitUsage || !strings.Contains(stderr, "no such backfill") {
		t.Errorf("verify of none: exit code %d, %s", code, stderr)
	}
	code, _, stderr = mirror(t, append(line, "--to", "479", "--yes")...)
	if code != exitUsage || !strings.Contains(stderr, "other arguments") {
		t.Errorf("other arguments: exit code %d, %s", code, stderr)
	}
}

// What the source has lost of the range shows in the exit code, each time.
func TestBackfillLosses(t *testing.T) {
	west, _, path := twoClusters(t, "orders")
	fill(t, west, "orders", 50)
	gone := kadm.Offsets{}
	for partition := range int32(2) {
		gone.AddOffset("orders", partition, 20, -1)
	}
	if _, err := kadm.NewClient(west).DeleteRecords(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"first", "again"} {
		code, out, stderr := mirror(t, "backfill", "--config", path, "--topic", "orders", "--from", "10", "--rename", "{topic}.history", "--id", "h1", "--yes")
		_, first, _ := strings.Cut(out, "lost: ")
		if code != exitWithLosses || !strings.HasPrefix(first, "orders/0 offsets 10 to 19, retention: ") || !strings.Contains(out, "60 records are copied and 20 are lost") {
			t.Errorf("%s: exit code %d\n%s%s", when, code, out, stderr)
		}
	}
}

// TestBackfillAbandon gives up a backfill that has only announced itself.
func TestBackfillAbandon(t *testing.T) {
	west, _, path := twoClusters(t, "orders")
	fill(t, west, "orders", 5)
	line := []string{"backfill", "--config", path, "--abandon", "--yes"}
	if code, _, stderr := mirror(t, line...); code != exitUsage || !strings.Contains(stderr, "--id") {
		t.Errorf("without an id: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := mirror(t, append(line, "--id", "none")...); code != exitFailed || !strings.Contains(stderr, "no backfill none") {
		t.Errorf("one that there is not: exit code %d, %s", code, stderr)
	}
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	target, route := oneRoute(t, path)
	l, err := openLedger(t.Context(), target, backfillRoute(cfg.Routes[0], "stuck"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	stuck := offsets.Backfill{From: 2, To: 5, Time: testTime}
	if err := l.write(t.Context(), offsets.Entry{Key: offsets.Key{Kind: offsets.KindBackfill, Topic: "orders", Target: "copy", Member: "stuck"}, Value: stuck}); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := mirror(t, "backfill", "--config", path, "--topic", "orders", "--rename", "copy", "--yes")
	if code != exitDifferent || !strings.Contains(stderr, "backfill stuck (checkpoint topic "+offsets.TopicName(route.Name)+".backfill.stuck) writes target copy, partition 0") {
		t.Errorf("its target: exit code %d, %s", code, stderr)
	}
	for _, step := range []struct {
		flags []string
		code  int
		want  string
	}{
		{[]string{"--dry-run"}, exitOK, "would give up backfill stuck of route west-to-east, of which 0 of 3 records are copied"},
		{nil, exitOK, "backfill stuck is given up"},
	} {
		if code, out, stderr := mirror(t, append(append(line, "--id", "stuck"), step.flags...)...); code != step.code || !strings.Contains(out, step.want) {
			t.Errorf("%q: exit code %d, %s, %s", step.flags, code, out, stderr)
		}
	}
	if code, _, stderr := mirror(t, append(line, "--id", "stuck")...); code != exitFailed || !strings.Contains(stderr, "over already") {
		t.Errorf("again: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := mirror(t, "backfill", "--config", path, "--topic", "orders", "--rename", "copy", "--yes"); code != exitOK {
		t.Errorf("its target afterwards: exit code %d, %s", code, stderr)
	}
}

func topicsOf(t *testing.T, client *kgo.Client) ([]string, error) {
	t.Helper()
	meta, err := replicate.FetchMetadata(t.Context(), client, nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range meta.Topics {
		names = append(names, name)
	}
	return names, nil
}

func TestBackfillRefused(t *testing.T) {
	west, east, path := twoClusters(t, "orders", "filled", "full")
	fill(t, west, "orders", 5)
	fill(t, east, "filled", 1)
	fill(t, east, "full", 2)
	for _, c := range []struct {
		line string
		code int
		want string
	}{
		{"--topic orders --yes", exitDifferent, "--then-live"},
		{"--topic orders --rename filled --dry-run", exitDifferent, "target filled/0 is not empty (offsets 0 to 0)"},
		{"--topic orders --rename full --dry-run", exitDifferent, "on the route to append behind what is there (other partitions of it that are not free: 1)\n"},
		{"--topic none --yes", exitDifferent, "no topic none"},
		{"--topic /none.*/ --yes", exitDifferent, "no topic that matches"},
		{"--topic orders --partitions 7 --rename a --yes", exitDifferent, "none of the topics has such a partition"},
		{"--topic orders --rename __mirror_x --yes", exitUsage, "__mirror_x"},
		{"--topic orders --id a/b --rename a --yes", exitUsage, "checkpoint topic"},
		{"--topic orders --id " + strings.Repeat("x", 250) + " --rename a --yes", exitUsage, "Kafka allows 249"},
		{"--topic /(/ --rename a --yes", exitUsage, "regular expression"},
		{"--yes", exitUsage, "which topics"},
		{"--topic orders --from 10 --to 10", exitUsage, "nothing between"},
		{"--topic orders --from yesterday", exitUsage, "earliest, latest"},
		{"--topic orders --partitions 3-1", exitUsage, "such as 0,4-7"},
		{"--topic orders --partitions 0-4000000000", exitUsage, "such as 0,4-7"},
		{"--topic orders --rate fast", exitUsage, "bytes per second"},
		{"--topic orders --rate 0", exitUsage, "above 0"},
	} {
		code, out, stderr := mirror(t, append([]string{"backfill", "--config", path}, strings.Fields(c.line)...)...)
		if code != c.code || out != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%.60s: exit code %d, stdout %q, stderr %q; want %d and %q", c.line, code, out, stderr, c.code, c.want)
		}
	}
}

func TestBackfillWish(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]replicate.Bound{
		"earliest": {Offset: -1}, "latest": {Offset: -1, Latest: true}, "0": {}, "1234": {Offset: 1234},
		"-24h": {Offset: -1, Time: now.Add(-24 * time.Hour)}, "90m": {Offset: -1, Time: now.Add(-90 * time.Minute)},
		"2026-03-01T00:00:00+01:00": {Offset: -1, Time: time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC)},
	} {
		if got, err := parsePlace("--from", text, now); err != nil || got.Offset != want.Offset || got.Latest != want.Latest || !got.Time.Equal(want.Time) {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "+24h", "-+24h", "--24h", "-0s", "-1", "2026-03-01", "now"} {
		if got, err := parsePlace("--to", text, now); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"earliest", "latest", true}, {"earliest", "0", true}, {"earliest", "earliest", false}, {"latest", "latest", false},
		{"latest", "12", false}, {"5", "earliest", false}, {"5", "5", false}, {"5", "6", true}, {"-2h", "-1h", true}, {"-1h", "-2h", false},
		{"5", "-1h", true}, {"-1h", "5", true}, {"-1h", "latest", true},
	} {
		from, err := parsePlace("--from", c.from, now)
		to, err2 := parsePlace("--to", c.to, now)
		if got := before(from, to); err != nil || err2 != nil || got != c.want {
			t.Errorf("%s before %s: got %v, %v, %v", c.from, c.to, got, err, err2)
		}
	}
	for text, want := range map[string]rename.Rule{
		"{topic}.x": {To: "{topic}.x"}, "orders=old": {Topic: "orders", To: "old"}, "/a=(.*)/={1}": {Match: "/a=(.*)/", To: "{1}"},
	} {
		if got := parseRename(text); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
	if got, err := parsePartitions("4, 0,2-4"); err != nil || !slices.Equal(got, []int32{0, 2, 3, 4}) {
		t.Errorf("partitions: got %v, %v", got, err)
	}
	one := backfillOptions{topics: []string{"b", "a"}, from: "earliest", to: "latest", rate: "1MB"}
	two := backfillOptions{topics: []string{"a", "b", "a"}, from: "earliest", to: "latest", yes: true}
	three := backfillOptions{topics: []string{"a"}, from: "earliest", to: "latest"}
	route := &config.Route{Name: "west-to-east"}
	ids := map[string]bool{}
	for _, o := range []backfillOptions{one, two, three} {
		w, err := o.wish(route, now)
		if err != nil {
			t.Fatal(err)
		}
		ids[w.ID] = true
	}
	if len(ids) != 2 {
		t.Errorf("got ids %v: the same wish has one id, another wish another", ids)
	}
}
