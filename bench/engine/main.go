// Command engine copies, or watches, what a configuration says and does nothing else
// of what mirror run does: no page, no history, no metrics, no looking at clusters.
// What these cost is what mirror run takes more.
//
//	engine mirror.yaml
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"mirror/config"
	"mirror/monitor"
	"mirror/replicate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("give a configuration")
	}
	cfg, err := config.Load(args[0])
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	engine, err := replicate.New(cfg, replicate.Options{Log: slog.Default(), Registry: monitor.NewRegistry(), Process: host})
	if err != nil {
		return err
	}
	return engine.Run(ctx)
}
