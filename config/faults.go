package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShown bounds how many faults are printed; more help nobody.
const maxShown = 50

// Fault is one thing wrong with the file.
type Fault struct {
	Line, Column int // from 1, columns in characters; 1:1 is the file as a whole
	Msg          string
	Hint         string // a way out, when the message does not name one
	width        int    // characters that the carets cover
}

// Faults is everything wrong with a file, in the order of its lines.
type Faults struct {
	File string
	List []Fault
	src  *source
}

// Error prints each fault as file:line:col, the message, the line it is in
// with carets below, and the hint. Secrets are masked in the line.
func (f *Faults) Error() string {
	var b strings.Builder
	for i, fault := range f.List {
		if i == maxShown {
			fmt.Fprintf(&b, "\n... and %d more", len(f.List)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		f.print(&b, fault)
	}
	return b.String()
}

func (f *Faults) print(b *strings.Builder, fault Fault) {
	fmt.Fprintf(b, "%s:%d:%d: %s", f.File, fault.Line, fault.Column, fault.Msg)
	if text, caret := f.src.excerpt(fault); strings.TrimSpace(text) != "" {
		fmt.Fprintf(b, "\n    %s\n    %s", text, caret)
	}
	if fault.Hint != "" {
		fmt.Fprintf(b, "\n    %s", fault.Hint)
	}
}

// sort puts the faults in the order of the file, and drops those said twice.
func (f *Faults) sort() {
	slices.SortStableFunc(f.List, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	f.List = slices.CompactFunc(f.List, func(a, b Fault) bool {
		return a.Line == b.Line && a.Column == b.Column && a.Msg == b.Msg
	})
}

// source is the text of the file, for showing its lines.
type source struct {
	lines []string
	masks map[int][]mask // by line, from 1
	keys  map[place]bool // where the parser found secret keys
}

func newSource(data []byte) *source {
	text := strings.TrimPrefix(string(data), "\ufeff")
	return &source{lines: strings.Split(text, "\n"), masks: make(map[int][]mask), keys: make(map[place]bool)}
}

// maxExcerpt is the longest piece of a line that is shown, in characters.
const maxExcerpt = 100

// excerpt returns the line of a fault, masked, and a line with carets below the place.
func (s *source) excerpt(fault Fault) (text, caret string) {
	if fault.Line > len(s.lines) {
		return "", ""
	}
	runes, at := s.masked(fault.Line, fault.Column-1)
	width := max(1, min(fault.width, len(runes)-at))
	from := 0
	if at > maxExcerpt*3/4 {
		from = at - maxExcerpt/2
	}
	to := min(len(runes), from+maxExcerpt)
	width = max(1, min(width, to-at))
	for i, r := range runes {
		if r == '\t' {
			runes[i] = ' '
		} else if !unicode.IsPrint(r) {
			runes[i] = utf8.RuneError // a control character could repaint the terminal
		}
	}
	text = strings.TrimRight(string(runes[from:to]), " ")
	return text, strings.Repeat(" ", at-from) + strings.Repeat("^", width)
}
