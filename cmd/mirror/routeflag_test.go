package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// complete asks as the completion scripts do, and returns what is offered.
func complete(t *testing.T, args ...string) []string {
	t.Helper()
	code, offered, _ := mirror(t, append([]string{"__complete"}, args...)...)
	if code != exitOK {
		t.Fatalf("complete %q: exit code %d", args, code)
	}
	offers := strings.Split(strings.TrimSpace(offered), "\n")
	return offers[:len(offers)-1] // the last line is for the script
}

func TestCompleteNames(t *testing.T) {
	_, _, config := twoClusters(t, "orders", "clicks.web", "clicks.app", "secret")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"routes", []string{"plan", "--config", config, "--route", ""}, "west-to-east\twest to east"},
		{"no route begins so", []string{"plan", "--config", config, "--route", "north"}, ""},
		{"topics", []string{"verify", "--config", config, "--topic", ""}, "clicks.app\tto west.clicks.app clicks.web\tto west.clicks.web orders\tto all-orders"},
		{"begun", []string{"verify", "--config", config, "--topic", "clicks.w"}, "clicks.web\tto west.clicks.web"},
		{"of the route", []string{"verify", "--config", config, "--route", "west-to-east", "--topic", "o"}, "orders\tto all-orders"},
		{"of no route", []string{"verify", "--config", config, "--route", "nowhere", "--topic", "o"}, ""},
		{"no file", []string{"verify", "--config", config + ".not", "--topic", "o"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(complete(t, test.args...), " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Of a cluster that does not answer, the topics of the file are offered.
func TestCompleteTopicsOfSilentCluster(t *testing.T) {
	config := filepath.Join(t.TempDir(), "mirror.yaml")
	text := `clusters: {west: {brokers: ["127.0.0.1:1"]}, east: {brokers: ["127.0.0.1:2"]}}
routes: [{from: west, to: east, topics: [orders, "/clicks.*/"]}]
`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := complete(t, "plan", "--config", config, "--topic", "")
	if len(got) != 1 || !strings.HasPrefix(got[0], "orders\t") {
		t.Errorf("got %q, want orders only", got)
	}
}
