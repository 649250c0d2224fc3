package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mirror/e2e/brokers"
	"mirror/monitor"
)

// daemon is one `mirror run` that a test starts, kills and starts again with the same config.
type daemon struct {
	t       *testing.T
	name    string
	config  string // path
	host    string // name of the host that it believes to run on; empty: this machine's
	listen  string
	token   string // that requests to its page bear; empty: none is needed
	stderr  string // path; all lives of the daemon append to it
	process *brokers.Process
}

// newDaemon writes the config; it starts nothing. Its last lines are shown if the test fails.
func newDaemon(t *testing.T, name string, c configOf) *daemon {
	t.Helper()
	return newDaemonFromText(t, name, func(listen string) string {
		c.listen = listen
		return c.text()
	})
}

// newDaemonFromText is newDaemon for a config that configOf cannot say; text is given the address of the daemon's page.
func newDaemonFromText(t *testing.T, name string, text func(listen string) string) *daemon {
	t.Helper()
	dir := t.TempDir()
	d := &daemon{t: t, name: name, config: filepath.Join(dir, "mirror.yaml"), stderr: filepath.Join(dir, "stderr"), listen: freeAddress(t)}
	if err := os.WriteFile(d.config, []byte(text(d.listen)), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() && d.process != nil && d.process.Running() {
			status, _ := d.run("status", "-o", "wide")
			t.Logf("%s tells:\n%s", name, status)
		}
		if d.process != nil {
			d.process.Kill()
		}
		d.judgeLog()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", name, d.lastLines(40))
		}
	})
	return d
}

// judgeLog looks for contents of records in all that the daemon has written: each record of these tests begins with the
// same bytes, or is filled with the same letters.
func (d *daemon) judgeLog() {
	d.t.Helper()
	for line := range strings.Lines(d.lastLines(math.MaxInt)) {
		for _, content := range []string{"mIR1", "6d495231", "6D495231", "bUlSM", "abcdefgabcdefg", "secret content"} {
			if strings.Contains(line, content) {
				d.t.Errorf("%s has contents of records in its log: %s", d.name, line)
				return
			}
		}
	}
}

// startDaemon makes a daemon and starts it.
func startDaemon(t *testing.T, c configOf) *daemon {
	t.Helper()
	d := newDaemon(t, "mirror", c)
	d.start()
	return d
}

// freeAddress finds a port below the kernel's ephemeral ones, so that it is still free at a restart.
func freeAddress(t *testing.T) string {
	t.Helper()
	for port := 19000; port < 20000; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if address := l.Addr().String(); claim(address) {
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

func (d *daemon) start() {
	d.t.Helper()
	if d.process.Running() {
		d.t.Fatalf("%s is running already", d.name)
	}
	out, err := os.OpenFile(d.stderr, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Close() // the child has its own descriptor
	cmd := exec.Command(mirrorBinary(d.t), "run", "--config", d.config)
	if d.host != "" {
		cmd = onHost(d.host, cmd)
	}
	cmd.Stdout, cmd.Stderr = out, out
	d.process, err = brokers.StartProcess(cmd)
	if err != nil {
		d.t.Fatal(err)
	}
}

// onHost runs a command with another host name, which is how processes of one fleet on one machine get names of their own.
func onHost(name string, cmd *exec.Cmd) *exec.Cmd {
	inside := exec.Command("sh", append([]string{"-c", `hostname "$0" && exec "$@"`, name}, cmd.Args...)...)
	inside.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	if uid := os.Getuid(); uid != 0 { // then only the root of a user namespace may
		inside.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		inside.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		inside.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return inside
}

// kill is kill -9; it waits until the process is gone.
func (d *daemon) kill() { d.process.Kill() }

// freeze stops the process where it stands; thaw lets it go on.
func (d *daemon) freeze() { d.signal(syscall.SIGSTOP) }
func (d *daemon) thaw()   { d.signal(syscall.SIGCONT) }

func (d *daemon) signal(s os.Signal) {
	d.t.Helper()
	if err := d.process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

// stop asks the daemon to end and expects it to end well.
func (d *daemon) stop() {
	d.t.Helper()
	d.signal(syscall.SIGTERM)
	eventually(d.t, d.name+" to end after SIGTERM", func() error {
		select {
		case <-d.process.Done():
			return nil
		default:
			return errors.New("it runs")
		}
	})
	if code := d.process.Wait(); code != 0 {
		d.t.Fatalf("%s ended with exit code %d after SIGTERM", d.name, code)
	}
}

// alive fails the test at once if the daemon has ended by itself.
func (d *daemon) alive() {
	d.t.Helper()
	if !d.process.Running() {
		d.t.Fatalf("%s has ended by itself with exit code %d", d.name, d.process.Wait())
	}
}

func (d *daemon) lastLines(n int) string {
	text, err := os.ReadFile(d.stderr)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// status asks the daemon's API.
func (d *daemon) status() (monitor.Status, error) {
	var s monitor.Status
	return s, d.get("/api/v1/status", &s)
}

// get asks the daemon's API for a document.
func (d *daemon) get(path string, into any) error {
	request, err := http.NewRequest(http.MethodGet, "http://"+d.listen+path, nil)
	if err != nil {
		return err
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // nothing is left to read or to lose
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: HTTP %d", path, resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// waitState waits until every partition of every route that the daemon copies is in a state.
func (d *daemon) waitState(want monitor.State) {
	d.t.Helper()
	eventually(d.t, d.name+" to be "+string(want), func() error {
		d.alive()
		s, err := d.status()
		if err != nil {
			return err
		}
		for _, r := range s.Routes {
			if len(r.Topics) == 0 {
				return fmt.Errorf("route %s has no topics yet", r.Name)
			}
			if r.State != want {
				return fmt.Errorf("route %s is %s: %s", r.Name, r.State, reasons(r))
			}
		}
		return nil
	})
}

// reasons are what partitions say about why they do not copy.
func reasons(r monitor.RouteStatus) string {
	all := []string{r.Reason}
	for _, topic := range r.Topics {
		for _, p := range topic.Partitions {
			if p.Reason != "" && len(all) < 5 {
				all = append(all, fmt.Sprintf("%s/%d %s: %s", topic.Source, p.Partition, p.State, p.Reason))
			}
		}
	}
	return strings.Join(all, "; ")
}

// losses is the number of loss entries over all routes, which is 0 in every test without a real loss.
func (d *daemon) losses() int64 {
	d.t.Helper()
	s, err := d.status()
	if err != nil {
		d.t.Fatal(err)
	}
	var n int64
	for _, r := range s.Routes {
		n += r.Losses
	}
	return n
}

// run runs another command of the binary with the daemon's config and returns its output and exit code.
func (d *daemon) run(args ...string) (stdout string, code int) {
	d.t.Helper()
	cmd := exec.Command(mirrorBinary(d.t), append(args, "--config", d.config)...)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		d.t.Fatalf("run mirror %v: %v", args, err)
	}
	code = cmd.ProcessState.ExitCode()
	if code != 0 {
		d.t.Logf("mirror %v: exit code %d\n%s\n%s", args, code, out.String(), errOut.String())
	}
	return out.String(), code
}
