package demo

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// screen shows a block of text that is replaced again and again on a terminal, and lets log lines pass above it. On a pipe there is no block.
// Safe for concurrent use.
type screen struct {
	mu    sync.Mutex // guards what follows, and writes to out
	out   io.Writer
	tty   bool
	block []byte // as shown; ends with a newline
	part  []byte // of a log line that is not complete yet
}

// show replaces the block.
func (s *screen) show(block string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.out.Write(append(s.erase(), block...))
	s.block = []byte(block)
}

// erase returns what clears the block from a terminal.
func (s *screen) erase() []byte {
	if n := bytes.Count(s.block, []byte("\n")); n > 0 {
		return fmt.Appendf(nil, "\x1b[%dA\x1b[J", n)
	}
	return nil
}

// Write passes on what others print, line by line.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tty {
		return s.out.Write(b)
	}
	s.part = append(s.part, b...)
	end := bytes.LastIndexByte(s.part, '\n') + 1
	if end == 0 {
		return len(b), nil
	}
	text := append(s.erase(), s.part[:end]...)
	s.part = append(s.part[:0], s.part[end:]...)
	_, err := s.out.Write(append(text, s.block...))
	return len(b), err
}

// done leaves the last block standing.
func (s *screen) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.block = nil
	if len(s.part) > 0 {
		_, _ = s.out.Write(append(s.part, '\n'))
		s.part = nil
	}
}

// line is a topic in the view.
type line struct {
	source, target   string
	written, arrived int64   // records in all
	records, bytes   float64 // per second, at the consumer
	age              time.Duration
}

// picture of the demo at one time.
type snapshot struct {
	elapsed, total time.Duration // total 0: until it is stopped
	lines          []line
	local          consumed // east's own records
	verified       int64
	state          string // of the route
	held           bool
	faults         int64
}

// block is the picture for a terminal.
func (s snapshot) block() string {
	var b strings.Builder
	width := 10
	for _, l := range s.lines {
		width = max(width, len(l.source), len(l.target))
	}
	fmt.Fprintf(&b, "\n  %-*s   %-*s  %10s  %7s  %8s  %9s\n", width, "in west", width, "in east", "records/s", "MB/s", "behind", "age")
	var sum line
	for _, l := range s.lines {
		fmt.Fprintf(&b, "  %-*s → %-*s  %10s  %7.2f  %8s  %9s\n", width, l.source, width, l.target, number(int64(l.records)), l.bytes/1e6, number(l.behind()), age(l))
		sum.records += l.records
		sum.bytes += l.bytes
		sum.written += l.written
		sum.arrived += l.arrived
	}
	fmt.Fprintf(&b, "  %-*s   %-*s  %10s  %7.2f  %8s\n", width, "all", width, "", number(int64(sum.records)), sum.bytes/1e6, number(sum.behind()))
	fmt.Fprintf(&b, "\n  consumer in east, %s:\n  %s of west and %s of east's own, %s\n",
		pattern, records(sum.arrived), number(s.local.records), s.order())
	fmt.Fprintf(&b, "  %s · verified so far: %s equal · mirror: %s\n", s.clock(), records(s.verified), s.mirror())
	return narrow(b.String())
}

// columns is the width of the view: a line that a terminal breaks in two would spoil the next refresh.
const columns = 79

// narrow cuts what is longer than columns.
func narrow(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if r := []rune(l); len(r) > columns {
			lines[i] = string(r[:columns-1]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}

func records(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return number(n) + " records"
}

// plain is the picture in one line.
func (s snapshot) plain() string {
	var sum line
	var topics []string
	for _, l := range s.lines {
		sum.records += l.records
		sum.bytes += l.bytes
		sum.written += l.written
		sum.arrived += l.arrived
		topics = append(topics, fmt.Sprintf("%s→%s %s/s", l.source, l.target, number(int64(l.records))))
	}
	return fmt.Sprintf("demo %s: %s records/s, %.2f MB/s, %s behind, %s in order at the consumer (%s), mirror %s, %s verified\n", s.clock(),
		number(int64(sum.records)), sum.bytes/1e6, number(sum.behind()), number(sum.arrived), strings.Join(topics, ", "), s.mirror(), number(s.verified))
}

func (l line) behind() int64 { return max(0, l.written-l.arrived) }

func age(l line) string {
	if l.arrived == 0 {
		return "-"
	}
	return l.age.Round(time.Millisecond).String()
}

func (s snapshot) order() string {
	if s.faults > 0 {
		return fmt.Sprintf("with %s FAULTS", number(s.faults))
	}
	return "each once and in order"
}

func (s snapshot) clock() string {
	if s.total > 0 {
		return fmt.Sprintf("%s of %s", min(s.elapsed, s.total).Round(time.Second), s.total)
	}
	return s.elapsed.Round(time.Second).String()
}

func (s snapshot) mirror() string {
	if s.held {
		return s.state + " (the load waits for it)"
	}
	return s.state
}

// number writes n with commas between thousands.
func number(n int64) string {
	digits := []byte(fmt.Sprint(n))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = slices.Insert(digits, i, ',')
	}
	return string(digits)
}
