package main

import (
	"encoding/json"
	"strings"
	"testing"

	"mirror/monitor"
	"mirror/offsets"
)

// verified is the result on record.
func verified(t *testing.T, config string) (offsets.Verify, bool) {
	t.Helper()
	l, _ := oneLedger(t, config)
	if len(l.lanes) == 0 {
		return offsets.Verify{}, false
	}
	return l.lanes[0].Verified()
}

// Only a comparison of the whole route is put on record, and only in a topic that
// is there already.
func TestVerifyLeavesItsResult(t *testing.T) {
	west, east, config := twoClusters(t, "orders", "all-orders")
	write(t, west, "orders", 0, "a", "b", "c")
	write(t, east, "all-orders", 0, "a", "b", "c")
	if code, _, stderr := mirror(t, "verify", "--config", config); code != exitOK || !strings.Contains(stderr, "it has never run") {
		t.Errorf("before the first start: exit code %d, %q", code, stderr)
	}
	for _, command := range []string{"pause", "resume"} { // the topic is there from now on
		if code, _, stderr := mirror(t, command, "--yes", "--config", config); code != exitOK {
			t.Fatal(stderr)
		}
	}
	for _, part := range []string{"--no-record", "--topic orders", "--from 1", "--to 2", "--sample 50"} {
		if code, _, stderr := mirror(t, append(strings.Fields("verify "+part), "--config", config)...); code != exitOK || stderr != "" {
			t.Errorf("%s: exit code %d, %q", part, code, stderr)
		}
		if v, ok := verified(t, config); ok {
			t.Errorf("%s left %+v", part, v)
		}
	}
	if _, out, _ := mirror(t, "status", "--config", config); !strings.Contains(out, "\nlast verify: never\n") {
		t.Errorf("status:\n%s", out)
	}

	if code, _, stderr := mirror(t, "verify", "--config", config); code != exitOK || stderr != "" {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	v, ok := verified(t, config)
	if !ok || v.Records != 3 || v.Differences != 0 || v.Time.IsZero() || v.By == "" {
		t.Errorf("on record is %+v, %v", v, ok)
	}
	write(t, west, "orders", 0, "d")
	write(t, east, "all-orders", 0, "D")
	if code, _, stderr := mirror(t, "verify", "--config", config); code != exitDifferent || stderr != "" {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	_, out, _ := mirror(t, "status", "--config", config)
	if !strings.Contains(out, ", 1 difference, 3 records equal, by ") {
		t.Errorf("status:\n%s", out)
	}
	_, out, _ = mirror(t, "status", "--config", config, "-o", "json")
	var status monitor.Status
	if err := json.Unmarshal([]byte(out), &status); err != nil || status.Routes[0].LastVerify == nil || status.Routes[0].LastVerify.Differences != 1 {
		t.Errorf("status as JSON: %v\n%s", err, out)
	}
}

// Where the result may not be written a line says so, and the comparison counts.
func TestVerifyMayNotWrite(t *testing.T) {
	west, east, config := twoClusters(t, "orders", "all-orders")
	write(t, west, "orders", 0, "a")
	write(t, east, "all-orders", 0, "a")
	create(t, east, 4, nil, offsets.TopicName("west-to-east")) // which has fewer lanes than the route
	code, out, stderr := mirror(t, "verify", "--config", config)
	if code != exitOK || !strings.Contains(out, "0 differences") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
	if !strings.HasPrefix(stderr, "the result is not on record (--no-record does not try): ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("stderr %q", stderr)
	}
}
