//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyTerminal passes on what happens to a terminal.
func notifyTerminal(resized, stopped chan os.Signal) {
	signal.Notify(resized, syscall.SIGWINCH)
	signal.Notify(stopped, syscall.SIGTSTP)
}

// stopProcess stops this process and returns when it goes on. SIGSTOP works
// although SIGTSTP is caught; a shell treats both alike.
func stopProcess() {
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	defer signal.Stop(resumed)
	if syscall.Kill(syscall.Getpid(), syscall.SIGSTOP) == nil {
		<-resumed
	}
}
