package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mirror/monitor"
)

const (
	watchTerminal = 2 * time.Second  // between two pictures for a person
	watchPipe     = 10 * time.Second // between two lines of a log
)

type statusOptions struct {
	daemon daemonOptions
	output string
	watch  bool
	ready  bool
}

func newStatusCommand() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Show what a running mirror is doing",
		Long: `Show the routes, topics and partitions of a running mirror: states, lag, totals and losses.
The table names the partitions that need attention with their reason; wide lists all partitions.
States, the best first: caught_up, copying, starting, recovering, paused, waiting (heals by itself or
by what the reason names), stopped (needs a decision).

-w keeps the picture up to date; into a pipe it writes one line for each route every 10 s, and with
-o json one document a line.
--ready asks only whether the mirror is ready: the health check of containers.`,
		Example: `  mirror status
  mirror status -w
  mirror status -o json | jq '.routes[] | {name, state, lag_seconds}'
  mirror status --url https://mirror.example.org:8080 --token-file token
  mirror status --ready`,
		Annotations: sayExitCode(sayExitCode(
			withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitDifferent, "--ready: the mirror is not ready; the reasons are on stderr"),
			exitUnreachable, "no mirror answers"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runStatus(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addDaemonFlags(cmd, &o.daemon)
	addOutputFlag(cmd, &o.output)
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "keep showing it until interrupted")
	cmd.Flags().BoolVar(&o.ready, "ready", false, "only tell whether the mirror is ready")
	return cmd
}

func runStatus(ctx context.Context, o statusOptions, out, errOut io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	d, err := findDaemon(o.daemon)
	if err != nil {
		return err
	}
	switch {
	case o.ready:
		return runReady(ctx, d, out, errOut)
	case o.watch:
		return watchStatus(ctx, d, o.output, out, errOut)
	}
	status, err := d.status(ctx)
	if err != nil {
		return err
	}
	return writeOutput(out, o.output, status, func(out io.Writer, wide bool) error {
		return printStatus(out, status, wide, nil)
	})
}

func runReady(ctx context.Context, d *daemon, out, errOut io.Writer) error {
	ready, text, err := d.ready(ctx)
	if err != nil {
		return err
	}
	if !ready {
		fmt.Fprintln(errOut, text)
		return quietExit(exitDifferent)
	}
	fmt.Fprintln(out, text)
	return nil
}

// watchStatus shows the status again and again. A daemon that does not answer for
// a while may be restarting, so only the first failure ends the command.
func watchStatus(ctx context.Context, d *daemon, output string, out, errOut io.Writer) error {
	w := &watcher{output: output, out: out, terminal: isTerminal(out)}
	interval := watchPipe
	if w.terminal || output == "json" {
		interval = watchTerminal
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for first := true; ; first = false {
		status, err := d.status(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && (first || exitCode(err) != exitUnreachable):
			return err
		case err != nil:
			fmt.Fprintln(errOut, err)
		default:
			if err := w.show(status, time.Now()); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// watcher remembers the last status, so that it can tell rates.
type watcher struct {
	output   string
	out      io.Writer
	terminal bool

	last monitor.Status
	at   time.Time // of last; zero: none
}

func (w *watcher) show(status monitor.Status, now time.Time) error {
	rates := ratesBetween(w.last, status, now.Sub(w.at))
	if w.at.IsZero() {
		rates = nil
	}
	w.last, w.at = status, now
	switch {
	case w.output == "json":
		return writeJSONLine(w.out, status)
	case w.terminal:
		// Home and clear to the end: a full clear would flicker.
		fmt.Fprint(w.out, "\x1b[H\x1b[J")
		return printStatus(w.out, status, w.output == "wide", rates)
	}
	var faults []error
	for i := range status.Routes {
		_, err := fmt.Fprintln(w.out, now.Format(time.TimeOnly), routeLine(&status.Routes[i], rates))
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
