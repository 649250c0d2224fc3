package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/monitor"
	"mirror/replicate"
)

type backfillOptions struct {
	config, route, id    string
	topics, rename       []string
	partitions, from, to string
	rate                 string
	thenLive, abandon    bool
	output               string
	dryRun, yes          bool
}

func newBackfillCommand() *cobra.Command {
	var o backfillOptions
	cmd := &cobra.Command{
		Use:   "backfill --topic NAME [flags]",
		Short: "Copy a part of the history of some topics, once",
		Long: `Copy the records between --from and --to of chosen topics of a route's source, exactly once and in order, and end. The
ends are turned into offsets when the backfill first begins and are kept: after Ctrl-C or kill -9 the same command
goes on where it stopped, with the same end and nothing repeated. A second run of a finished backfill does nothing;
give another --id to copy again. Run at the same time on several hosts, the same command shares the work.

Records behind newer ones would break the order, so a backfill needs target partitions that nobody else writes: it
refuses those of a route or of another backfill, and those that hold records already (but for allow: [existing]).
Either give it topics of its own with --rename; or, for topics that the route has not begun with, let the route go on
where the backfill ends, with --then-live. The route may run meanwhile: it waits.

A place for --from and --to (exclusive) is earliest, latest, an offset, a time (2006-01-02T15:04:05Z) or how long ago
(-24h). With read_committed, what belongs to transactions that are still open is left out, and said.`,
		Example: `  mirror backfill --topic orders --from -24h --rename "{topic}.yesterday" --dry-run
  mirror backfill --topic orders --from -24h --rename "{topic}.yesterday" --rate 50MB
  mirror backfill --topic "/clicks\\..*/" --then-live                  # all history, then the route goes on
  mirror backfill --topic orders --partitions 3 --from 1000 --to 2000 --rename orders.repair --id repair-1
  mirror verify --backfill repair-1                                   # compare what it has copied`,
		Annotations: sayExitCode(sayExitCode(sayExitCode(sayExitCode(
			withExitCodes(exitOK, exitFailed, exitUsage, exitWithLosses, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitOK, "all is copied, now or before"),
			exitWithLosses, "all is copied but what the source had lost, see the ledger"),
			exitDifferent, "refused: somebody else writes the target, or a topic cannot be copied"),
			exitInterrupted, "interrupted; the same command goes on"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runBackfill(ctx, o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addRouteFlag(cmd, &o.route, "`name` of the route (may be left out when there is only one)")
	addTopicsFlag(cmd, &o.topics, "copy the source topic of this `name`, or all that match /a regular expression/")
	addWriteFlags(cmd, &o.dryRun, &o.yes)
	addOutputFlag(cmd, &o.output)
	flags := cmd.Flags()
	flags.StringVar(&o.partitions, "partitions", "", "only these partitions, a `list` such as 0,4-7")
	flags.StringVar(&o.from, "from", "earliest", "begin at this `place`")
	flags.StringVar(&o.to, "to", "latest", "end before this `place`")
	flags.StringArrayVar(&o.rename, "rename", nil, "`template` of the target name instead of the route's rules, or TOPIC=template, or\n/regular expression/=template; may be given several times")
	flags.StringVar(&o.rate, "rate", "", "at most so many bytes per second, a `size` such as 50MB (default: the route's limit)")
	flags.StringVar(&o.id, "id", "", "`name` of the backfill (default: made of its arguments)")
	flags.BoolVar(&o.abandon, "abandon", false, "give up the backfill named by --id: what waits for it waits no more, what was copied stays")
	flags.BoolVar(&o.thenLive, "then-live", false, "the route goes on with the topics where the backfill ends")
	return cmd
}

func runBackfill(ctx context.Context, o backfillOptions, in io.Reader, out, errOut io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	cfg, route, err := loadRoute(o.config, o.route)
	if err != nil {
		return err
	}
	if o.abandon {
		return o.giveUp(ctx, cfg, route, in, out, errOut)
	}
	wish, err := o.wish(route, time.Now())
	if err != nil {
		return err
	}
	b, err := replicate.NewBackfill(cfg, route, wish)
	if err != nil {
		return withCode(exitUsage, err)
	}
	plan, err := b.Plan(ctx, nil)
	if err != nil {
		return backfillError(ctx, wish.ID, err)
	}
	if plan.Mismatch != "" {
		return usageErrorf("%s", plan.Mismatch)
	}
	document := describeBackfill(route, wish, plan)
	print := func() error {
		return writeOutput(out, o.output, document, func(out io.Writer, wide bool) error { return printBackfill(out, document, wide) })
	}
	switch {
	case !plan.Finished.IsZero():
		return document.concluded(print)
	case len(plan.Problems) > 0:
		for _, problem := range plan.Problems {
			fmt.Fprintf(errOut, "mirror: refused: %s\n", cell(problem))
		}
		return quietExit(exitDifferent)
	case o.dryRun:
		return print()
	}
	if err := o.confirm(document, in, errOut); err != nil {
		return err
	}
	return o.copy(ctx, cfg, b, document, print, errOut)
}

// confirm shows what would be done and asks.
func (o backfillOptions) confirm(d *backfillDocument, in io.Reader, errOut io.Writer) error {
	if !o.yes && isTerminal(in) {
		if err := printBackfill(errOut, d, false); err != nil {
			return err
		}
	}
	return confirm(in, errOut, "Begin?", o.yes)
}

// copy runs the backfill with its progress and prints what came of it.
func (o backfillOptions) copy(ctx context.Context, cfg *config.Config, b *replicate.Backfill, d *backfillDocument, print func() error, errOut io.Writer) error {
	progress := newBackfillProgress(errOut, d)
	logging := cfg.Log
	if logging.Level == "" || strings.EqualFold(logging.Level, "info") {
		logging.Level = "warn" // the progress tells the rest
	}
	log, err := newLogger(logging, progress)
	if err != nil {
		return withCode(exitUsage, err)
	}
	registry := monitor.NewRegistry()
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watchers sync.WaitGroup
	watchers.Go(func() { memoryLimit{cfg.Limits.Memory, registry.Len}.run(beside) })
	watchers.Go(func() { progress.run(beside, b) })
	began := time.Now()
	err = b.Run(ctx, replicate.Options{Log: log, Registry: registry, Process: processName()})
	stop()
	watchers.Wait()
	progress.clear()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			fmt.Fprintf(errOut, "backfill %s is interrupted at %s: the same command goes on\n", d.ID, progress.share())
		}
		return backfillError(ctx, d.ID, err)
	}
	d.finish(b.Progress(), time.Since(began))
	return d.concluded(print)
}

// concluded prints what came of a backfill that is over. Losses show in the exit
// code, also when the same command is given again.
func (d *backfillDocument) concluded(print func() error) error {
	if err := print(); err != nil {
		return err
	}
	if d.LostOffsets > 0 {
		return quietExit(exitWithLosses)
	}
	return nil
}

// backfillError gives an error of the engine its exit code.
func backfillError(ctx context.Context, id string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return withCode(clusterCode(err), fmt.Errorf("backfill %s: %w", id, err))
}

// giveUp ends a backfill for good.
func (o backfillOptions) giveUp(ctx context.Context, cfg *config.Config, route *config.Route, in io.Reader, out, errOut io.Writer) error {
	if o.id == "" {
		return usageErrorf("--abandon needs the --id of the backfill")
	}
	errDry := errors.New("only asked")
	err := replicate.Abandon(ctx, cfg, route, o.id, func(a replicate.Abandoning) error {
		copied, total := int64(0), int64(0)
		for _, g := range a.Ranges {
			copied, total = copied+g.Position-g.From, total+g.To-g.From
		}
		what := fmt.Sprintf("backfill %s of route %s, of which %s of %s records are copied", o.id, route.Name, count(copied), count(total))
		if a.ThenLive {
			what += "; the route will not go on from there"
		}
		if o.dryRun {
			fmt.Fprintf(out, "would give up %s\n", what)
			return errDry
		}
		return confirm(in, errOut, "Give up "+what+"?", o.yes)
	})
	switch {
	case errors.Is(err, errDry):
		return nil
	case err != nil:
		if isUsage(err) {
			return err
		}
		return backfillError(ctx, o.id, err)
	}
	fmt.Fprintf(out, "backfill %s is given up\n", o.id)
	return nil
}
