package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// part ends with err, at once or when it is asked to.
type part struct {
	err     error
	atOnce  bool
	stopped *[]string
	name    string
}

func (p part) Run(ctx context.Context) error {
	if !p.atOnce {
		<-ctx.Done()
	}
	if p.stopped != nil {
		*p.stopped = append(*p.stopped, p.name)
	}
	return p.err
}

func TestSupervise(t *testing.T) {
	broken := errors.New("broken pipe")
	tests := []struct {
		name           string
		engine, server part
		interrupt      bool
		want           string // empty: no error
	}{
		{"drained", part{}, part{}, true, ""},
		{"drained, engine returns the context's error", part{err: context.Canceled}, part{}, true, ""},
		{"engine fails", part{err: broken, atOnce: true}, part{}, false, "run engine: broken pipe"},
		{"engine ends", part{atOnce: true}, part{}, false, "run engine: it ended by itself"},
		{"engine ends as if interrupted", part{err: context.Canceled, atOnce: true}, part{}, false, "run engine: context canceled"},
		{"server fails", part{}, part{err: broken, atOnce: true}, false, "run web server: broken pipe"},
		{"drain fails", part{err: broken}, part{}, true, "broken pipe"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.interrupt {
				cancel()
			}
			err := supervise(ctx, test.engine, test.server, slog.New(slog.DiscardHandler))
			if test.want == "" {
				if err != nil {
					t.Fatalf("got %v, want none", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || exitCode(err) != exitFailed {
				t.Fatalf("got %v with exit code %d, want %q and 1", err, exitCode(err), test.want)
			}
		})
	}
}

// The page can still be looked at while the engine drains.
func TestServerOutlivesEngine(t *testing.T) {
	var order []string
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := supervise(ctx, part{stopped: &order, name: "engine"}, part{stopped: &order, name: "server"}, slog.New(slog.DiscardHandler))
	if err != nil || strings.Join(order, " ") != "engine server" {
		t.Errorf("got %v, order %v", err, order)
	}
}
