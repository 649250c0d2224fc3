package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mirror/clusters"
	"mirror/monitor"
)

type topOptions struct {
	daemon   daemonOptions
	route    string
	topics   []string
	interval time.Duration
}

func newTopCommand() *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use:   "top [flags]",
		Short: "Show a running mirror full screen, the worst first",
		Long: `Show routes and topics of a running mirror on the whole screen, the worst first, and keep it up to date.
Arrow keys select a topic and say below the table why it is as it is; enter shows its partitions.
The keys: s l t n sort by state, lag, throughput, name; / filters by name; r shows one route after the other;
p pauses the picture; ? lists all keys; q ends it. Where there are no routes it shows the clusters.

It needs a terminal of 40 columns and 10 lines at least, and fits into 80×24. States are always written out;
NO_COLOR leaves out the colours.`,
		Example: `  mirror top
  mirror top --route west-to-east
  mirror top --url https://mirror.example.org:8080 --token-file token`,
		Annotations: sayExitCode(sayExitCode(
			withExitCodes(exitOK, exitFailed, exitUsage, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitUnreachable, "no mirror answers"),
			exitUsage, "the command line or the configuration is wrong, or there is no terminal"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runTop(ctx, o, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	addDaemonFlags(cmd, &o.daemon)
	addRouteFlag(cmd, &o.route, "only the route of this `name`")
	addTopicsFlag(cmd, &o.topics, "only the source topic of this `name`")
	cmd.Flags().DurationVar(&o.interval, "interval", watchTerminal, "`time` between two pictures")
	return cmd
}

// runTop shows pictures until a key or a signal ends it. in and out must be a
// terminal.
func runTop(ctx context.Context, o topOptions, in io.Reader, out io.Writer) error {
	if o.interval < 100*time.Millisecond {
		return usageErrorf("--interval %s is too short: give 100ms or more", o.interval)
	}
	if !isTerminal(in) || !isLive(out) {
		return usageErrorf("top needs a terminal for its screen and keys, and this is none: use mirror status -w")
	}
	d, err := findDaemon(o.daemon)
	if err != nil {
		return err
	}
	look := func(ctx context.Context) (found looked) {
		if found.status, found.err = d.selected(ctx, o.route, o.topics); found.err == nil && found.status.OnlyClusters() {
			found.clusters, found.err = d.clusters(ctx)
		}
		return found
	}
	first := look(ctx)
	if first.err != nil {
		return first.err // before the screen is touched
	}
	screen, err := openScreen(in, out)
	if err != nil {
		return err
	}
	defer screen.close()
	t := &top{screen: screen, model: newTopModel(o.interval), interval: o.interval}
	t.model.colour = wantsColour()
	t.model.take(first.status, time.Now())
	t.model.takeClusters(first.clusters)
	return t.run(ctx, look)
}

// top is a picture of a mirror that follows keys, time and the size of its screen.
type top struct {
	screen   *screen
	model    *topModel
	interval time.Duration
}

// looked is the answer to one question.
type looked struct {
	status   monitor.Status
	clusters []clusters.Summary // only where there are no routes
	err      error
}

func (t *top) run(ctx context.Context, look func(context.Context) looked) error {
	asking, cancel := context.WithCancel(ctx)
	answers := make(chan looked)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		defer t.screen.closeOnPanic()
		for sleeping(asking, t.interval) {
			found := look(asking)
			select {
			case answers <- found:
			case <-asking.Done():
			}
		}
	}()
	defer func() { cancel(); <-asked }()
	for {
		if err := t.draw(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case a := <-answers:
			if a.err != nil && exitCode(a.err) != exitUnreachable {
				return a.err
			}
			if a.err != nil {
				t.model.lose(a.err)
			} else {
				t.model.take(a.status, time.Now())
				t.model.takeClusters(a.clusters)
			}
		case pressed, ok := <-t.screen.keys:
			if !ok {
				return nil // the terminal is gone
			}
			switch t.model.press(pressed) {
			case topQuit:
				return nil
			case topInterrupt:
				return context.Canceled
			case topSuspend:
				t.screen.suspend()
			case topRedraw:
				t.screen.forget()
			}
		case <-t.screen.resized:
			t.screen.forget()
		case <-t.screen.stopped:
			t.screen.suspend()
		}
	}
}

func (t *top) draw() error {
	width, height := screenSize(t.screen.out)
	return t.screen.draw(t.model.view(width, height))
}

// sleeping waits for d, and is false when ctx ends first.
func sleeping(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
