// Command mirror copies Kafka topics from one cluster to another.
//
// One file holds one command: newXCommand describes it, xOptions are its flags,
// runX does the work and is what tests call. Only this package prints: data to
// stdout, logs and progress to stderr. Packages return errors; exit.go makes exit
// codes of them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

func main() {
	stdout := &checkedFile{File: os.Stdout}
	code := execute(context.Background(), os.Args[1:], stdout, os.Stderr)
	if code == exitOK && stdout.failed != nil {
		fmt.Fprintf(os.Stderr, "mirror: write output: %v\n", stdout.failed)
		code = exitFailed
	}
	os.Exit(code)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	message := err.Error()
	if code == exitInterrupted {
		message = "interrupted" // not the words of whatever was interrupted
	}
	if message != "" {
		fmt.Fprintf(stderr, "mirror: %s\n", message)
	}
	if isUsage(err) {
		fmt.Fprintf(stderr, "Run '%s --help' for its flags, examples and exit codes.\n", command.CommandPath())
	}
	return code
}
