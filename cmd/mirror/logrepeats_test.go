package main

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// limited returns a logger, its output and a way to let time pass.
func limited() (log *slog.Logger, out *strings.Builder, pass func(time.Duration)) {
	out = &strings.Builder{}
	inner := slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	handler := limitRepeats(inner).(repeatLimiter)
	handler.state.now = func() time.Time { return now }
	return slog.New(handler), out, func(d time.Duration) { now = now.Add(d) }
}

func lines(out *strings.Builder) []string {
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestRepeatsAreLeftOutAndCounted(t *testing.T) {
	log, out, pass := limited()
	for i := range 100 {
		log.With("route", "r").Warn("not connected", "why", fmt.Sprint("port ", i))
	}
	if got := len(lines(out)); got != repeatsShown {
		t.Errorf("got %d lines, want %d", got, repeatsShown)
	}
	pass(repeatWindow)
	log.Info("something else")
	got := lines(out)
	if want := `level=WARN msg="not connected" route=r why="port 99" left_out=94`; len(got) != repeatsShown+2 || got[repeatsShown] != want {
		t.Errorf("got %q, want the last one with the count, and the new one", got[repeatsShown:])
	}
	log.With("route", "r").Warn("not connected", "why", "again")
	if got := lines(out); !strings.Contains(got[len(got)-1], "again") {
		t.Error("a new window does not begin")
	}
}

// Lines about different things are no repeats: each loss has its line.
func TestDifferentLinesPass(t *testing.T) {
	log, out, _ := limited()
	for i := range 50 {
		log.Error("loss", "partition", "orders/0", "source_offset", i)
		log.With("route", fmt.Sprint(i)).Warn("not connected")
	}
	if got := len(lines(out)); got != 100 {
		t.Errorf("got %d lines, want all 100", got)
	}
}

func TestDebugPasses(t *testing.T) {
	log, out, _ := limited()
	for range 50 {
		log.Debug("produce answered")
	}
	if got := len(lines(out)); got != 50 {
		t.Errorf("got %d lines, want all 50", got)
	}
}

func TestRepeatsAreBounded(t *testing.T) {
	log, _, _ := limited()
	for i := range maxRepeats + 100 {
		log.Info("line", "n", i)
	}
	if got := len(log.Handler().(repeatLimiter).state.lines); got > maxRepeats {
		t.Errorf("%d lines are watched, want at most %d", got, maxRepeats)
	}
}
