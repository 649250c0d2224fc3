package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mirror/demo"
)

func newDemoWriteCommand() *cobra.Command {
	var (
		o    demo.WriteOptions
		rate float64
		end  time.Duration
	)
	cmd := &cobra.Command{
		Use:   "write [flags]",
		Short: "Write records that name themselves to the topics of a real cluster",
		Long: `Write records that name themselves (who wrote them, for which topic and partition, and their number there) to
topics of a real cluster, which are created when they are missing. "mirror demo read" checks them wherever they
arrive. A cluster that does not answer is waited for.`,
		Example: `  mirror demo write --brokers west-1:9092 --topics orders,clicks
  mirror demo write --brokers west-1:9092 --topics orders --rate 5 --for 1m`,
		Annotations: withExitCodes(exitOK, exitFailed, exitUsage),
		Args:        noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitOK)
			defer stop()
			if len(o.Brokers) == 0 || len(o.Topics) == 0 || o.Partitions < 1 || o.Replicas < 1 || !(rate > 0 && rate <= 1000) {
				return usageErrorf("give --brokers and --topics, at least one partition and replica, and a --rate above 0 and up to 1000")
			}
			o.Rate, o.Out = rate*1e6, cmd.OutOrStdout()
			return runFor(ctx, end, func(ctx context.Context) error { return demo.Write(ctx, o) })
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Brokers, "brokers", nil, "`addresses` of the cluster")
	flags.StringSliceVar(&o.Topics, "topics", nil, "`names` of the topics")
	flags.Int32Var(&o.Partitions, "partitions", 3, "partitions of a topic; one that exists must have as many")
	flags.Int16Var(&o.Replicas, "replicas", 1, "replicas of a topic that is created")
	flags.Float64Var(&rate, "rate", 0.1, "write about this many `MB` a second, all topics together")
	flags.DurationVar(&end, "for", 0, "end after this `time` (default: Ctrl-C ends it)")
	return cmd
}

func newDemoReadCommand() *cobra.Command {
	var (
		o   demo.ReadOptions
		end time.Duration
	)
	cmd := &cobra.Command{
		Use:   "read [flags]",
		Short: "Read local and mirrored topics together and check them",
		Long: `Read all topics of a real cluster that match a regular expression, as an application in a datacenter reads local and
mirrored topics together. Each record of "mirror demo write" must be whole, at its place, and follow the one before.`,
		Example:     `  mirror demo read --brokers east-1:9092 --pattern '^(west\.)?(orders|clicks)$'`,
		Annotations: sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent), exitDifferent, "a record was lost, repeated, out of order or damaged"),
		Args:        noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitOK)
			defer stop()
			if len(o.Brokers) == 0 || o.Pattern == "" {
				return usageErrorf("give --brokers and --pattern")
			}
			o.Out = cmd.OutOrStdout()
			return runFor(ctx, end, func(ctx context.Context) error { return readDemo(ctx, o) })
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Brokers, "brokers", nil, "`addresses` of the cluster")
	flags.StringVar(&o.Pattern, "pattern", "", "regular `expression` of the topics")
	flags.DurationVar(&end, "for", 0, "end after this `time` (default: Ctrl-C ends it)")
	return cmd
}

func readDemo(ctx context.Context, o demo.ReadOptions) error {
	faults, err := demo.Read(ctx, o)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if faults > 0 {
		return quietExit(exitDifferent)
	}
	return nil
}

// runFor runs f for a time, or until ctx ends when there is none. Being ended is
// how f ends well.
func runFor(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	err := f(ctx)
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}
