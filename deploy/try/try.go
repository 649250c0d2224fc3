// Package try holds what the tests of several packages here need to try the binary out.
package try

import (
	"bufio"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience keeps a test that hangs from lasting for ever. Nothing is measured by it.
const patience = 2 * time.Minute

// Eventually waits until the condition holds, that is returns nil.
func Eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s: %v", what, err)
		}
	}
}

// Address is one that nobody listens at.
func Address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// Clusters runs those of `mirror demo`, with a little load on west, until the test ends, and returns an address of each.
func Clusters(t *testing.T, binary string) (west, east string) {
	t.Helper()
	cmd := exec.Command(binary, "demo", "--rate", "0.2")
	cmd.Dir = t.TempDir()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it is gone already if this fails
		_ = cmd.Wait()
	})
	lines, found := bufio.NewScanner(stdout), map[string]string{}
	for found["east"] == "" && lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) > 1 && (f[0] == "west" || f[0] == "east") {
			found[f[0]], _, _ = strings.Cut(f[1], ",")
		}
	}
	if found["east"] == "" {
		t.Fatalf("the demo tells no addresses: %v", lines.Err())
	}
	go func() {
		for lines.Scan() { // or the demo would wait for a reader
		}
	}()
	return found["west"], found["east"]
}
