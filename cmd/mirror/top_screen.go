package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"

	"golang.org/x/term"
)

// screen is a whole terminal in raw mode, on its alternate picture, so that what
// was there before comes back.
type screen struct {
	in  io.Reader
	out io.Writer
	fd  int // of in

	keys    chan key       // closed when the terminal is gone
	resized chan os.Signal // its size has changed
	stopped chan os.Signal // somebody wants the process to stop for a while

	mu     sync.Mutex // guards what follows: a panic can come from anywhere
	before *term.State
	shown  []string // the lines that are on it; nil: unknown
}

// openScreen takes the terminal over. close must be called, however the command
// ends.
func openScreen(in io.Reader, out io.Writer) (*screen, error) {
	file, ok := in.(descriptor)
	if !ok {
		return nil, errors.New("take over the terminal: its keys come from no file")
	}
	s := &screen{in: in, out: out, fd: int(file.Fd()), keys: make(chan key), resized: make(chan os.Signal, 1), stopped: make(chan os.Signal, 1)}
	if err := s.enter(); err != nil {
		return nil, err
	}
	notifyTerminal(s.resized, s.stopped)
	// A read of a terminal cannot be called off, so this goroutine ends with the
	// process.
	go s.read()
	return s, nil
}

func (s *screen) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, err := term.MakeRaw(s.fd)
	if err != nil {
		return fmt.Errorf("take over the terminal: %w", err)
	}
	s.before, s.shown = before, nil
	_, err = io.WriteString(s.out, "\x1b[?1049h\x1b[?25l\x1b[2J")
	return err
}

// leave gives the terminal back as it was. There is nothing to do about an error:
// the terminal is gone then.
func (s *screen) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before == nil {
		return
	}
	_, _ = io.WriteString(s.out, "\x1b[0m\x1b[?25h\x1b[?1049l")
	_ = term.Restore(s.fd, s.before)
	s.before = nil
}

func (s *screen) close() {
	signal.Stop(s.resized)
	signal.Stop(s.stopped)
	s.leave()
}

// closeOnPanic is deferred by goroutines besides the first, whose panics end the
// process without running the first one's defers.
func (s *screen) closeOnPanic() {
	if why := recover(); why != nil {
		s.leave()
		panic(why)
	}
}

// suspend gives the terminal back and stops the process, as Ctrl-Z does with
// others, until it is told to go on.
func (s *screen) suspend() {
	s.leave()
	stopProcess()
	if err := s.enter(); err != nil {
		return // the terminal is gone: the next read or write says so
	}
}

// read passes keys on until the terminal is gone.
func (s *screen) read() {
	defer s.closeOnPanic()
	defer close(s.keys)
	var buffer [256]byte
	for {
		n, err := s.in.Read(buffer[:])
		if err != nil {
			return
		}
		for _, k := range parseKeys(buffer[:n]) {
			s.keys <- k
		}
	}
}

// forget draws everything anew the next time.
func (s *screen) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = nil
}

// draw shows lines, and writes only those that differ from what is there, at
// once, so that nothing flickers and a slow connection is not flooded.
func (s *screen) draw(lines []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var text strings.Builder
	if len(s.shown) != len(lines) {
		text.WriteString("\x1b[2J")
		s.shown = nil
	}
	for i, line := range lines {
		if s.shown == nil || s.shown[i] != line {
			fmt.Fprintf(&text, "\x1b[%d;1H%s\x1b[0m\x1b[K", i+1, line)
		}
	}
	s.shown = slices.Clone(lines)
	if text.Len() == 0 {
		return nil
	}
	if _, err := io.WriteString(s.out, text.String()); err != nil {
		return fmt.Errorf("draw on the terminal: %w", err)
	}
	return nil
}
