package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"mirror/config/logkey"
)

// notifyEvery is how often the supervisor hears of the state, unless its watchdog
// wants to hear more often.
const notifyEvery = 10 * time.Second

// notifier tells the service manager what the daemon does, in systemd's protocol
// sd_notify(3): a datagram of lines for each message. Without $NOTIFY_SOCKET it
// tells nobody.
type notifier struct {
	socket   *net.UnixAddr
	watchdog time.Duration // the manager kills who is silent for longer; zero: it does not
	alive    func() error
	ready    func() (bool, []string)
	log      *slog.Logger
}

// newNotifier reads what the manager has put into the environment. alive says
// that loops hang, ready why there is nothing to copy with.
func newNotifier(env func(string) string, alive func() error, ready func() (bool, []string), log *slog.Logger) notifier {
	n := notifier{alive: alive, ready: ready, log: log}
	path := env("NOTIFY_SOCKET")
	if path == "" {
		return n
	}
	n.socket = &net.UnixAddr{Name: path, Net: "unixgram"} // a first @ stands for the abstract namespace in Go, too
	pid := env("WATCHDOG_PID")
	if us, err := strconv.ParseInt(env("WATCHDOG_USEC"), 10, 64); err == nil && us > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.watchdog = time.Duration(us) * time.Microsecond
	}
	return n
}

// run says that the daemon serves, then what its state is until ctx ends. The
// watchdog hears only while the loops of the engine are alive: clusters that
// cannot be reached are part of the state, and no reason to be restarted.
func (n notifier) run(ctx context.Context) {
	if n.socket == nil {
		return
	}
	every := notifyEvery
	if n.watchdog > 0 {
		every = min(every, n.watchdog/4)
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for message := "READY=1\n"; ; message = "" {
		if err := n.alive(); err != nil {
			n.log.Error("the watchdog is not told that this process is alive", logkey.Why, err)
		} else if n.watchdog > 0 {
			message += "WATCHDOG=1\n"
		}
		n.tell(message + "STATUS=" + n.state())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// stopping says that the end is wanted.
func (n notifier) stopping() { n.tell("STOPPING=1\nSTATUS=draining") }

// state is one line for `systemctl status`.
func (n notifier) state() string {
	ok, why := n.ready()
	if ok {
		return "all routes are ready"
	}
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(strings.Join(why, "; "))
}

func (n notifier) tell(message string) {
	if n.socket == nil {
		return
	}
	if err := send(n.socket, message); err != nil {
		n.log.Warn("tell the service manager", logkey.Err, err)
	}
}

func send(to *net.UnixAddr, message string) error {
	conn, err := net.DialUnix("unixgram", nil, to)
	if err != nil {
		return fmt.Errorf("connect to $NOTIFY_SOCKET: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(message))
	return err
}
