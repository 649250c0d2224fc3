package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirror/monitor"
)

// TestWatchedRouteIsLeftToOthers plans and checks a route that others copy: nothing
// would be created from here, and all that it needs is their checkpoint topic.
func TestWatchedRouteIsLeftToOthers(t *testing.T) {
	west, _, config := twoClusters(t, "orders")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	watching := filepath.Join(t.TempDir(), "watching.yaml")
	if err := os.WriteFile(watching, []byte(strings.Replace(string(text), "    to: east\n", "    to: east\n    watch: true\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := mirror(t, "plan", "--config", config, "--exit-code"); code != exitDifferent || !strings.Contains(out, "all-orders") {
		t.Fatalf("who copies has nothing to create: %d\n%s%s", code, out, errOut)
	}
	code, out, errOut := mirror(t, "plan", "--config", watching, "--exit-code")
	if code != exitOK || !strings.Contains(out, "others copy it, and nothing is created or changed from here") || strings.Contains(out, "create") && strings.Contains(out, "partitions, replication") {
		t.Errorf("plan: %d\n%s%s", code, out, errOut)
	}
	if code, out, errOut = mirror(t, "check", "--config", watching); code != exitDifferent || !strings.Contains(out, "no mirror has run it yet: east has no topic __mirror_west-to-east") {
		t.Errorf("check before the first run: %d\n%s%s", code, out, errOut)
	}
	write(t, west, "orders", 0, "a")
	startEngine(t, config)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if code, out, errOut = mirror(t, "check", "--config", watching); code == exitOK && strings.Contains(out, "other mirrors keep __mirror_west-to-east, and this one watches it") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("check while it runs: %d\n%s%s", code, out, errOut)
		}
	}
}

// TestStatusOfAWatchedRoute lists processes of which none is the one that answers.
func TestStatusOfAWatchedRoute(t *testing.T) {
	status := monitor.Status{Mirror: "east", Origin: monitor.FromProcess, Routes: []monitor.RouteStatus{{Name: "east-to-west", From: "east", To: "west", Watched: true,
		State: monitor.Copying, Processes: []monitor.ProcessStatus{{Process: "west-1", OtherConfig: true, AgeSeconds: 3}, {Process: "west-2", AgeSeconds: 4}}}}}
	var out strings.Builder
	if err := printStatus(&out, status, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"route east-to-west is copying; other mirrors copy it, this one only watches", "west-1 has another configuration of this route than the mirror that watches it:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
