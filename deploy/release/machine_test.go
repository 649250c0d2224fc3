package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mirror/deploy/try"
)

// machine is this machine's own Debian, booted once more in a container with systemd as process 1. What it writes stays in
// memory and is gone at its end; it has the network of its host.
type machine struct {
	t      *testing.T
	leader string // its process 1, as the host numbers it
}

// boot starts a machine that sees packages below /run/packages. Where none can be booted the test is skipped.
func boot(t *testing.T, packages string) *machine {
	t.Helper()
	for tool, debian := range map[string]string{"systemd-nspawn": "systemd-container", "nsenter": "util-linux", "dpkg": "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("MIRROR_E2E_REQUIRED") != "" {
				t.Fatal(err)
			}
			t.Skipf("%s is not here (Debian: apt-get install %s)", tool, debian)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("only root can boot a container")
	}
	// nspawn wants any directory but / itself. No more is started than every system needs: what this one runs besides would be
	// in the way of its own.
	var said bytes.Buffer
	cmd := exec.Command("unshare", "--mount", "sh", "-c", `mount --bind / "$0" && exec systemd-nspawn --quiet --directory="$0" --volatile=overlay --boot `+
		`--machine=mirror-test --register=no --keep-unit --link-journal=no --console=pipe --bind-ro="$1":/run/packages -- systemd.unit=sysinit.target fstab=no`,
		t.TempDir(), packages)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the output says why
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it is gone already if this fails
		<-ended
	})
	m := &machine{t: t}
	try.Eventually(t, "systemd to be up", func() error {
		select {
		case <-ended:
			t.Skipf("no container can be booted here: %s", strings.TrimSpace(said.String()))
		default:
		}
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
		if err != nil {
			return err
		}
		m.leader, _, _ = strings.Cut(string(children), " ")
		state, err := m.run("systemctl", "is-system-running")
		if strings.TrimSpace(state) == "running" || strings.TrimSpace(state) == "degraded" {
			return nil
		}
		return errors.Join(err, errors.New(state))
	})
	return m
}

// run runs a command inside and returns all that it says.
func (m *machine) run(command ...string) (string, error) {
	out, err := exec.Command("nsenter", append([]string{"--target", m.leader, "--all"}, command...)...).CombinedOutput()
	return string(out), err
}

// must is run for what has to work.
func (m *machine) must(command ...string) string {
	m.t.Helper()
	out, err := m.run(command...)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return out
}

// write makes a file inside.
func (m *machine) write(path, mode, text string) {
	m.t.Helper()
	m.must("sh", "-c", `mkdir -p "$(dirname "$0")" && printf %s "$2" | install -m "$1" /dev/stdin "$0"`, path, mode, text)
}

// property is what systemd says of a unit.
func (m *machine) property(unit, name string) string {
	m.t.Helper()
	return strings.TrimSpace(m.must("systemctl", "show", "--value", "--property", name, unit))
}

// journal is what a unit has logged, and what systemd did with it.
func (m *machine) journal(unit string) string {
	m.t.Helper()
	return m.must("journalctl", "--no-pager", "--output=cat", "--unit", unit)
}

// copyFile copies a file into a directory.
func copyFile(t *testing.T, from, dir string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.Base(from)), data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
