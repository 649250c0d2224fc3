//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo terminal with a program in it, and what can be seen there.
type terminal struct {
	*vt
	t      *testing.T
	master *os.File
	slave  *os.File
	cmd    *exec.Cmd
	ended  chan error
}

// onTerminal starts mirror on a terminal of this size.
func onTerminal(t *testing.T, width, height int, environment []string, args ...string) *terminal {
	t.Helper()
	master, slave := openPTY(t)
	c := &terminal{vt: newVT(width, height), t: t, master: master, slave: slave, ended: make(chan error, 1)}
	c.setSize(width, height)
	c.cmd = program(t, args...)
	c.cmd.Env = append(append(c.cmd.Env, "TERM=xterm-256color", "NO_COLOR="), environment...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = slave, slave, slave
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(c.vt, master) // ends with an error when the terminal is closed
	}()
	go func() { c.ended <- c.cmd.Wait() }()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it may have ended
		slave.Close()
		master.Close()
		<-read
		if len(c.wrong) > 0 {
			t.Errorf("on the terminal: %q", c.wrong)
		}
	})
	return c
}

func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

func (c *terminal) setSize(width, height int) {
	c.t.Helper()
	if err := unix.IoctlSetWinsize(int(c.slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)}); err != nil {
		c.t.Fatal(err)
	}
}

// grow changes the size under the running program.
func (c *terminal) grow(width, height int) {
	c.t.Helper()
	c.vt.resize(width, height)
	c.setSize(width, height)
}

func (c *terminal) press(keys string) {
	c.t.Helper()
	if _, err := c.master.WriteString(keys); err != nil {
		c.t.Fatal(err)
	}
}

// see waits until the screen is as said, and returns it.
func (c *terminal) see(what string, ok func(text string) bool) string {
	c.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if text := c.text(); ok(text) {
			return text
		}
	}
	c.t.Fatalf("%s: the screen stays\n%s", what, c.text())
	return ""
}

// seeText waits for texts.
func (c *terminal) seeText(texts ...string) string {
	c.t.Helper()
	return c.see(fmt.Sprintf("%q", texts), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// end waits for the program's end and returns its exit code.
func (c *terminal) end() int {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.t.Fatalf("it does not end; the screen is\n%s", c.text())
	}
	return c.cmd.ProcessState.ExitCode()
}

// cooked reports whether the terminal echoes and makes signals of keys, as it
// does for a shell.
func (c *terminal) cooked() bool {
	c.t.Helper()
	state, err := unix.IoctlGetTermios(int(c.slave.Fd()), unix.TCGETS)
	if err != nil {
		c.t.Fatal(err)
	}
	return state.Lflag&(unix.ECHO|unix.ISIG|unix.ICANON) == unix.ECHO|unix.ISIG|unix.ICANON
}

// resume lets the program go on once it has stopped, as a shell does: it gives the
// terminal back just before, and what comes in between would wake nobody.
func (c *terminal) resume() {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for !c.stopped() {
		if time.Now().After(deadline) {
			c.t.Fatal("the program does not stop")
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = c.cmd.Process.Signal(syscall.SIGCONT)
}

// stopped reads the program's state from proc(5): it is behind the name, which is
// in brackets.
func (c *terminal) stopped() bool {
	c.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.HasPrefix(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " T")
}

// wantRestored checks that the terminal is what it was before.
func (c *terminal) wantRestored() {
	c.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) { // the last bytes may be on their way
		if alternate, hidden := c.state(); !alternate && !hidden && c.cooked() {
			return
		}
	}
	alternate, hidden := c.state()
	c.t.Errorf("the terminal is left with alternate picture %v, hidden cursor %v, cooked %v", alternate, hidden, c.cooked())
}
