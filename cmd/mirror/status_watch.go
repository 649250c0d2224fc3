package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"mirror/monitor"
)

const (
	watchTerminal = 2 * time.Second  // between two pictures for a person
	watchPipe     = 10 * time.Second // between two lines of a log
)

// watchStatus shows the status again and again. A daemon that does not answer for
// a while may be restarting, so only the first failure ends the command.
func watchStatus(ctx context.Context, o statusOptions, look func(context.Context) (monitor.Status, error), out, errOut io.Writer) error {
	w := &watcher{output: o.output, out: out, live: isLive(out)}
	interval := watchPipe
	if w.live || isDocument(o.output) {
		interval = watchTerminal
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for first := true; ; first = false {
		status, err := look(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && (first || exitCode(err) != exitUnreachable):
			return err
		case err != nil && w.live && !isDocument(o.output):
			err = w.showStale(err)
		case err != nil:
			_, err = fmt.Fprintln(errOut, err)
		default:
			err = w.show(status, time.Now())
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// watcher shows one status after the other.
type watcher struct {
	output string
	out    io.Writer
	live   bool // a terminal on which the picture is replaced

	at      time.Time // of the last status; zero: none
	picture string    // the last one that was drawn, without its size
}

func (w *watcher) show(status monitor.Status, now time.Time) error {
	first := w.at.IsZero()
	w.at = now
	switch {
	case w.output == "json":
		return writeJSONLine(w.out, status)
	case w.output == "yaml":
		return writeNextYAML(w.out, status, first)
	case w.live:
		var text bytes.Buffer
		if err := printStatus(&text, status, w.output == "wide"); err != nil {
			return err
		}
		w.picture = text.String()
		return w.draw(w.picture)
	}
	var faults []error
	for i := range status.Routes {
		_, err := fmt.Fprintln(w.out, now.Format(time.TimeOnly), routeLine(&status.Routes[i]))
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// showStale keeps the last picture and says above it that it is not the present.
func (w *watcher) showStale(err error) error {
	return w.draw(fmt.Sprintf("%s\nwhat follows is from %s\n\n%s", cell(err.Error()), w.at.Format(time.TimeOnly), w.picture))
}

// draw replaces what is on the screen, in one write and without clearing it first,
// so that nothing flickers. What does not fit is cut: a picture that scrolled
// could not be replaced.
func (w *watcher) draw(text string) error {
	width, height := screenSize(w.out)
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if room := max(height-1, 1); len(lines) > room {
		lines = append(lines[:room-1], fmt.Sprintf("… and %d lines more: mirror top, or a taller window", len(lines)-room+1))
	}
	var picture strings.Builder
	picture.WriteString("\x1b[H")
	for _, line := range lines {
		picture.WriteString(clip(line, width) + "\x1b[K\r\n")
	}
	picture.WriteString("\x1b[J")
	_, err := io.WriteString(w.out, picture.String())
	return err
}

// writeNextYAML writes one of several documents.
func writeNextYAML(out io.Writer, value any, first bool) error {
	if !first {
		if _, err := io.WriteString(out, "---\n"); err != nil {
			return err
		}
	}
	return writeYAML(out, value)
}

// isDocument reports whether an output is for programs.
func isDocument(output string) bool { return output == "json" || output == "yaml" }
