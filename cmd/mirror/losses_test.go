package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mirror/offsets"
)

// withoutSource is a configuration whose source cannot be reached.
func withoutSource(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "mirror.yaml")
	west := regexp.MustCompile(`west: \{brokers: \[[^]]*\]`)
	if err := os.WriteFile(broken, west.ReplaceAll(text, []byte(`west: {brokers: ["127.0.0.1:1"]`)), 0o600); err != nil {
		t.Fatal(err)
	}
	return broken
}

// sampleLosses are one entry of each kind.
func sampleLosses() []offsets.LossEntry {
	key := func(topic string, partition int32, from, target int64) offsets.Key {
		return offsets.Key{Kind: offsets.KindLoss, Topic: topic, Partition: partition, Target: "west." + topic, From: from, TargetFrom: target}
	}
	return []offsets.LossEntry{
		{Key: key("orders", 0, 100, 0), Loss: offsets.Loss{From: 100, To: 1345, TargetFrom: -1, TargetTo: -1, Cause: "retention",
			Detail: "the source dropped them before they were copied", Time: testTime}},
		{Key: key("orders", 3, 17, 0), Loss: offsets.Loss{From: 17, To: 18, TargetFrom: -1, TargetTo: -1, Cause: "rejected",
			Detail: "the target refuses it:\x1b[31m too large", Time: testTime.Add(time.Hour)}},
		{Key: key("clicks.web", 1, 50, 48), Loss: offsets.Loss{From: 50, To: 50, TargetFrom: 48, TargetTo: 52, Cause: "foreign_writer",
			Detail: "somebody else wrote to west.clicks.web/1", Time: testTime.Add(2 * time.Hour)}},
	}
}

func TestPrintLosses(t *testing.T) {
	var rows []lossRow
	for _, entry := range sampleLosses() {
		rows = append(rows, describeLoss("west-to-east", entry))
	}
	for output, name := range map[string]string{"table": "losses_table.txt", "wide": "losses_wide.txt", "json": "losses.json", "yaml": "losses.yaml"} {
		var out bytes.Buffer
		err := writeOutput(&out, output, lossDocument{Losses: rows}, func(w io.Writer, wide bool) error { return printLosses(w, rows, wide) })
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", name), out.Bytes())
	}
}

// The ledger is read without a daemon and without the source; losses decide the
// exit code.
func TestLosses(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	for _, output := range []string{"table", "json"} {
		if code, out, stderr := mirror(t, "losses", "--config", config, "-o", output); code != exitOK || stderr != "" || strings.Contains(out, "orders") {
			t.Errorf("before the first start: exit code %d, %q, stderr %q", code, out, stderr)
		}
	}
	l, _ := oneLedger(t, config)
	for i, e := range sampleLosses() {
		if err := l.write(t.Context(), offsets.Entry{Lane: int32(i), Key: e.Key, Value: e.Loss}); err != nil {
			t.Fatal(err)
		}
	}
	config = withoutSource(t, config)
	for _, test := range []struct {
		line string
		code int
		rows int
	}{
		{"losses", exitWithLosses, 3},
		{"losses --topic orders", exitWithLosses, 2},
		{"losses --topic nothing", exitOK, 0},
		{"losses --since 2024-05-01T13:00:00Z", exitWithLosses, 2},
		{"losses --since 1h", exitOK, 0},
		{"losses --route west-to-east --topic clicks.web --since 1000000h", exitWithLosses, 1},
	} {
		code, out, stderr := mirror(t, append(strings.Fields(test.line), "--config", config)...)
		if got := strings.Count(out, "2024-05-01"); code != test.code || got != test.rows || stderr != "" {
			t.Errorf("%s: exit code %d, %d rows, want %d and %d; stderr %q:\n%s", test.line, code, got, test.code, test.rows, stderr, out)
		}
	}
	if code, _, stderr := mirror(t, "losses", "--since", "yesterday", "--config", config); code != exitUsage || !strings.Contains(stderr, "how long ago") {
		t.Errorf("--since yesterday: exit code %d, %q", code, stderr)
	}
}

// withExisting is a configuration whose route may append to target topics that
// are there already.
func withExisting(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	allowed := filepath.Join(t.TempDir(), "mirror.yaml")
	if err := os.WriteFile(allowed, append(text, []byte("    allow: [existing]\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	return allowed
}
