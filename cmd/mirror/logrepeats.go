package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"mirror/config/logkey"
)

const (
	// repeatsShown is how often the same line is logged within repeatWindow.
	repeatsShown = 5
	repeatWindow = time.Minute
	// maxRepeats bounds the memory for lines that are watched for repeats; beyond it
	// lines are logged without being watched.
	maxRepeats = 10_000
)

// explaining are keys whose values say why something happened. They differ from
// one line to the next (a port, a duration) though the lines say the same. All
// other keys say what it happened to, so lines about different offsets, such as
// those of losses, never count as repeats.
var explaining = []string{"err", "error", "why", "answer", "detail", "dropped"}

// repeatLimiter leaves out lines that repeat what was logged several times within
// a minute, and says how many with the next one. Debug lines all pass: who wants
// them wants all.
type repeatLimiter struct {
	inner slog.Handler
	about string // the attributes of With, as part of the key
	state *repeats
}

// repeats is shared by all loggers made of one.
type repeats struct {
	now func() time.Time

	mu      sync.Mutex // guards what follows
	lines   map[string]*repeated
	sweptAt time.Time
}

// repeated is one line within its window.
type repeated struct {
	began   time.Time
	count   int
	handler slog.Handler // with the attributes of its logger
	last    slog.Record  // the last one that was left out
}

func (r *repeated) leftOut() int { return r.count - repeatsShown }

func limitRepeats(inner slog.Handler) slog.Handler {
	return repeatLimiter{inner: inner, state: &repeats{now: time.Now, lines: make(map[string]*repeated)}}
}

func (l repeatLimiter) Enabled(ctx context.Context, level slog.Level) bool {
	return l.inner.Enabled(ctx, level)
}

func (l repeatLimiter) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	for _, a := range attrs {
		addIdentity(&b, a)
	}
	return repeatLimiter{l.inner.WithAttrs(attrs), l.about + b.String(), l.state}
}

func (l repeatLimiter) WithGroup(name string) slog.Handler {
	return repeatLimiter{l.inner.WithGroup(name), l.about + "\x00" + name, l.state}
}

func (l repeatLimiter) Handle(ctx context.Context, line slog.Record) error {
	if line.Level < slog.LevelInfo {
		return l.inner.Handle(ctx, line)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s%s", line.Level, line.Message, l.about)
	line.Attrs(func(a slog.Attr) bool {
		addIdentity(&b, a)
		return true
	})
	for _, ended := range l.state.sweep() {
		if err := ended.handler.Handle(ctx, withCount(ended.last, ended.leftOut())); err != nil {
			return err
		}
	}
	if !l.state.passes(b.String(), l.inner, line) {
		return nil
	}
	return l.inner.Handle(ctx, line)
}

// withCount says how many lines like this one were left out before it.
func withCount(line slog.Record, leftOut int) slog.Record {
	line = line.Clone()
	line.AddAttrs(slog.Int(logkey.LeftOut, leftOut-1)) // this one is shown
	return line
}

func addIdentity(b *strings.Builder, a slog.Attr) {
	if !slices.Contains(explaining, a.Key) {
		fmt.Fprintf(b, "\x00%s=%s", a.Key, a.Value.Resolve())
	}
}

// passes counts a line and says whether it is to be logged.
func (r *repeats) passes(key string, handler slog.Handler, line slog.Record) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.lines[key]
	if seen == nil {
		if len(r.lines) < maxRepeats {
			r.lines[key] = &repeated{began: r.now(), count: 1}
		}
		return true
	}
	if seen.count++; seen.count <= repeatsShown {
		return true
	}
	seen.handler, seen.last = handler, line.Clone()
	return false
}

// sweep ends the windows that are over, and returns those of which lines were
// left out. It looks at most once a second.
func (r *repeats) sweep() (ended []*repeated) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Sub(r.sweptAt) < time.Second {
		return nil
	}
	r.sweptAt = now
	for key, seen := range r.lines {
		if now.Sub(seen.began) < repeatWindow {
			continue
		}
		delete(r.lines, key)
		if seen.leftOut() > 0 {
			ended = append(ended, seen)
		}
	}
	slices.SortFunc(ended, func(a, b *repeated) int { return a.last.Time.Compare(b.last.Time) })
	return ended
}
