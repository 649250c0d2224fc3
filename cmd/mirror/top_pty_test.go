//go:build linux

package main

import (
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirror/config"
	"mirror/monitor"
)

// moving is a mirror that tests change while it is shown.
type moving struct {
	mu     sync.Mutex            // guards status
	status func() monitor.Status // a new one each time: it belongs to who asks
}

func (m *moving) Status() monitor.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status()
}

func (m *moving) Ready() (bool, []string) { return true, nil }

func (m *moving) set(status func() monitor.Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status = status
}

func TestTopOnATerminal(t *testing.T) {
	daemon := &moving{status: func() monitor.Status { return manyTopics(1000) }}
	url := serve(t, config.Web{Listen: "127.0.0.1:0"}, daemon)
	c := onTerminal(t, 80, 24, nil, "top", "--url", url, "--interval", "100ms")
	text := c.seeText("mirror east", "west-to-east", "> topic-0907", "1-16 of 1000")
	if alternate, hidden := c.state(); !alternate || !hidden || c.cooked() {
		t.Error("the terminal was not taken over")
	}
	first := strings.Split(text, "\n")[5:16]
	for i, want := range []string{"topic-0907", "topic-0807", "topic-0707"} {
		if !strings.Contains(first[i], want) || !strings.Contains(first[i], "waiting") {
			t.Errorf("row %d is %q, want %s, the worst first", i, first[i], want)
		}
	}
	c.seeText("topic-0907/1 is waiting: the source's broker 3 cannot be reached · topic-0907 →", "q quit")
	c.press("n\x1b[B\x1b[B")
	c.seeText("> topic-0002", "by name")
	c.press("\x1b[6~")
	c.seeText("> topic-0018")
	c.press("\x1b[F")
	c.seeText("> topic-0999", "985-1000 of 1000")
	c.press("/0100")
	c.seeText("/0100", "> topic-0100")
	c.press("\r")
	c.see("the filter is kept", func(s string) bool { return strings.Contains(s, ", /0100 ") && !strings.Contains(s, "topic-0101") })
	c.press("\x1b")
	c.seeText("> topic-0000", "1-16 of 1000")
	c.press("s\r")
	c.seeText("the partitions of topic-0907, route west-to-east", "host-a", "> 1  waiting")
	c.press("\x1b")
	c.seeText("> topic-0907")
	c.press("?")
	c.seeText("any key closes this")
	c.press("?")
	c.seeText("1-16 of 1000")

	c.press("p")
	c.seeText("PAUSED")
	daemon.set(func() monitor.Status {
		worse := manyTopics(3)
		worse.Routes[0].Topics[2].Partitions[0].State, worse.Routes[0].Topics[2].Partitions[0].Reason = monitor.Stopped, "record too large"
		worse.Routes[0].RollUp()
		return worse
	})
	time.Sleep(300 * time.Millisecond)
	if text := c.text(); strings.Contains(text, "record too large") {
		t.Errorf("the picture moves while it is paused:\n%s", text)
	}
	c.press("p")
	c.seeText("> topic-0002", "stopped", "record too large")

	c.grow(200, 60)
	text = c.seeText("TARGET", "west.topic-0002", "> topic-0002")
	if lines := strings.Count(text, "\n"); lines != 60 {
		t.Errorf("%d lines are used of 60:\n%s", lines, text)
	}
	c.grow(30, 8)
	c.seeText("needs 40×10")
	c.grow(80, 24)
	c.seeText("> topic-0002")
	if colours, _, _ := c.counts(); colours == 0 {
		t.Error("no colours")
	}
	c.press("q")
	if code := c.end(); code != exitOK {
		t.Errorf("exit code %d after q", code)
	}
	c.wantRestored()
	if _, scrolled, wrapped := c.counts(); scrolled > 0 || len(wrapped) > 0 {
		t.Errorf("the screen scrolled by %d lines, and these did not fit: %q", scrolled, wrapped)
	}
}

// Whatever ends it, the terminal is given back.
func TestTopGivesTheTerminalBack(t *testing.T) {
	url := serve(t, config.Web{Listen: "127.0.0.1:0"}, source{})
	tests := []struct {
		name string
		do   func(c *terminal)
		code int
	}{
		{"ctrl-c", func(c *terminal) { c.press("\x03") }, exitInterrupted},
		{"SIGTERM", func(c *terminal) { _ = c.cmd.Process.Signal(syscall.SIGTERM) }, exitInterrupted},
		{"q after ctrl-z and fg", func(c *terminal) {
			c.press("\x1a")
			c.wantRestored()
			c.resume()
			c.seeText("west-to-east")
			c.press("q")
		}, exitOK},
		{"q after SIGTSTP", func(c *terminal) {
			_ = c.cmd.Process.Signal(syscall.SIGTSTP)
			c.wantRestored()
			c.resume()
			c.seeText("west-to-east")
			c.press("q")
		}, exitOK},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := onTerminal(t, 80, 24, []string{"NO_COLOR=1"}, "top", "--url", url, "--interval", "100ms")
			c.seeText("> orders", "stopped")
			test.do(c)
			if code := c.end(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			c.wantRestored()
			if colours, _, _ := c.counts(); colours > 0 {
				t.Error("colours, in spite of NO_COLOR")
			}
		})
	}
}

func TestStatusWatchOnATerminal(t *testing.T) {
	daemon := &moving{status: func() monitor.Status { return manyTopics(1000) }}
	url := serve(t, config.Web{Listen: "127.0.0.1:0"}, daemon)
	c := onTerminal(t, 80, 24, nil, "status", "--url", url, "-w")
	c.seeText("mirror east", "topic-0007", "lines more: mirror top")
	daemon.set(func() monitor.Status { return manyTopics(3) })
	c.see("the second picture", func(s string) bool { return strings.Contains(s, "topic-0002") && !strings.Contains(s, "topic-0007") })
	c.press("\x03")
	if code := c.end(); code != exitInterrupted {
		t.Errorf("exit code %d after ctrl-c", code)
	}
	if _, scrolled, wrapped := c.counts(); scrolled > 1 || len(wrapped) > 0 { // one for what the command says at its end
		t.Errorf("the screen scrolled by %d lines, and these did not fit: %q", scrolled, wrapped)
	}
}

// A dumb terminal gets what a log gets.
func TestDumbTerminal(t *testing.T) {
	url := serve(t, config.Web{Listen: "127.0.0.1:0"}, source{})
	c := onTerminal(t, 200, 24, []string{"TERM=dumb"}, "status", "--url", url, "-w")
	c.seeText("west-to-east stopped: 1,400 records behind", "north-to-east waiting")
	c.press("\x03")
	c.end()
	top := onTerminal(t, 80, 24, []string{"TERM=dumb"}, "top", "--url", url)
	if code := top.end(); code != exitUsage {
		t.Errorf("top on a dumb terminal: exit code %d, want %d", code, exitUsage)
	}
	top.seeText("status -w")
}

func TestVerifyProgressOnATerminal(t *testing.T) {
	_, _, config := twoClusters(t, "orders", "all-orders")
	c := onTerminal(t, 80, 24, nil, "verify", "--config", config)
	if code := c.end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	text := c.seeText("0 differences")
	if strings.Contains(text, "of about") {
		t.Errorf("the line of progress is left on the screen:\n%s", text)
	}
}
