package main

import (
	"os"
	"unicode/utf8"

	"golang.org/x/term"
)

// A terminal that does not tell its size is taken for the smallest that people use.
const (
	smallWidth  = 80
	smallHeight = 24
)

// descriptor is what an open file has, also one that checkedFile wraps.
type descriptor interface{ Fd() uintptr }

// isTerminal reports whether a person is at the other end of a stream.
func isTerminal(stream any) bool {
	file, ok := stream.(descriptor)
	return ok && term.IsTerminal(int(file.Fd()))
}

// isLive reports whether a stream is a terminal on which what was shown can be
// replaced. One that says it is dumb gets plain lines like a pipe.
func isLive(stream any) bool {
	name := os.Getenv("TERM")
	return name != "" && name != "dumb" && isTerminal(stream)
}

// wantsColour reports whether a live terminal may be written to in colours
// (https://no-color.org).
func wantsColour() bool { return os.Getenv("NO_COLOR") == "" }

// screenSize is the size of a terminal in columns and lines.
func screenSize(stream any) (width, height int) {
	if file, ok := stream.(descriptor); ok {
		if w, h, err := term.GetSize(int(file.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return smallWidth, smallHeight
}

// clip cuts a line that is wider than a screen and shows that it did. Characters
// are counted as one column each, which holds for all names that Kafka allows.
func clip(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(width-1, 0)]) + "…"
}
