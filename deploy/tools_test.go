// Package deploy_test checks what is deployed with the tools that will read it.
package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tool returns the path of a program. Without it the test is skipped, or fails
// where everything is meant to be there.
func tool(t *testing.T, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	why := name + " is not here (Debian: apt-get install " + debian + ")"
	if os.Getenv("MIRROR_E2E_REQUIRED") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// buildMirror makes the binary for this machine.
func buildMirror(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mirror")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/mirror")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// checkConfiguration has mirror read a configuration with its clusters at an
// address where nobody answers: 5 says that it was good up to there, 2 that not.
func checkConfiguration(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("test"), 0o600); err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`brokers: \[[^]]*\]`).ReplaceAllString(text, `brokers: ["127.0.0.1:1"]`)
	text = regexp.MustCompile(`/run/secrets/[a-z/]+`).ReplaceAllString(text, secret)
	file := filepath.Join(dir, "mirror.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(buildMirror(t), "plan", "--config", file).CombinedOutput()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != 5 || !strings.Contains(string(out), "127.0.0.1:1") {
		t.Errorf("mirror plan: %v\n%s", err, out)
	}
}
