// Package leaks fails a test run that leaves goroutines behind. It is for tests only and shares nothing with what they test.
package leaks

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// Main is a TestMain: it runs the tests and ends the process, with an error when goroutines are left whose stacks name one
// of the given code paths.
func Main(m *testing.M, of ...string) {
	code := m.Run()
	if left := leaked(of); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines are left:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of goroutines that should have ended. Those of closed connections may take a moment.
func leaked(of []string) (left string) {
	for range 100 {
		buf := make([]byte, 4<<20)
		buf = buf[:runtime.Stack(buf, true)]
		left = ""
		for _, stack := range strings.Split(string(buf), "\n\n")[1:] { // without this one
			if slices.ContainsFunc(of, func(path string) bool { return strings.Contains(stack, path) }) {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
		time.Sleep(50 * time.Millisecond)
	}
	return left
}
