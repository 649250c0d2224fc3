package main

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"mirror/check"
	"mirror/config"
	"mirror/monitor/history"
)

type checkOptions struct {
	config, route, output string
}

func newCheckCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check [flags]",
		Short: "Check that run would work: connections, permissions, limits; change nothing",
		Long: `Build everything as run does, then look at the clusters of the routes: whether every broker answers where it is
advertised, versions, cluster ids, each permission that is needed on both sides (with the kafka-acls command for
what is missing), the checkpoint topic, names, what the target's limits would do to what is copied, quotas and clocks.

It changes nothing. Each finding has an id that stays the same, for scripts, and says a way out where it fails.
-o wide shows all topics and commands where there are many.`,
		Example: `  mirror check
  mirror check --route west-to-east
  mirror check -o json | jq -r '(.clusters[], .routes[]).findings[] | select(.level == "fail") | .fix[]?'`,
		Annotations: sayExitCode(sayExitCode(sayExitCode(
			withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitOK, "run would work; there may be warnings"),
			exitDifferent, "run would not work as configured"),
			exitUnauthorised, "a permission is missing, or a cluster refused the credentials"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runCheck(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addOutputFlag(cmd, &o.output)
	addRouteFlag(cmd, &o.route, "only the route of this `name` and its clusters")
	return cmd
}

// runCheck ends with the code of the worst failure, which is told before its table or document.
func runCheck(ctx context.Context, o checkOptions, out, errOut io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	cfg, routes, err := loadRoutes(o.config, o.route, errOut)
	if err != nil {
		return err
	}
	if err := buildOnly(cfg); err != nil {
		return err
	}
	report, err := check.Run(ctx, check.Options{Config: cfg, Routes: routes, Patience: clusterPatience, History: readHistory})
	if err != nil && !errors.Is(err, context.Canceled) {
		return withCode(exitUsage, err)
	} else if err != nil {
		return err
	}
	err = writeOutput(out, o.output, report, func(out io.Writer, wide bool) error { return printReport(out, report, wide) })
	if err != nil {
		return err
	}
	switch report.Worst() {
	case check.Unreachable:
		return quietExit(exitUnreachable)
	case check.Permission:
		return quietExit(exitUnauthorised)
	case check.Problem:
		return quietExit(exitDifferent)
	}
	return nil
}

// buildOnly builds the parts of the daemon as run does and drops them: a mistake that no file shows, such as a
// certificate that cannot be read, is found here as there.
func buildOnly(cfg *config.Config) error {
	log := slog.New(slog.DiscardHandler)
	// The daemon's own history is a file that it may be writing just now.
	p, err := buildProcess(cfg, history.Open(history.Options{Series: 1, Memory: cfg.Limits.Memory, Log: log}), log)
	if err != nil {
		return withCode(exitUsage, err)
	}
	p.engine.Close()
	p.clusters.Close()
	return nil
}

// readHistory reads what a route's checkpoint topic remembers.
func readHistory(ctx context.Context, target *config.Cluster, route *config.Route) (check.History, error) {
	l, err := ledgerOf(ctx, target, route)
	if err != nil {
		return check.History{}, err
	}
	h := check.History{Managed: l.managed(), Copied: l.copied()}
	if len(l.lanes) > 0 {
		if facts, ok := l.lanes[0].Route(); ok {
			h.SourceCluster = facts.SourceCluster
		}
	}
	return h, nil
}
