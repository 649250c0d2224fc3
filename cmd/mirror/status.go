package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mirror/monitor"
)

type statusOptions struct {
	daemon daemonOptions
	output string
	watch  bool
	ready  bool
	maxLag time.Duration // 0: not asked
	route  string
	topics []string
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

-w keeps the picture up to date; into a pipe it writes one line for each route every 10 s, with
-o json one document a line, and with -o yaml documents with --- between them.
When no mirror answers at the address of the configuration, it shows what the checkpoint topic and the source's
ends say, and how old that is, and ends with exit code 5.
--ready asks only whether the mirror is ready: the health check of containers.
--max-lag makes a probe of it: exit code 4 if a route is further behind, is stopped, or nobody knows how
far behind it is; stderr says which.
--route and --topic leave out the rest; a route's totals stay those of the whole route.`,
		Example: `  mirror status
  mirror status -w
  mirror status -o json | jq '.routes[] | {name, state, lag_seconds}'
  mirror status --url https://mirror.example.org:8080 --token-file token
  mirror status --ready
  mirror status --max-lag 60s --route west-to-east`,
		Annotations: sayExitCode(sayExitCode(
			withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitDifferent, "--ready: the mirror is not ready; --max-lag: a route is too far behind; the reasons are on stderr"),
			exitUnreachable, "no mirror answers; what is shown, if anything, is from the checkpoint topic"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("max-lag") && o.maxLag <= 0 {
				return usageErrorf("--max-lag %s is no time to be behind: it must be above 0", o.maxLag)
			}
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runStatus(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addDaemonFlags(cmd, &o.daemon)
	addOutputFlag(cmd, &o.output)
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "keep showing it until interrupted")
	cmd.Flags().BoolVar(&o.ready, "ready", false, "only tell whether the mirror is ready")
	cmd.Flags().DurationVar(&o.maxLag, "max-lag", 0, "fail if a route is further behind than this `time`, such as 60s")
	addRouteFlag(cmd, &o.route, "only the route of this `name`")
	addTopicsFlag(cmd, &o.topics, "only the source topic of this `name`")
	return cmd
}

// check refuses flags that contradict each other.
func (o statusOptions) check() error {
	switch {
	case o.watch && (o.ready || o.maxLag > 0):
		return usageErrorf("--watch goes on and on, and --ready and --max-lag look once: give one of them")
	case o.ready && (o.maxLag > 0 || o.route != "" || len(o.topics) > 0):
		return usageErrorf("--ready is about the whole mirror: leave out --max-lag, --route and --topic")
	}
	return checkOutput(o.output)
}

func runStatus(ctx context.Context, o statusOptions, out, errOut io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	d, err := findDaemon(o.daemon)
	if err != nil {
		return err
	}
	look := func(ctx context.Context) (monitor.Status, error) { return d.selected(ctx, o.route, o.topics) }
	switch {
	case o.ready:
		return runReady(ctx, d, out, errOut)
	case o.watch:
		return watchStatus(ctx, o, look, out, errOut)
	}
	show := func(status monitor.Status) error {
		return writeOutput(out, o.output, status, func(out io.Writer, wide bool) error { return printStatus(out, status, wide) })
	}
	status, err := look(ctx)
	if exitCode(err) == exitUnreachable && d.config != nil {
		return runStoredStatus(ctx, o, d.config, err, show)
	}
	if err != nil {
		return err
	}
	err = show(status)
	if err != nil || o.maxLag == 0 {
		return err
	}
	return probeLag(status, o.maxLag, errOut)
}

// probeLag ends with the code that a probe looks at.
func probeLag(status monitor.Status, limit time.Duration, errOut io.Writer) error {
	faults := lagFaults(status, limit)
	for _, fault := range faults {
		fmt.Fprintln(errOut, fault)
	}
	if len(faults) > 0 {
		return quietExit(exitDifferent)
	}
	return nil
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
