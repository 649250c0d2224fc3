package brokers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Process is one process that this one started. The kernel kills it when we die. Its methods are safe for concurrent use, and
// a nil Process is one that has ended.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended and cmd.ProcessState is set
}

// StartProcess starts the command. Pdeathsig is sent when the starting *thread* ends, so the goroutine that starts the process
// keeps its thread until the process has ended.
func StartProcess(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	c := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // says what ProcessState says
		}
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return c, nil
}

// Running says whether the process has not ended yet.
func (c *Process) Running() bool {
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

// Signal sends a signal; a process that has ended already is no error.
func (c *Process) Signal(s os.Signal) error {
	if !c.Running() {
		return nil
	}
	if err := c.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal process %d: %w", c.cmd.Process.Pid, err)
	}
	return nil
}

// Kill ends the process at once and waits until it is gone. A frozen process dies too.
func (c *Process) Kill() {
	if c == nil {
		return
	}
	_ = c.Signal(syscall.SIGKILL) // the only failure is a process that is gone
	<-c.done
}

// Wait waits until the process has ended and returns its exit code, -1 after a signal.
func (c *Process) Wait() int {
	<-c.done
	return c.cmd.ProcessState.ExitCode()
}

// Done is closed when the process has ended.
func (c *Process) Done() <-chan struct{} { return c.done }

// Pid is the number of the process.
func (c *Process) Pid() int { return c.cmd.Process.Pid }
