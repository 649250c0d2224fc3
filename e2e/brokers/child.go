package brokers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// child is one process that this one started. The kernel kills it when we die.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // of Wait; read after done
}

// startChild starts the command. Pdeathsig is sent when the starting *thread* ends, so the goroutine that starts the process
// keeps its thread until the process has ended.
func startChild(cmd *exec.Cmd) (*child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	c := &child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
		}
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return c, nil
}

// running says whether the process has not ended yet.
func (c *child) running() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// signal sends a signal; a process that has ended already is no error.
func (c *child) signal(s os.Signal) error {
	if !c.running() {
		return nil
	}
	if err := c.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal process %d: %w", c.cmd.Process.Pid, err)
	}
	return nil
}

// kill ends the process at once and waits until it is gone. A frozen process dies too.
func (c *child) kill() {
	if c == nil {
		return
	}
	_ = c.signal(syscall.SIGKILL) // the only failure is a process that is gone
	<-c.done
}
