//go:build !unix

package main

import "os"

// notifyTerminal does nothing: a terminal here sends no signals, and its size is
// asked for with every picture.
func notifyTerminal(_, _ chan os.Signal) {}

// stopProcess does nothing: a process cannot be stopped for a while here.
func stopProcess() {}
