package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/check"
)

// checkTwoClusters has a topic to create, one whose target is too small and one that somebody else filled.
func checkTwoClusters(t *testing.T) (config string) {
	t.Helper()
	west, east, config := twoClusters(t)
	create(t, west, 2, nil, "orders")
	create(t, east, 2, map[string]string{"max.message.bytes": "1000", "compression.type": "gzip"}, "all-orders")
	create(t, west, 2, nil, "clicks.web", "clicks.old")
	create(t, east, 2, nil, "west.clicks.old")
	if err := east.ProduceSync(t.Context(), &kgo.Record{Topic: "west.clicks.old", Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	return config
}

// ports differ from run to run.
var ports = regexp.MustCompile(`127\.0\.0\.1:\d+`)

func TestCheck(t *testing.T) {
	config := checkTwoClusters(t)
	for _, output := range []string{"table", "json"} {
		code, out, stderr := mirror(t, "check", "--config", config, "-o", output)
		if code != exitDifferent || stderr != "" {
			t.Errorf("exit code %d, stderr %q", code, stderr)
		}
		golden(t, "testdata/check/"+output+".txt", ports.ReplaceAll([]byte(out), []byte("127.0.0.1:9092")))
	}
	_, out, _ := mirror(t, "check", "--config", config, "-o", "yaml")
	if !strings.Contains(out, "id: topic.occupied\n") {
		t.Errorf("got\n%s", out)
	}
	if code, _, stderr := mirror(t, "check", "--config", config, "--route", "nowhere"); code != exitUsage || !strings.Contains(stderr, "west-to-east") {
		t.Errorf("a route that is not there: exit code %d, %q", code, stderr)
	}
}

// A checkpoint topic that remembers another source cluster is told.
func TestCheckHistory(t *testing.T) {
	_, east, config := twoClusters(t, "orders")
	create(t, east, 16, map[string]string{"cleanup.policy": "compact"}, "__mirror_west-to-east")
	recordRoute(t, east, "id-of-another")
	code, out, _ := mirror(t, "check", "--config", config)
	if code != exitDifferent || !strings.Contains(out, "has copied from the cluster with id id-of-another") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// What only building shows ends check as it ends run.
func TestCheckBuilds(t *testing.T) {
	config := configFile(t, `brokers: ["127.0.0.1:1"], tls: {ca_file: nowhere.pem}`, "")
	if code, out, stderr := mirror(t, "check", "--config", config); code != exitUsage || out != "" || !strings.Contains(stderr, "nowhere.pem") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
}

func TestCheckUnreachable(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the commands' patience")
	}
	config := configFile(t, `brokers: ["127.0.0.1:1"]`, "")
	code, out, _ := mirror(t, "check", "--config", config, "-o", "json")
	var report check.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitUnreachable || report.Count(check.Fail) != 2 {
		t.Errorf("exit code %d, %v\n%s", code, err, out)
	}
}
