package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirror/clusters"
)

// A configuration with clusters alone makes a small monitor: run looks at them, and
// the commands about routes say that there are none.
func TestClustersAlone(t *testing.T) {
	west, _, withRoutes := twoClusters(t)
	create(t, west, 2, nil, "orders")
	text, err := os.ReadFile(withRoutes)
	if err != nil {
		t.Fatal(err)
	}
	only, _, _ := strings.Cut(string(text), "routes:")
	listener := listener(t)
	listen := listener.Addr().String()
	listener.Close()
	file := filepath.Join(t.TempDir(), "mirror.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "%sweb: {listen: %q}\n", only, listen), 0o600); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var log bytes.Buffer // until done nobody else touches it
	go func() { done <- runDaemon(ctx, file, &log) }()
	url := "http://" + listen
	awaitClusters(t, url)

	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"status", "--url", url}, exitOK, "there are no routes: this mirror only looks at clusters"},
		{[]string{"status", "--url", url, "--ready"}, exitOK, "ready"},
		{[]string{"plan", "--config", file}, exitOK, "there are no routes"},
		{[]string{"plan", "--config", file, "-o", "json"}, exitOK, `"routes": []`},
		{[]string{"groups", "--config", file}, exitOK, noRoutes},
		{[]string{"groups", "--config", file, "-o", "json"}, exitOK, `"routes": []`},
		{[]string{"losses", "--config", file}, exitOK, noRoutes},
		{[]string{"losses", "--config", file, "-o", "json"}, exitOK, `"losses": []`},
		{[]string{"checkpoints", "list", "--config", file}, exitOK, noRoutes},
		{[]string{"checkpoints", "list", "--config", file, "-o", "json"}, exitOK, `"checkpoints": []`},
		{[]string{"check", "--config", file}, exitOK, "cluster west"},
		{[]string{"verify", "--config", file}, exitUsage, "the configuration has no routes: this mirror only looks at clusters"},
		{[]string{"check", "--config", file, "--route", "x"}, exitUsage, "the configuration has no routes"},
	} {
		code, out, errOut := mirror(t, test.args...)
		if code != test.code || !strings.Contains(out+errOut, test.want) {
			t.Errorf("%s: got exit code %d, %q, %q; want %d, %q", test.args, code, out, errOut, test.code, test.want)
		}
	}
	screen := onTerminal(t, 80, 24, nil, "top", "--url", url, "--interval", "100ms")
	screen.seeText("there are no routes", "CLUSTER", "west", "east")
	screen.press("q")
	if code := screen.end(); code != exitOK {
		t.Errorf("top: exit code %d", code)
	}
	stop()
	if err := <-done; err != nil || !strings.Contains(log.String(), "mirror stopped") {
		t.Errorf("got %v\n%s", err, log.String())
	}
}

// awaitClusters waits until both clusters are known.
func awaitClusters(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var got struct {
			Clusters []clusters.Summary `json:"clusters"`
		}
		if response, err := http.Get(url + "/api/v1/clusters"); err == nil {
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if json.Unmarshal(body, &got) == nil && len(got.Clusters) == 2 && got.Clusters[0].State == clusters.OK && got.Clusters[1].State == clusters.OK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the clusters are not known: %+v", got)
		}
	}
}
