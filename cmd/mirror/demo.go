package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/config/logkey"
	"mirror/demo"
	"mirror/monitor"
)

type demoOptions struct {
	duration time.Duration
	rate     float64
	listen   string
}

func newDemoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo [flags]",
		Short: "Copy between two clusters inside this process and compare",
		Long: `Start two embedded Kafka clusters, write topics of several kinds to one of them, copy them with the real daemon
to the other, read the copies there, and show what moves. At the end, after --for or Ctrl-C, every record is compared.
It needs nothing and leaves nothing behind, and a demo that is left running stays small. Any Kafka client can join in at
the addresses it prints.`,
		Example: `  mirror demo
  mirror demo --for 20s
  mirror demo --rate 20 --listen 127.0.0.1:8080`,
		Annotations: sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent, exitInterrupted),
			exitDifferent, "the copies differ"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runDemo(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.AddCommand(newDemoWriteCommand(), newDemoReadCommand())
	cmd.Flags().DurationVar(&o.duration, "for", 0, "end after this `time` (default: Ctrl-C ends it)")
	cmd.Flags().Float64Var(&o.rate, "rate", 3, "write about this many `MB` a second")
	cmd.Flags().StringVar(&o.listen, "listen", "", "`address` of the daemon's page (default: a free port of 127.0.0.1)")
	return cmd
}

func runDemo(ctx context.Context, o demoOptions, out, errOut io.Writer) error {
	if o.duration < 0 || !(o.rate > 0 && o.rate <= 1000) {
		return usageErrorf("--for must not be negative, and --rate above 0 and up to 1000")
	}
	result, err := demo.Run(ctx, demo.Options{
		For: o.duration, Rate: o.rate * 1e6, Listen: o.listen,
		Stdout: out, Stderr: errOut, TTY: isLive(errOut),
		StartMirror: startDemoMirror,
	})
	if err != nil {
		return withCode(exitFailed, fmt.Errorf("demo: %w", err))
	}
	if result.Differs() {
		return quietExit(exitDifferent)
	}
	return nil
}

// startDemoMirror runs the daemon as `mirror run` does, inside this process. Only
// what deserves attention is logged between the demo's own lines.
func startDemoMirror(_ context.Context, cfg *config.Config, logs io.Writer) (func() monitor.Status, func(), error) {
	log := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, err := newProcess(cfg, log)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background()) // the demo ends it with stop
	done := make(chan error, 1)
	go func() { done <- p.run(ctx, log) }()
	stop := func() {
		cancel()
		if err := <-done; err != nil {
			log.Error("the mirror ended badly", logkey.Err, err)
		}
	}
	return p.engine.Status, stop, nil
}
