package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mirror/offsets"
)

// asCommand makes the test binary be mirror itself.
const asCommand = "MIRROR_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main() // ends the process
	}
	os.Exit(m.Run())
}

// program is mirror as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "MIRROR_CONFIG=")
	cmd.Dir = t.TempDir()
	return cmd
}

// run returns the exit code of a process, -1 when a signal ended it.
func run(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.Stderr = &errOut
	var exited *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

// Each exit code, as a shell sees it.
func TestExitCodes(t *testing.T) {
	tests := []struct {
		code int
		line func(t *testing.T) []string
		want string // on stderr or stdout
	}{
		{exitOK, func(*testing.T) []string { return []string{"version"} }, "mirror "},
		{exitFailed, occupiedAddress, "address already in use"},
		{exitUsage, func(*testing.T) []string { return []string{"vrify"} }, "did you mean verify?"},
		{exitWithLosses, recordedLoss, "0 differences"},
		{exitDifferent, missingRecord, "all-orders"},
		{exitUnreachable, unreachable, "cluster west"},
		{exitUnauthorised, noToken, "--token-file"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.code), func(t *testing.T) {
			code, stdout, stderr := run(t, program(t, test.line(t)...))
			if code != test.code || !strings.Contains(stdout+stderr, test.want) {
				t.Errorf("exit code %d, want %d; stdout:\n%s\nstderr, which needs %q:\n%s", code, test.code, stdout, test.want, stderr)
			}
		})
	}
}

// configFile writes a configuration of one route between two clusters. west is
// what the file says of the source; extra ends it.
func configFile(t *testing.T, west, extra string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mirror.yaml")
	text := fmt.Sprintf(`clusters:
  west: {%s}
  east: {brokers: ["127.0.0.1:2"]}
routes: [{from: west, to: east, topics: [orders]}]
%s`, west, extra)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// listener occupies an address and answers nobody.
func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func occupiedAddress(t *testing.T) []string {
	address := listener(t).Addr().String()
	return []string{"run", "--config", configFile(t, `brokers: ["127.0.0.1:1"]`, fmt.Sprintf("web: {listen: %q}", address))}
}

func unreachable(t *testing.T) []string {
	return []string{"plan", "--config", configFile(t, `brokers: ["127.0.0.1:1"]`, "")}
}

// noToken asks a daemon that wants a token.
func noToken(t *testing.T) []string {
	daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "a token is needed", http.StatusUnauthorized)
	}))
	t.Cleanup(daemon.Close)
	return []string{"status", "--url", daemon.URL}
}

// missingRecord is a verify that finds a record in the middle of the copies gone.
func missingRecord(t *testing.T) []string {
	west, east, config := twoClusters(t, "orders", "all-orders")
	write(t, west, "orders", 0, "a", "b", "c")
	write(t, east, "all-orders", 0, "a", "c")
	return []string{"verify", "--config", config}
}

// recordedLoss is a verify of copies that are equal but for a loss on record.
func recordedLoss(t *testing.T) []string {
	west, east, config := twoClusters(t, "orders", "all-orders")
	write(t, west, "orders", 0, "a", "b", "c")
	write(t, east, "all-orders", 0, "a", "c")
	l, route := oneLedger(t, config)
	key := offsets.Key{Kind: offsets.KindLoss, Topic: "orders", Target: "all-orders", From: 1}
	entry := offsets.Entry{Lane: offsets.LaneOf("orders", 0, int32(route.Lanes)), Key: key,
		Value: offsets.Loss{From: 1, To: 2, TargetFrom: -1, TargetTo: -1, Cause: "rejected", Time: testTime}}
	if err := l.write(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	return []string{"verify", "--config", config}
}

// A command that waits for a silent cluster is interrupted by Ctrl-C at once.
func TestInterrupted(t *testing.T) {
	l := listener(t)
	cmd := program(t, "plan", "--config", configFile(t, fmt.Sprintf("brokers: [%q]", l.Addr()), ""))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); err != nil { // the command waits now
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || stderr.String() != "mirror: interrupted\n" {
		t.Errorf("exit code %d (%v), stderr %q", code, err, stderr.String())
	}
}

// A reader that has gone, as in `mirror help | head -1`, ends the command by the
// signal that ends every other command, without a word.
func TestReaderGone(t *testing.T) {
	for _, line := range []string{"version", "help verify", "completion bash"} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		cmd := program(t, strings.Fields(line)...)
		cmd.Stdout = writer
		_, _, stderr := run(t, cmd)
		writer.Close()
		status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !ok || status.Signal() != syscall.SIGPIPE || stderr != "" {
			t.Errorf("%s: %v, stderr %q, want the end by SIGPIPE and no word", line, cmd.ProcessState, stderr)
		}
	}
}

// Data that could not be written is an error, whichever command it is.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here:", err)
	}
	defer full.Close()
	_, _, config := twoClusters(t, "orders")
	for _, line := range []string{"version", "help verify", "completion bash", "plan --config " + config, "plan -o yaml --config " + config} {
		cmd := program(t, strings.Fields(line)...)
		cmd.Stdout = full
		if code, _, stderr := run(t, cmd); code != exitFailed || strings.Count(stderr, "no space left") != 1 {
			t.Errorf("%s: exit code %d, stderr %q", line, code, stderr)
		}
	}
}

// Data goes to stdout alone: what a command says besides does not get into files.
func TestDataAlone(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	warned := append(text, []byte("log: {level: debug}\n")...)
	warned = bytes.Replace(warned, []byte("routes:"), []byte("  unused: {brokers: [\"127.0.0.1:3\"]}\nroutes:"), 1)
	if err := os.WriteFile(config, warned, 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run(t, program(t, "plan", "--config", config, "-o", "json"))
	if code != exitOK || !strings.HasPrefix(stdout, "{") || !strings.Contains(stderr, "unused") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
