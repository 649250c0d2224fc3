package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes of all commands. Scripts rely on them: a code never changes its
// meaning.
const (
	exitOK           = 0
	exitFailed       = 1
	exitUsage        = 2
	exitWithLosses   = 3
	exitDifferent    = 4
	exitUnreachable  = 5
	exitUnauthorised = 6
	exitInterrupted  = 130
)

// exitMeaning is what the help says about a code, unless the command knows it
// better.
func exitMeaning(code int) string {
	switch code {
	case exitOK:
		return "ok"
	case exitFailed:
		return "failed"
	case exitUsage:
		return "the command line or the configuration is wrong"
	case exitWithLosses:
		return "done, but with losses or skipped records"
	case exitDifferent:
		return "looked, and it is not as it should be"
	case exitUnreachable:
		return "a cluster or the daemon cannot be reached"
	case exitUnauthorised:
		return "not authorised"
	}
	return "interrupted"
}

// codeError carries the exit code up to execute. An empty text means that the
// command has said everything already.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *codeError) Unwrap() error { return e.err }

// withCode gives an error an exit code; a nil error stays nil.
func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &codeError{code: code, err: err}
}

// quietExit ends with a code and no further text.
func quietExit(code int) error { return &codeError{code: code} }

// usageError says that the command line, not the configuration, is wrong.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usageErrorf(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

func isUsage(err error) bool {
	var usage *usageError
	return errors.As(err, &usage)
}

// exitCode decides by what an error carries. Errors of cobra itself carry
// nothing; they never get here, since every command and flag error is made a
// usageError.
func exitCode(err error) int {
	var coded *codeError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case isUsage(err):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}

const exitCodesKey = "exit codes"

// withExitCodes lists the codes that a command can end with, for its help.
func withExitCodes(codes ...int) map[string]string {
	lines := make([]string, 0, len(codes))
	for _, code := range codes {
		lines = append(lines, exitLine(code, exitMeaning(code)))
	}
	return map[string]string{exitCodesKey: strings.Join(lines, "\n")}
}

// sayExitCode replaces the general meaning of a code by the command's own.
func sayExitCode(annotations map[string]string, code int, meaning string) map[string]string {
	annotations[exitCodesKey] = strings.Replace(annotations[exitCodesKey],
		exitLine(code, exitMeaning(code)), exitLine(code, meaning), 1)
	return annotations
}

func exitLine(code int, meaning string) string {
	return fmt.Sprintf("  %3s  %s", strconv.Itoa(code), meaning)
}

// noArguments refuses arguments with a usageError, unlike cobra.NoArgs.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("%s takes no arguments, got %q", cmd.CommandPath(), args[0])
	}
	return nil
}
