package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// manager is the service manager's end of the socket.
func manager(t *testing.T) (socket *net.UnixConn, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return socket, path
}

// hear returns the next message.
func hear(t *testing.T, socket *net.UnixConn) string {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 4096)
	n, err := socket.Read(message)
	if err != nil {
		t.Fatal(err)
	}
	return string(message[:n])
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// The watchdog hears of a process as long as its loops are alive, and no longer.
func TestWatchdog(t *testing.T) {
	socket, path := manager(t)
	var hangs atomic.Bool
	alive := func() error {
		if hangs.Load() {
			return errors.New("discovery hangs")
		}
		return nil
	}
	ready := func() (bool, []string) { return false, []string{"route a: cannot\nreach it", "route b: starting"} }
	n := newNotifier(environment("NOTIFY_SOCKET="+path, "WATCHDOG_USEC=40000"), alive, ready, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); n.run(ctx) }()
	defer func() { cancel(); <-done }()

	const status = "STATUS=route a: cannot reach it; route b: starting"
	if got, want := hear(t, socket), "READY=1\nWATCHDOG=1\n"+status; got != want {
		t.Errorf("at first: got %q, want %q", got, want)
	}
	if got, want := hear(t, socket), "WATCHDOG=1\n"+status; got != want {
		t.Errorf("then: got %q, want %q", got, want)
	}
	hangs.Store(true)
	quiet := 0
	for quiet < 3 {
		quiet++
		if strings.Contains(hear(t, socket), "WATCHDOG") {
			if quiet > 1 {
				t.Fatal("the watchdog was told that a process is alive whose loops hang")
			}
			quiet = 0 // it was on its way already
		}
	}
	hangs.Store(false)
	for !strings.HasPrefix(hear(t, socket), "WATCHDOG=1\n") {
	}
}

// The watchdog of another process is not ours, and without a manager nobody is told.
func TestNoWatchdog(t *testing.T) {
	tests := []struct {
		env  []string
		want time.Duration
	}{
		{[]string{"NOTIFY_SOCKET=@mirror"}, 0},
		{[]string{"NOTIFY_SOCKET=@mirror", "WATCHDOG_USEC=x"}, 0},
		{[]string{"NOTIFY_SOCKET=@mirror", "WATCHDOG_USEC=-5"}, 0},
		{[]string{"NOTIFY_SOCKET=@mirror", "WATCHDOG_USEC=60000000", "WATCHDOG_PID=1"}, 0},
		{[]string{"NOTIFY_SOCKET=@mirror", "WATCHDOG_USEC=60000000"}, time.Minute},
		{[]string{"WATCHDOG_USEC=60000000"}, 0},
	}
	for _, test := range tests {
		n := newNotifier(environment(test.env...), nil, nil, slog.New(slog.DiscardHandler))
		if n.watchdog != test.want {
			t.Errorf("%v: got %v, want %v", test.env, n.watchdog, test.want)
		}
	}
	newNotifier(environment(), nil, nil, nil).run(t.Context()) // returns at once
}

// The daemon tells the service manager of its start and its end, also while its
// clusters cannot be reached.
func TestDaemonNotifies(t *testing.T) {
	socket, path := manager(t)
	cmd := program(t, "run", "--config", configFile(t, `brokers: ["127.0.0.1:1"]`, "web: {listen: '127.0.0.1:0'}"))
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=60000000")
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, socket); !strings.HasPrefix(got, "READY=1\nWATCHDOG=1\nSTATUS=route west-to-east: ") {
		t.Errorf("at the start: got %q", got)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	got := hear(t, socket)
	for strings.HasPrefix(got, "WATCHDOG=1\n") {
		got = hear(t, socket)
	}
	if want := "STOPPING=1\nSTATUS=draining"; got != want {
		t.Errorf("at the end: got %q, want %q", got, want)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v, want a clean end", err)
	}
}
