package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mirror/clusters"
	"mirror/config"
	"mirror/config/logkey"
	"mirror/monitor"
	"mirror/monitor/history"
	"mirror/monitor/sink"
	"mirror/replicate"
	"mirror/web"
)

// drainTimeout is how long a stopping mirror may take. The engine needs less; a
// process that hangs at its end would keep its lanes from the others.
const drainTimeout = 20 * time.Second

func newRunCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "run [flags]",
		Short: "Run the daemon",
		Long: `Copy what the configuration says until SIGTERM or SIGINT. The first signal stops fetching, waits for what is
on its way, writes checkpoints and hands over to the other processes of the fleet; a second one ends the process
at once, which loses nothing either.

Clusters that cannot be reached or refuse something make a route wait, with the reason in the log, in
mirror status and at /readyz; the process goes on trying.
Memory stays near limits.memory plus what the process itself needs; GOMEMLIMIT and GOGC, where they are set, win.`,
		Example: `  mirror run
  mirror run --config /etc/mirror/mirror.yaml
  MIRROR_CONFIG=/etc/mirror/mirror.yaml mirror run`,
		Annotations: sayExitCode(sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage),
			exitOK, "stopped by SIGTERM or SIGINT, everything drained"),
			exitFailed, "a part of the process failed, or a second signal ended it"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitFailed)
			defer stop()
			return runDaemon(ctx, path, cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &path)
	return cmd
}

// runDaemon builds everything first, so that a mistake in the configuration ends
// the command before anything is touched. ctx asks it to drain.
func runDaemon(ctx context.Context, path string, stderr io.Writer) error {
	cfg, err := loadConfig(path)
	if err != nil {
		return err
	}
	log, err := newLogger(cfg.Log, stderr)
	if err != nil {
		return withCode(exitUsage, err)
	}
	for _, warning := range cfg.Warnings {
		log.Warn(warning)
	}
	p, err := newProcess(cfg, log)
	if err != nil {
		return err
	}
	limiting, stop := context.WithCancel(context.WithoutCancel(ctx))
	var limit sync.WaitGroup
	limit.Go(func() { memoryLimit{cfg.Limits.Memory, p.engine.Partitions}.run(limiting) })
	defer limit.Wait()
	defer stop()
	return p.run(ctx, log)
}

// process is the parts of a running mirror.
type process struct {
	sampler  *monitor.Sampler
	sinks    *sink.Sinks
	history  *history.History
	recorder *history.Recorder
	engine   *replicate.Mirror
	ready    func() (bool, []string)
	clusters *clusters.Watch
	server   *web.Server // of newProcess, listens already
}

// run runs the parts until ctx ends or one of them does. Snapshots of what they
// do are taken and sent to the very end.
func (p *process) run(ctx context.Context, log *slog.Logger) error {
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watchers sync.WaitGroup
	watchers.Go(func() { p.sampler.Run(watching) })
	watchers.Go(func() { p.sinks.Run(watching) })
	watchers.Go(func() { p.recorder.Run(watching) })
	watchers.Go(func() { p.clusters.Run(watching) })
	n := newNotifier(os.Getenv, p.engine.Alive, p.ready, log)
	watchers.Go(func() { n.run(watching) })
	watchers.Go(func() {
		select {
		case <-ctx.Done():
			n.stopping()
		case <-watching.Done():
		}
	})
	defer p.history.Close()
	defer watchers.Wait()
	defer stop()
	return supervise(ctx, p.engine, p.server, log)
}

// newProcess builds the parts and binds the web address; nothing runs yet.
func newProcess(cfg *config.Config, log *slog.Logger) (*process, error) {
	p, err := buildProcess(cfg, openHistory(cfg, log), log)
	if err != nil {
		return nil, withCode(exitUsage, err)
	}
	url, err := p.server.Listen()
	if err != nil {
		return nil, err
	}
	b := readBuild()
	log.Info("mirror starts", logkey.Mirror, cfg.Name, logkey.Version, b.Version, logkey.Revision, b.Revision, logkey.Go, b.Go, logkey.Web, url, logkey.Routes, len(cfg.Routes))
	return p, nil
}

// buildProcess builds the parts around a history; it only reads files that the configuration names. Every error is a
// fault of the configuration.
func buildProcess(cfg *config.Config, past *history.History, log *slog.Logger) (*process, error) {
	registry := monitor.NewRegistry()
	name := processName()
	engine, err := replicate.New(withoutHistory(cfg, past), replicate.Options{Log: log, Registry: registry, Process: name, URL: pageURL(cfg.Web, name)})
	if err != nil {
		return nil, err
	}
	watch, err := clusters.New(cfg, log)
	if err != nil {
		return nil, err
	}
	sampler := monitor.NewSampler(monitor.SamplerOptions{Registry: registry, Status: engine.Share, Watched: engine.Watched,
		Interval: cfg.Metrics.Interval, Partitions: cfg.Metrics.Partitions, Clusters: watch.Observed, Parts: watch.Parts})
	sinks, err := sink.New(cfg.Metrics.Sinks, cfg.Metrics.Interval, sink.Identity{Mirror: cfg.Name, Process: name}, log)
	if err != nil {
		return nil, err
	}
	sampler.Subscribe(sinks.Take)
	sampler.AddSource(sinks.Points)
	recorder := history.NewRecorder(past)
	sampler.Subscribe(recorder.Take)
	source := readiness{engine, len(cfg.Routes) == 0, watch.Summaries}
	server, err := web.New(web.Options{Web: cfg.Web, Source: source, Sampler: sampler, Sinks: sinks, Log: log, Version: readBuild().Version,
		Losses: engine.Losses, History: past, Clusters: watch, Groups: engine, Actor: engine})
	if err != nil {
		return nil, err
	}
	return &process{sampler: sampler, sinks: sinks, history: past, recorder: recorder, engine: engine, ready: source.Ready, clusters: watch, server: server}, nil
}

// runner is one part of the process.
type runner interface {
	Run(ctx context.Context) error
}

// supervise runs both parts until ctx ends or one of them does. The web server
// outlives the engine, so that the drain can be watched. A part that ends by
// itself ends the process with its error.
func supervise(ctx context.Context, engine, server runner, log *slog.Logger) error {
	// Neither part ends with ctx itself: the engine is told first.
	serverCtx, stopServer := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServer()
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	serverDone, engineDone := make(chan error, 1), make(chan error, 1)
	go func() { serverDone <- server.Run(serverCtx) }()
	go func() { engineDone <- engine.Run(engineCtx) }()

	var serverErr, engineErr error
	serving := true
	select {
	case <-ctx.Done():
		log.Info("mirror stops: draining")
	case serverErr = <-serverDone:
		serving = false
	case engineErr = <-engineDone:
		stopServer()
		return partEnded("engine", engineErr, <-serverDone)
	}
	stopEngine()
	select {
	case engineErr = <-engineDone:
	case <-time.After(drainTimeout):
		// Its goroutines cannot be waited for; the process' end stops them.
		return fmt.Errorf("drain: not done after %v; nothing is lost, the next start recovers", drainTimeout)
	}
	if !serving {
		return partEnded("web server", serverErr, drained(engineErr))
	}
	stopServer()
	if err := errors.Join(drained(engineErr), <-serverDone); err != nil {
		return err
	}
	log.Info("mirror stopped")
	return nil
}

// drained leaves out the engine's way of saying that it was asked to stop.
func drained(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// partEnded is the error of a part that ended though nobody asked it to.
func partEnded(part string, err, other error) error {
	if err == nil {
		err = errors.New("it ended by itself")
	}
	// The exit code must not become that of an interruption.
	return withCode(exitFailed, errors.Join(fmt.Errorf("run %s: %w", part, err), other))
}

// processName tells this process from the others of the fleet, and stays the
// same over a restart on the same host: that gives it its lanes back at once.
func processName() string {
	name, err := os.Hostname()
	if err != nil {
		return "mirror"
	}
	return name
}

// pageURL is where people find this process' page, for the others of the fleet to
// name; empty when only this machine can reach it.
func pageURL(w config.Web, host string) string {
	address, port, err := net.SplitHostPort(w.Listen)
	if err != nil || port == "0" {
		return ""
	}
	ip := net.ParseIP(address)
	switch {
	case address == "localhost" || (ip != nil && ip.IsLoopback()):
		return ""
	case address != "" && (ip == nil || !ip.IsUnspecified()):
		host = address
	}
	scheme := "http"
	if w.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
