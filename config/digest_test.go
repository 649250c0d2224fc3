package config

import (
	"strings"
	"testing"
)

// Two files for one route have one digest if they ask for the same, wherever they are read.
func TestDigest(t *testing.T) {
	digest := func(broker, lines string) string {
		t.Helper()
		c, err := Parse("mirror.yaml", []byte("clusters:\n  west: {brokers: ["+broker+"]}\n  east: {brokers: [east:9092]}\nroutes:\n  - from: west\n    to: east\n    "+
			strings.ReplaceAll(lines, "\n", "\n    ")+"\n"), func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		return c.Routes[0].Digest()
	}
	same := digest("west:9092", "topics: [a]")
	for _, lines := range []string{"topics: [a]\nrefresh: 1m", "topics: [a]\nlimits: {bytes_per_second: 5MiB}", "topics: [a]\nlanes: 16", "topics:\n  - a # why"} {
		if got := digest("west-2:9092", lines); got != same {
			t.Errorf("%q: got %s, want %s", lines, got, same)
		}
	}
	seen := map[string]string{same: "topics: [a]"}
	for _, lines := range []string{"topics: [b]", "topics: [a, b]", "topics: [a]\nexclude: [b]", "topics: [a]\nrename: \"x.{topic}\"", "topics: [a]\nstart: latest",
		"topics: [a]\nisolation: read_uncommitted", "topics: [a]\nlanes: 8", "topics: [a]\non_loss: stop", "topics: [a]\non_rejected: skip", "topics: [a]\nallow: [existing]",
		"topics: [a]\nallow: [append_time]", "topics: [a]\ntopic_defaults: {replication_factor: 1}", "topics: [a]\nsync: {configs: false}", "topics: [a]\nsync: {partitions: false}"} {
		got := digest("west:9092", lines)
		if other, there := seen[got]; there {
			t.Errorf("%q has the digest of %q", lines, other)
		}
		seen[got] = lines
	}
}
