package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// maxExposure is out of 10, by the count of systemd-analyze.
const maxExposure = 2.0

// unit is the unit as an instance, with a program that there is everywhere.
func unit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("systemd/mirror@.service")
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/mirror `)
	if !program.Match(text) {
		t.Fatal("the unit does not start /usr/bin/mirror, where the package puts it")
	}
	path := filepath.Join(t.TempDir(), "mirror@east.service")
	if err := os.WriteFile(path, program.ReplaceAll(text, []byte("ExecStart=/bin/true ")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUnitIsClean(t *testing.T) {
	analyze := tool(t, "systemd-analyze", "systemd")
	path := unit(t)
	out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("mirror@")) { // it may also speak of other units of this machine
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func TestUnitIsHardened(t *testing.T) {
	analyze := tool(t, "systemd-analyze", "systemd")
	out, err := exec.Command(analyze, "security", "--offline=true", "--no-pager", unit(t)).CombinedOutput()
	if err != nil {
		t.Fatalf("systemd-analyze security: %v\n%s", err, out)
	}
	found := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("no level in\n%s", out)
	}
	if level, err := strconv.ParseFloat(string(found[1]), 64); err != nil || level > maxExposure {
		t.Errorf("exposure %s, want at most %v\n%s", found[1], maxExposure, out)
	}
}
