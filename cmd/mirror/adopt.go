package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/offsets"
	"mirror/replicate"
)

type adoptOptions struct {
	config, routeName, output, offsetsTopic string
	topics                                  []string
	dryRun, yes, force, trust               bool
	settle, wait                            time.Duration
	effort                                  int64
}

func newAdoptCommand() *cobra.Command {
	var o adoptOptions
	cmd := &cobra.Command{
		Use:   "adopt [flags]",
		Short: "Go on where MirrorMaker 2, or another copier, has stopped",
		Long: `Find out where existing copies of a route's topics end, and put these positions on record, so that mirror run
goes on from there with nothing lost and nothing repeated. The copies can be MirrorMaker 2's or those of anything
that copied records in order and unchanged, into the topics that the route's rename rules name.

What counts are the records: the target's last ones are looked for in the source, as a run, with key, value,
headers and timestamp. MirrorMaker's own offsets (its topics mm2-offset-syncs.* and mm2-offsets.*) only decide
between equal records. Where the position cannot be told for certain the partition is refused, with the reason,
and waits: mirror run does not touch it. What the source dropped before it was copied goes into the loss ledger.

Stop the other copier first. While it runs, or while the route's own fleet runs, nothing is adopted. A killed one
is gone after its session timeout; this command waits for that (--wait). It can be run again at any time:
partitions that are on record already are left alone.`,
		Example: `  mirror adopt --route west-to-east --dry-run
  mirror adopt --route west-to-east
  mirror adopt --route west-to-east --topic orders --yes -o json`,
		Annotations: sayExitCode(sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitWithLosses, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitWithLosses, "adopted, but the source had dropped records before they were copied"),
			exitDifferent, "somebody still writes, or a partition was refused; the others are adopted"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runAdopt(ctx, o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addOutputFlag(cmd, &o.output)
	addRouteFlag(cmd, &o.routeName, "`name` of the route (may be left out when there is only one)")
	addTopicsFlag(cmd, &o.topics, "only the source topic of this `name`")
	flags := cmd.Flags()
	flags.BoolVar(&o.dryRun, "dry-run", false, "find and print the positions, write nothing")
	flags.BoolVarP(&o.yes, "yes", "y", false, "write without asking")
	flags.BoolVar(&o.force, "force", false, "adopt although the other copier seems to run: what it writes from now on is repeated")
	flags.BoolVar(&o.trust, "trust-offsets", false, "believe MirrorMaker's offsets where the target has dropped everything that could prove them")
	flags.StringVar(&o.offsetsTopic, "offsets-topic", "", "`topic` of the target that Kafka Connect keeps its offsets in (default mm2-offsets.<source>.internal)")
	flags.DurationVar(&o.wait, "wait", 30*time.Second, "wait at most this `time` for a copier that was stopped to leave its group")
	flags.DurationVar(&o.settle, "settle", 5*time.Second, "watch the target for this `time` to see whether somebody writes")
	flags.Int64Var(&o.effort, "effort", replicate.TakeoverEffort, "compare at most this `number` of records for one partition")
	return cmd
}

func (o adoptOptions) check() error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	if o.settle < 0 || o.wait < 0 {
		return usageErrorf("--settle %s, --wait %s: a time is negative", o.settle, o.wait)
	}
	if o.effort < 1 {
		return usageErrorf("--effort %d: compare at least 1 record", o.effort)
	}
	return nil
}

func runAdopt(ctx context.Context, o adoptOptions, in io.Reader, out, errOut io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	cfg, route, err := loadRoute(o.config, o.routeName)
	if err != nil {
		return err
	}
	a, err := openAdoption(ctx, cfg, route, o, errOut)
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.find(ctx); err != nil {
		return err
	}
	written := false
	if !o.dryRun && a.report.Adopted > 0 {
		if !o.yes { // whoever is asked has to see what is meant
			if err := printAdoption(errOut, a.report, false); err != nil {
				return err
			}
		}
		question := fmt.Sprintf("Go on in %s from these positions?", plural(int64(a.report.Adopted), "partition"))
		if err := confirm(in, errOut, question, o.yes); err != nil {
			return err
		}
		if err := a.write(ctx); err != nil {
			return err
		}
		written = a.report.Adopted > 0
	}
	a.report.Written = written
	if err := writeOutput(out, o.output, a.report, func(out io.Writer, wide bool) error { return printAdoption(out, a.report, wide) }); err != nil {
		return err
	}
	return a.verdict()
}

// adoption is one run of the command.
type adoption struct {
	adoptOptions
	*openRoute
	plan     *replicate.RoutePlan
	takeover *replicate.Takeover
	hints    mm2Offsets
	errOut   io.Writer
	parts    []*adoptedPartition
	report   adoptReport
}

// adoptedPartition is one partition with what was found.
type adoptedPartition struct {
	topic  *replicate.TopicPlan
	number int32
	state  string
	ending replicate.Ending
	before int64 // the target's end when the search began, -1 when it was not looked at
}

func openAdoption(ctx context.Context, cfg *config.Config, route *config.Route, o adoptOptions, errOut io.Writer) (*adoption, error) {
	opened, err := openSides(ctx, cfg, route)
	if err != nil {
		return nil, err
	}
	a := &adoption{adoptOptions: o, openRoute: opened, errOut: errOut}
	if a.plan, err = a.planRoute(ctx); err == nil && a.plan.Problem != "" {
		err = withCode(exitDifferent, fmt.Errorf("%s cannot run: %s", routeTitle(route), a.plan.Problem))
	}
	if err != nil {
		a.close()
		return nil, err
	}
	a.takeover = replicate.NewTakeover(route, a.source.side(), a.target.side(), replicate.TakeoverOptions{Effort: o.effort, Trust: o.trust})
	a.warnOfReturn(cfg)
	return a, nil
}

// warnOfReturn speaks up where names are kept in both directions: what another
// copier wrote carries no mark that keeps it from being copied back.
func (a *adoption) warnOfReturn(cfg *config.Config) {
	for _, back := range cfg.Routes {
		if back.From != a.route.To || back.To != a.route.From {
			continue
		}
		for i := range a.plan.Topics {
			t := &a.plan.Topics[i]
			if t.KeepsName && t.Target != nil && back.Mapper.Decide(t.Decision.Topic).KeepsName {
				fmt.Fprintf(a.errOut, "warning: route %s copies topic %s back under its name, and with it what the other copier has written: exclude such topics there until that has expired\n",
					back.Name, cell(t.Decision.Topic))
				return
			}
		}
	}
}

// write puts the positions on record, a topic's configs that are alike on both
// sides with them: mirror keeps those in step from now on, as MirrorMaker did.
func (a *adoption) write(ctx context.Context) error {
	// Again, since somebody may have started or written while a person thought.
	if err := a.quiet(ctx); err != nil {
		return err
	}
	if err := a.each(ctx, a.moved); err != nil {
		return err
	}
	a.describe()
	var entries []offsets.Entry
	recorded := make(map[string]bool)
	for _, p := range a.parts {
		if p.state != stateAdopt && p.state != stateBegin {
			continue
		}
		if p.topic.Existing && !recorded[p.topic.Decision.Target] {
			recorded[p.topic.Decision.Target] = true
			entries = append(entries, offsets.Entry{Key: offsets.Key{Kind: offsets.KindConfig, Target: p.topic.Decision.Target},
				Value: offsets.TopicConfig{Keys: append([]string{}, p.topic.Alike...), TopicID: p.topic.Target.ID}})
		}
		entries = append(entries, a.takeover.Entries(p.topic, p.number, p.ending)...)
	}
	return a.ledger.write(ctx, entries...)
}

// verdict is the exit code.
func (a *adoption) verdict() error {
	switch {
	case a.report.Refused > 0:
		return quietExit(exitDifferent)
	case a.report.Losses > 0:
		return quietExit(exitWithLosses)
	}
	return nil
}
