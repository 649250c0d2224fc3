package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/verify"
)

type verifyOptions struct {
	config     string
	route      string
	backfill   string
	topics     []string
	from, to   string
	sample     string
	wait       time.Duration
	allowHoles bool
	noRecord   bool
	output     string
}

func newVerifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [flags]",
		Short: "Compare the records of source and target",
		Long: `Read both sides of a route and compare keys, values, headers, timestamps and order, record by record, with code
that shares nothing with the code that copies. Both ends are frozen when it starts. Lost, repeated, reordered,
changed, misrouted and foreign records are named with their offsets on both sides.

Log starts that differ after retention are aligned. Compacted topics are compared by the latest value of each
key. Records that are not copied yet are told and are no difference; --wait gives the mirror time to copy them.
Ranges in the loss ledger are told too, and end with exit code 3.

The result of a whole route (without --topic, --from, --to, --sample and --backfill) is left in the route's checkpoint
topic, where mirror status, the page and the metrics show it as the last verify; --no-record leaves it out. Nothing
else is written anywhere. Where that may not be written, a line on stderr says so and the comparison counts all the same.

--from and --to (exclusive) are a source offset, an RFC 3339 time, or a duration for "that long ago".`,
		Example: `  mirror verify
  mirror verify --route west-to-east --topic orders
  mirror verify --from -1h --wait 30s          # the last hour, after waiting for the mirror
  mirror verify --backfill repair-1           # what a backfill has copied
  mirror verify --sample 5                    # 5 percent, in pieces of some thousand records
  mirror verify -o json > report.json`,
		Annotations: sayExitCode(sayExitCode(withExitCodes(
			exitOK, exitFailed, exitUsage, exitWithLosses, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitWithLosses, "no difference, but there are recorded losses"),
			exitDifferent, "there are differences"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runVerify(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addOutputFlag(cmd, &o.output)
	addRouteFlag(cmd, &o.route, "`name` of the route (may be left out when there is only one)")
	addTopicsFlag(cmd, &o.topics, "only the source topic of this `name`")
	flags := cmd.Flags()
	flags.StringVar(&o.backfill, "backfill", "", "compare what the route's backfill of this `id` has copied, and only that")
	flags.StringVar(&o.from, "from", "", "begin at this `place`: source offset, time, or how long ago")
	flags.StringVar(&o.to, "to", "", "end before this `place`: source offset, time, or how long ago")
	flags.StringVar(&o.sample, "sample", "", "compare only this `share`, in percent")
	flags.DurationVar(&o.wait, "wait", 0, "wait for this `time`, after the target stopped growing, for records not copied yet")
	flags.BoolVar(&o.allowHoles, "allow-holes", false, "accept missing offsets in topics that are not compacted now but were")
	flags.BoolVar(&o.noRecord, "no-record", false, "do not leave the result in the checkpoint topic")
	return cmd
}

func runVerify(ctx context.Context, o verifyOptions, out, errOut io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	bounds, err := o.bounds(time.Now())
	if err != nil {
		return err
	}
	cfg, route, err := loadRoute(o.config, o.route)
	if err != nil {
		return err
	}
	if o.backfill != "" {
		route = backfillRoute(route, o.backfill)
	}
	r, err := openSides(ctx, cfg, route)
	if err != nil {
		return err
	}
	defer r.close()
	pairs, err := o.pairs(ctx, r.source, route, r.ledger)
	if err != nil {
		return err
	}
	options := verify.RouteOptions(route)
	if o.backfill != "" {
		options.StartLater, options.Ranges = false, r.ledger.ranges()
	}
	options.From, options.To, options.Sample = bounds.From, bounds.To, bounds.Sample
	options.Wait, options.AllowHoles = o.wait, o.allowHoles
	options.Losses = verifyLosses(r.ledger)
	options.Hint = verifyHint(r.ledger)
	options.Progress = newVerifyProgress(errOut).show
	report, err := verify.Run(ctx, r.source.client, r.target.client, pairs, options)
	if err != nil && ctx.Err() == nil {
		return withCode(clusterCode(err), fmt.Errorf("verify %s: %w", routeTitle(route), err))
	}
	if report == nil {
		return err
	}
	printed := writeOutput(out, o.output, report, func(out io.Writer, _ bool) error { return report.WriteText(out) })
	if printed != nil {
		return printed
	}
	if err != nil {
		return err // interrupted: what was compared until then is printed
	}
	o.record(ctx, r.ledger, report, errOut)
	return verdict(report)
}

// bounds reads the flags that say what to compare, before anything is dialled.
func (o verifyOptions) bounds(now time.Time) (b verify.Options, err error) {
	if b.From, err = parseBound("--from", o.from, now); err != nil {
		return b, err
	}
	if b.To, err = parseBound("--to", o.to, now); err != nil {
		return b, err
	}
	if o.sample != "" {
		b.Sample, err = strconv.ParseFloat(strings.TrimSuffix(o.sample, "%"), 64)
		if err != nil || !(b.Sample > 0 && b.Sample <= 100) {
			return b, usageErrorf("--sample %q is no share: use a number above 0 and up to 100", o.sample)
		}
	}
	if o.wait < 0 {
		return b, usageErrorf("--wait %v is negative", o.wait)
	}
	return b, nil
}

func parseBound(flag, text string, now time.Time) (verify.Bound, error) {
	if text == "" {
		return verify.Bound{}, nil
	}
	if offset, err := strconv.ParseInt(text, 10, 64); err == nil && offset >= 0 {
		return verify.Bound{Set: true, Offset: offset}, nil
	}
	if at, ok := parseTime(text, now); ok {
		return verify.Bound{Set: true, Time: at}, nil
	}
	return verify.Bound{}, usageErrorf("%s %q: use an offset (1234), a time (2006-01-02T15:04:05Z) or how long ago (-90m)", flag, shorten(text))
}

// pairs names what is compared.
func (o verifyOptions) pairs(ctx context.Context, source *cluster, route *config.Route, l *ledger) ([]verify.Pair, error) {
	if o.backfill != "" {
		return l.backfillPairs(route, o.backfill, o.topics)
	}
	return verifyPairs(ctx, source, route, l, o.topics)
}

// verifyPairs names what the route copies now, of the wanted topics or of all.
func verifyPairs(ctx context.Context, source *cluster, route *config.Route, l *ledger, wanted []string) ([]verify.Pair, error) {
	for _, topic := range wanted {
		if d := route.Mapper.Decide(topic); !d.Take {
			return nil, usageErrorf("--topic %s: %s does not copy it: %s", topic, routeTitle(route), d.Reason)
		}
	}
	pairs, err := verify.Pairs(ctx, source.client, route, l.copied())
	if err != nil {
		return nil, clusterError(err, source.config, "list topics")
	}
	for _, topic := range wanted {
		if !slices.ContainsFunc(pairs, func(p verify.Pair) bool { return p.Source == topic }) {
			return nil, withCode(exitUsage, fmt.Errorf("--topic %s: cluster %s has no such topic, or mirror plan --topic %s says why it is not copied", topic, route.From, topic))
		}
	}
	if len(wanted) > 0 {
		pairs = slices.DeleteFunc(pairs, func(p verify.Pair) bool { return !slices.Contains(wanted, p.Source) })
	}
	for i := range pairs {
		// What the mirror found when it began to copy is better than what the
		// configuration lets one expect.
		if shared, known := l.shared(pairs[i].Source, pairs[i].Target); known {
			pairs[i].Shared = shared
		}
	}
	return pairs, nil
}

func verifyLosses(l *ledger) []verify.Loss {
	var losses []verify.Loss
	for _, entry := range l.losses() {
		losses = append(losses, verify.Loss{Topic: entry.Key.Topic, Partition: entry.Key.Partition, Target: entry.Key.Target,
			From: entry.Loss.From, To: entry.Loss.To, TargetFrom: entry.Loss.TargetFrom, TargetTo: entry.Loss.TargetTo,
			Cause: entry.Loss.Cause})
	}
	return losses
}

// verifyHint tells verify where to begin reading after retention moved the log
// starts apart. It is a hint only: the records decide.
func verifyHint(l *ledger) func(verify.PartitionKey, int64) (int64, bool) {
	var mu sync.Mutex
	maps := make(map[verify.PartitionKey]func(int64) (int64, bool)) // guarded by mu
	return func(key verify.PartitionKey, source int64) (int64, bool) {
		mu.Lock()
		defer mu.Unlock()
		translate, ok := maps[key]
		if !ok {
			translate = func(int64) (int64, bool) { return 0, false }
			if m := l.offsetMap(key.Source, key.Partition, key.Target); m != nil {
				translate = func(source int64) (int64, bool) {
					target, _, _, ok := m.Translate(source)
					return target, ok
				}
			}
			maps[key] = translate
		}
		return translate(source)
	}
}

// verdict makes the exit code of a complete report, whose text is printed.
func verdict(report *verify.Report) error {
	switch {
	case report.Differs():
		return quietExit(exitDifferent)
	case !report.Equal():
		return quietExit(exitFailed) // partitions that could not be read
	case report.KnownLost > 0:
		return quietExit(exitWithLosses)
	}
	return nil
}
