package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/monitor"
	"mirror/offsets"
	"mirror/replicate"
)

type rateOptions struct {
	config string
	route  string
	rate   string // a size, or one of the two words
	reason string
	dryRun bool
	yes    bool
}

func newRateCommand() *cobra.Command {
	var o rateOptions
	cmd := &cobra.Command{
		Use:   "rate [ROUTE] SIZE|off|file [flags]",
		Short: "Limit how fast a route copies, while it runs",
		Long: `Set how many bytes per second a route may fetch, all processes of its fleet together: each gets the part that belongs
to its lanes. A SIZE is a number of bytes such as 10MiB; off means no limit, whatever the configuration says; file takes
back what was set, so that limits.bytes_per_second of the route counts again.

The rate is kept in the route's checkpoint topic, like a pause: it reaches every process within about a second, outlives
all of them, and stays until mirror rate changes it. mirror status and mirror plan show it.`,
		Example: `  mirror rate west-to-east 10MiB
  mirror rate west-to-east 2MB --reason "the line is full during the day"
  mirror rate off --yes                 # in a script; the only route, no limit
  mirror rate west-to-east file         # as the configuration says`,
		Annotations: sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitOK, "it is on record, or was so already"),
		Args:              rateArguments,
		ValidArgsFunction: completeRate,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			o.rate = args[len(args)-1]
			o.route = strings.Join(args[:len(args)-1], "")
			return runRate(ctx, o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	cmd.Flags().StringVar(&o.reason, "reason", "", "`words` for those who see the rate in the status")
	addWriteFlags(cmd, &o.dryRun, &o.yes)
	return cmd
}

func rateArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 1 || len(args) == 2 {
		return nil
	}
	return usageErrorf("%s takes a route and a rate, such as: %s west-to-east 10MiB", cmd.CommandPath(), cmd.CommandPath())
}

func completeRate(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return completeRoutes(cmd, args, begun)
	}
	return []cobra.Completion{
		cobra.CompletionWithDesc(replicate.RateOff, "no limit"), cobra.CompletionWithDesc(replicate.RateFile, "as the configuration says"),
	}, cobra.ShellCompDirectiveNoFileComp
}

// record is the wish as it will be written.
func (o rateOptions) record() (offsets.Rate, error) {
	rate := offsets.Rate{By: operator(), Reason: o.reason, Time: time.Now()}
	n, err := replicate.ParseRate(o.rate)
	switch {
	case err != nil:
		return rate, usageErrorf("%v", err)
	case n == nil:
		rate.File = true
	default:
		rate.BytesPerSecond = *n
	}
	return rate, nil
}

func runRate(ctx context.Context, o rateOptions, in io.Reader, out, errOut io.Writer) error {
	rate, err := o.record()
	if err != nil {
		return err
	}
	_, opened, err := openTarget(ctx, o.config, o.route)
	if err != nil {
		return err
	}
	defer opened.close()
	route, l := opened.route, opened.ledger
	now := l.limit(route)
	if l.hasRate(rate) {
		fmt.Fprintf(errOut, "route %s %s already\n", route.Name, cell(now.Words()))
		return nil
	}
	wanted := monitor.RateLimit{BytesPerSecond: rate.BytesPerSecond, ByOperator: !rate.File}
	if rate.File {
		wanted.BytesPerSecond = route.Limits.BytesPerSecond
	}
	if o.dryRun {
		fmt.Fprintf(out, "would say that route %s %s\n", route.Name, wanted.Words())
		fmt.Fprintf(errOut, "now it %s\n", cell(now.Words()))
		return nil
	}
	question := fmt.Sprintf("Route %s %s now. Say that it %s?", route.Name, cell(now.Words()), wanted.Words())
	if err := confirm(in, errOut, question, o.yes); err != nil {
		return err
	}
	if err := l.write(ctx, offsets.EveryLane(l.writer.route.Lanes, offsets.Key{Kind: offsets.KindRate}, rate)...); err != nil {
		return err
	}
	fmt.Fprintf(out, "route %s %s\n", route.Name, wanted.Words())
	return nil
}

// limit is the rate that counts for the route.
func (l *ledger) limit(route *config.Route) monitor.RateLimit {
	var s monitor.RouteStatus
	replicate.OnRecord(&s, route, l.lanes)
	return s.Limit
}

// hasRate says whether every lane says the same already.
func (l *ledger) hasRate(wanted offsets.Rate) bool {
	for _, lane := range l.lanes {
		if r, ok := lane.Rate(); (ok || !wanted.File) && (!ok || r.BytesPerSecond != wanted.BytesPerSecond || r.File != wanted.File) {
			return false
		}
	}
	return len(l.lanes) > 0 || wanted.File
}
