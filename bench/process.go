package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mirror/e2e/brokers"
)

// clockTicks is USER_HZ, which is 100 on every Linux that Go runs on.
const clockTicks = 100

// process is one running copier.
type process struct {
	*brokers.Process
	pid     int
	started time.Time
	log     string // path; empty: stderr
}

// launch starts a command whose output goes to a file.
func (b *bench) launch(id string, cmd *exec.Cmd) (*process, error) {
	out, err := b.log(id)
	if err != nil {
		return nil, err
	}
	if out != os.Stderr {
		defer out.Close() // the child has its own descriptor
	}
	cmd.Stdout, cmd.Stderr = out, out
	started := time.Now()
	p, err := brokers.StartProcess(cmd)
	if err != nil {
		return nil, err
	}
	return &process{Process: p, pid: cmd.Process.Pid, started: started, log: out.Name()}, nil
}

// stop asks the process to end, and ends it when it does not.
func (p *process) stop() {
	_ = p.Signal(syscall.SIGTERM) // a process that is gone needs none
	select {
	case <-p.Done():
	case <-time.After(15 * time.Second):
		p.Kill()
	}
}

// ended returns an error with the last output if the process is gone.
func (p *process) ended() error {
	if p.Running() {
		return nil
	}
	text, _ := os.ReadFile(p.log) // the exit code is worth telling without it
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("ended with exit code %d:\n%s", p.Wait(), strings.Join(lines[max(0, len(lines)-15):], "\n"))
}

// cpu is the user and system time of the process until now, in seconds.
func (p *process) cpu() (float64, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "stat"))
	if err != nil {
		return 0, err
	}
	// The command's name is in parentheses and may hold spaces; what follows are
	// fields 3 and on, utime is field 14 and stime field 15 (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("read cpu time: /proc/PID/stat has too few fields")
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read cpu time: %w", err)
		}
		ticks += n
	}
	return float64(ticks) / clockTicks, nil
}

// peak is the highest resident memory so far, in MiB.
func (p *process) peak() (float64, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "status"))
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(status), "\n") {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("read peak memory: no VmHWM")
}
