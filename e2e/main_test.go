package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"mirror/e2e/brokers"
)

// shared is what the tests of one run use together. Each part is made when the first test asks for it; close undoes it.
type shared struct {
	mu     sync.Mutex // guards the rest
	dir    string
	binary string
	west   *brokers.Cluster
	east   *brokers.Cluster
	java   *brokers.Java
}

var world shared

func TestMain(m *testing.M) {
	code := m.Run()
	if err := world.close(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func (s *shared) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if s.java != nil {
		errs = append(errs, s.java.Close())
	}
	for _, c := range []*brokers.Cluster{s.west, s.east} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// mirrorBinary builds cmd/mirror once, with this run's tags. MIRROR_E2E_BINARY names one that is tested instead.
func mirrorBinary(t *testing.T) string {
	t.Helper()
	if binary := os.Getenv("MIRROR_E2E_BINARY"); binary != "" {
		return binary
	}
	world.mu.Lock()
	defer world.mu.Unlock()
	if world.binary != "" {
		return world.binary
	}
	dir, err := os.MkdirTemp("", "mirror-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	world.dir = dir
	binary := filepath.Join(dir, "mirror")
	cmd := exec.Command("go", "build", "-tags", buildTags, "-o", binary, "mirror/cmd/mirror")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build mirror: %v\n%s", err, out)
	}
	world.binary = binary
	return binary
}

// require skips the test where brokers cannot run, or fails it where they are required.
func require(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if missing := (*brokers.MissingError)(nil); errors.As(err, &missing) && os.Getenv("MIRROR_E2E_REQUIRED") != "1" {
		t.Skipf("skipped %s: no real brokers: %v", t.Name(), err)
	}
	t.Fatal(err)
}

// long says that the long forms were asked for.
func long() bool { return os.Getenv("MIRROR_E2E_LONG") == "1" }

// startCluster starts a cluster for this test alone.
func startCluster(t *testing.T, o brokers.Options) *brokers.Cluster {
	t.Helper()
	if testing.Short() {
		t.Skipf("skipped %s: real brokers are not started with -short", t.Name())
	}
	c, err := brokers.Start(context.Background(), o)
	require(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("brokers:\n%s", c.Logs(15))
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// sharedPair returns two single-node clusters that all tests of the run use.
func sharedPair(t *testing.T) (west, east *brokers.Cluster) {
	t.Helper()
	if testing.Short() {
		t.Skipf("skipped %s: real brokers are not started with -short", t.Name())
	}
	world.mu.Lock()
	defer world.mu.Unlock()
	for _, c := range []**brokers.Cluster{&world.west, &world.east} {
		if *c != nil {
			continue
		}
		started, err := brokers.Start(context.Background(), brokers.Options{})
		require(t, err)
		*c = started
	}
	return world.west, world.east
}

// sharedJava returns the JVM with the official clients.
func sharedJava(t *testing.T) *brokers.Java {
	t.Helper()
	world.mu.Lock()
	defer world.mu.Unlock()
	if world.java == nil {
		started, err := brokers.StartJava(context.Background())
		require(t, err)
		world.java = started
	}
	return world.java
}
