package main

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"mirror/deploy/try"
)

const unit = "mirror@demo.service"

// The package is installed where systemd is process 1, and its unit does what docs/operating.md says: it waits for the daemon,
// hands it its secret and its state directory, ends it when it hangs, lets it drain, and is not touched by an upgrade.
func TestUnitRuns(t *testing.T) {
	slow(t)
	here := platform{"linux", runtime.GOARCH}
	packages := t.TempDir()
	for _, version := range []string{"v1.2.3-rc.1", testVersion} {
		copyFile(t, filepath.Join(makeRelease(t, version, here), release{version: version}.packageName(here)), packages)
	}
	m := boot(t, packages)
	install := func(version string) {
		t.Helper()
		m.must("dpkg", "--install", "/run/packages/"+release{version: version}.packageName(here))
	}
	install("v1.2.3-rc.1")
	if units := m.must("systemctl", "list-units", "--all", "--no-legend", "mirror@*"); units != "" {
		t.Errorf("the package has started %s", units)
	}
	if out, err := m.run("systemctl", "start", "mirror@nothing"); err == nil {
		t.Errorf("it starts without a configuration: %s", out)
	} else if said := m.journal("mirror@nothing.service"); !strings.Contains(said, "/etc/mirror/nothing.yaml") {
		t.Errorf("the journal does not say which file is missing:\n%s", said)
	}
	m.must("systemctl", "stop", "mirror@nothing")

	page := m.configure(t)
	m.must("systemctl", "start", unit)
	m.expectReady()
	m.checkSandbox()
	m.checkSecret(page)

	hung := m.property(unit, "MainPID")
	m.must("kill", "-STOP", hung)
	try.Eventually(t, "the watchdog to restart a daemon that hangs", func() error {
		if pid, restarts := m.property(unit, "MainPID"), m.property(unit, "NRestarts"); restarts != "1" || pid == hung {
			return fmt.Errorf("process %s, %s restarts", pid, restarts)
		}
		return nil
	})
	if said := m.journal(unit); !strings.Contains(said, "Watchdog timeout") || !strings.Contains(said, "\ngoroutine ") {
		t.Errorf("the journal does not tell what the daemon was doing when it hung:\n%s", said)
	}
	m.expectReady()

	before := m.property(unit, "MainPID")
	install(testVersion)
	if after := m.property(unit, "MainPID"); after != before || m.property(unit, "NeedDaemonReload") != "no" {
		t.Errorf("the upgrade has restarted process %s, which is %s now, or has not told systemd", before, after)
	}
	m.must("systemctl", "restart", unit)
	m.expectReady()
	if said := m.journal(unit); !strings.Contains(said, "version="+testVersion+" ") {
		t.Errorf("the new version does not run:\n%s", said)
	}
	if out := m.mirror("verify", "--wait", "30s"); !strings.Contains(out, ": 0 differences") {
		t.Error(out)
	}

	began := time.Now()
	m.must("systemctl", "stop", unit)
	t.Logf("it drained in %.1f s", time.Since(began).Seconds())
	if result, code := m.property(unit, "Result"), m.property(unit, "ExecMainStatus"); result != "success" || code != "0" || !strings.Contains(m.journal(unit), "mirror stopped") {
		t.Errorf("it did not drain: %s, exit code %s\n%s", result, code, m.journal(unit))
	}

	m.must("systemctl", "start", unit)
	m.must("dpkg", "--remove", "mirror")
	if state := m.property(unit, "ActiveState"); state != "inactive" {
		t.Errorf("without its package it is %s", state)
	}
	m.must("test", "-s", "/var/lib/private/mirror/demo/history")
	m.must("dpkg", "--purge", "mirror")
	m.must("test", "!", "-e", "/var/lib/private/mirror", "-a", "!", "-e", "/var/lib/mirror")
	m.must("test", "-s", "/etc/mirror/demo.yaml") // it was not the package's
}

// configure writes a configuration of two clusters with a secret, lets the watchdog bite soon, and returns the page's address.
func (m *machine) configure(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mirror")
	if err := (release{version: testVersion, repo: "../.."}).build(platform{runtime.GOOS, runtime.GOARCH}, binary); err != nil {
		t.Fatal(err)
	}
	west, east := try.Clusters(t, binary)
	page := try.Address(t)
	m.write("/etc/mirror/demo.yaml", "0644", fmt.Sprintf(`name: demo
clusters:
  west: {brokers: [%q]}
  east: {brokers: [%q]}
routes:
  - {name: unit, from: west, to: east, topics: [orders], rename: "unit.{topic}"}
web: {listen: %q, token_file: "${CREDENTIALS_DIRECTORY}/secrets_token"}
`, west, east, page))
	m.write("/etc/mirror/secrets/token", "0600", "open sesame\n")
	m.write("/run/systemd/system/"+unit+".d/watchdog.conf", "0644", "[Service]\nWatchdogSec=4s\n")
	m.must("systemctl", "daemon-reload")
	return "http://" + page
}

// expectReady waits until the daemon has told systemd that its routes work.
func (m *machine) expectReady() {
	m.t.Helper()
	if state := m.property(unit, "ActiveState"); state != "active" && state != "activating" {
		m.t.Fatalf("it is %s:\n%s", state, m.journal(unit))
	}
	try.Eventually(m.t, "all routes to be ready", func() error {
		if status := m.property(unit, "StatusText"); status != "all routes are ready" {
			return errors.New(status)
		}
		return nil
	})
}

// checkSandbox looks at who the daemon is, and that it may write its state.
func (m *machine) checkSandbox() {
	m.t.Helper()
	status := m.must("cat", "/proc/"+m.property(unit, "MainPID")+"/status")
	values := map[string]string{}
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		values[name] = strings.TrimSpace(value)
	}
	// systemd's dynamic users are between these.
	if uid, err := strconv.Atoi(strings.Fields(values["Uid"])[0]); err != nil || uid < 61184 || uid > 65519 {
		m.t.Errorf("it runs as user %s", values["Uid"])
	}
	if values["CapEff"] != "0000000000000000" || values["NoNewPrivs"] != "1" || values["Seccomp"] != "2" {
		m.t.Errorf("it may more than it should:\n%s", status)
	}
	m.must("test", "-s", "/var/lib/mirror/demo/history")
}

// checkSecret asks the page with and without the token that only root can read.
func (m *machine) checkSecret(page string) {
	m.t.Helper()
	for token, want := range map[string]int{"open sesame": http.StatusOK, "guess": http.StatusUnauthorized} {
		request, err := http.NewRequest(http.MethodGet, page+"/api/v1/status", nil)
		if err != nil {
			m.t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			m.t.Fatal(err)
		}
		answer.Body.Close() // only the code matters
		if answer.StatusCode != want {
			m.t.Errorf("with the token %q: got %d, want %d", token, answer.StatusCode, want)
		}
	}
	if out := m.mirror("status", "--ready"); strings.Contains(out, "open sesame") {
		m.t.Errorf("it tells the token: %s", out)
	}
}

// mirror runs a command beside the daemon as root, as docs/operating.md says.
func (m *machine) mirror(args ...string) string {
	m.t.Helper()
	return m.must(append([]string{"env", "MIRROR_CONFIG=/etc/mirror/demo.yaml", "CREDENTIALS_DIRECTORY=/run/credentials/" + unit, "mirror"}, args...)...)
}
