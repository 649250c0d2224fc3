package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/user"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/offsets"
)

type pauseOptions struct {
	config string
	route  string
	topics []string
	reason string
	dryRun bool
	yes    bool
	pause  bool // else resume
}

func newPauseCommand() *cobra.Command {
	o := pauseOptions{pause: true}
	cmd := &cobra.Command{
		Use:   "pause [ROUTE] [flags]",
		Short: "Let a route or some of its topics rest",
		Long: `Stop copying a route, or topics of it, until mirror resume lets it go on. The pause is kept in the route's checkpoint
topic: it reaches every process of the fleet within about a second and outlives all of them. What is in flight is
waited for; then nothing is fetched or sent any more, and copying goes on later exactly where it stopped.

Watch the source's retention: what it drops during a pause cannot be copied any more. A paused route is ready; its lag
goes on being shown. New topics and partitions are still found and created. A partition that has never been copied
puts its start on record before it rests, so that nothing written during the pause is missed.
A topic must be known: to the checkpoint topic, or to the source and the route's rules.`,
		Example: `  mirror pause west-to-east
  mirror pause west-to-east --topic orders --topic clicks --reason "brokers move"
  mirror pause west-to-east --dry-run
  mirror pause --yes                    # in a script; the only route`,
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "`words` for those who see the pause in the status")
	return pauseCommand(cmd, &o)
}

func newResumeCommand() *cobra.Command {
	var o pauseOptions
	return pauseCommand(&cobra.Command{
		Use:   "resume [ROUTE] [flags]",
		Short: "Let a paused route or topic go on",
		Long: `Take back what mirror pause did, for a route or for topics of it: copying goes on where it stopped, in all processes
within about a second. A topic that was paused by itself rests on when its route is resumed, and the other way round.
A partition that had stopped before it was paused is tried again.`,
		Example: `  mirror resume west-to-east
  mirror resume west-to-east --topic orders
  mirror resume west-to-east --yes      # in a script`,
	}, &o)
}

// pauseCommand adds what both commands have.
func pauseCommand(cmd *cobra.Command, o *pauseOptions) *cobra.Command {
	cmd.Annotations = sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitUnreachable, exitUnauthorised, exitInterrupted),
		exitOK, "it is on record, or was so already")
	cmd.Args = routeArgument
	cmd.ValidArgsFunction = completeRoutes
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := withSignals(cmd.Context(), exitInterrupted)
		defer stop()
		o.route = strings.Join(args, "")
		return runPause(ctx, *o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	addConfigFlag(cmd, &o.config)
	addTopicsFlag(cmd, &o.topics, "only the source topic of this `name`")
	addWriteFlags(cmd, &o.dryRun, &o.yes)
	return cmd
}

// addWriteFlags is for every command that changes something.
func addWriteFlags(cmd *cobra.Command, dryRun, yes *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "only say what would be changed")
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}

// routeArgument lets the name of one route be given as an argument.
func routeArgument(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageErrorf("%s takes one route, got %q too; topics are given with --topic", cmd.CommandPath(), shorten(args[1]))
	}
	return nil
}

func runPause(ctx context.Context, o pauseOptions, in io.Reader, out, errOut io.Writer) error {
	cfg, opened, err := openTarget(ctx, o.config, o.route)
	if err != nil {
		return err
	}
	defer opened.close()
	route, l := opened.route, opened.ledger
	change, err := o.changes(ctx, cfg, route, l, errOut)
	if err != nil || len(change) == 0 {
		return err
	}
	if o.dryRun {
		for _, topic := range change {
			fmt.Fprintf(out, "would %s %s\n", o.verb(), pausable(route, topic))
		}
		return nil
	}
	question := fmt.Sprintf("%s %s?", strings.ToUpper(o.verb()[:1])+o.verb()[1:], strings.Join(pausables(route, change), ", "))
	if err := confirm(in, errOut, question, o.yes); err != nil {
		return err
	}
	return o.write(ctx, l, route, change, out, errOut)
}

func (o pauseOptions) verb() string {
	if o.pause {
		return "pause"
	}
	return "resume"
}

// pausable names a topic of a route, or with "" the route.
func pausable(route *config.Route, topic string) string {
	if topic == "" {
		return "route " + route.Name
	}
	return fmt.Sprintf("topic %s of route %s", topic, route.Name)
}

func pausables(route *config.Route, topics []string) []string {
	var names []string
	for _, topic := range topics {
		names = append(names, pausable(route, topic))
	}
	return names
}

// changes are the topics, "" for the route, whose pause has to be written; of the
// others it says why not. A pause counts when it is in every lane.
func (o pauseOptions) changes(ctx context.Context, cfg *config.Config, route *config.Route, l *ledger, errOut io.Writer) ([]string, error) {
	wanted := o.topics
	if len(wanted) == 0 {
		wanted = []string{""}
	}
	some, all := l.pauses()
	there := sync.OnceValues(func() ([]string, error) { return topicNames(ctx, cfg.Clusters[route.From]) })
	for _, topic := range wanted {
		if _, paused := some[topic]; topic != "" && !paused {
			if err := knownTopic(route, l, topic, there); err != nil {
				return nil, err
			}
		}
	}
	var change []string
	for _, topic := range wanted {
		pause, everywhere := all[topic]
		_, somewhere := some[topic]
		switch {
		case slices.Contains(change, topic): // given twice
		case o.pause && !everywhere || !o.pause && somewhere:
			change = append(change, topic)
		case everywhere:
			fmt.Fprintf(errOut, "%s is paused already%s\n", pausable(route, topic), pausedBy(pause))
		default:
			fmt.Fprintf(errOut, "%s is not paused\n", pausable(route, topic))
		}
	}
	return change, nil
}

// pausedBy is who paused something, for a sentence.
func pausedBy(pause offsets.Pause) string {
	var text string
	if pause.By != "" {
		text = " by " + cell(pause.By)
	}
	if !pause.Time.IsZero() {
		text += " at " + pause.Time.UTC().Format(time.RFC3339)
	}
	if pause.Reason != "" {
		text += " (" + cell(pause.Reason) + ")"
	}
	return text
}

// knownTopic refuses a topic that the route neither copied nor would copy, so
// that a slip of the pen does not look like a pause. Only where the ledger does not
// know the topic it asks which the source has.
func knownTopic(route *config.Route, l *ledger, topic string, there func() ([]string, error)) error {
	copied := slices.Collect(maps.Values(l.copied()))
	if slices.Contains(copied, topic) {
		return nil
	}
	names, err := there()
	known := append(slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !route.Mapper.Decide(name).Take }), copied...)
	d := route.Mapper.Decide(topic)
	switch {
	case slices.Contains(known, topic):
		return nil
	case !d.Take:
		return usageErrorf("--topic %s: route %s does not copy it: %s%s", topic, route.Name, d.Reason, suggestTopic(topic, known))
	case err != nil:
		return err
	}
	return usageErrorf("--topic %s: cluster %s has no such topic, and route %s has never copied one of that name%s",
		topic, route.From, route.Name, suggestTopic(topic, known))
}

func suggestTopic(topic string, names []string) string {
	if near := nearest(topic, names); near != "" {
		return ": did you mean " + near + "?"
	}
	return ""
}

// write puts the wish on record in every lane.
func (o pauseOptions) write(ctx context.Context, l *ledger, route *config.Route, topics []string, out, errOut io.Writer) error {
	pause := offsets.Pause{Paused: o.pause, By: operator(), Reason: o.reason, Time: time.Now()}
	var entries []offsets.Entry
	for _, topic := range topics {
		entries = append(entries, offsets.EveryLane(l.writer.route.Lanes, offsets.Key{Kind: offsets.KindPause, Topic: topic}, pause)...)
	}
	if err := l.write(ctx, entries...); err != nil {
		return err
	}
	for _, topic := range topics {
		fmt.Fprintf(out, "%s is %sd\n", pausable(route, topic), o.verb())
	}
	if !o.pause {
		o.sayRest(l, route, topics, errOut)
	}
	return nil
}

// sayRest names what rests on after a resume because of another pause.
func (o pauseOptions) sayRest(l *ledger, route *config.Route, resumed []string, errOut io.Writer) {
	some, _ := l.pauses()
	for _, topic := range resumed {
		delete(some, topic)
	}
	if whole, paused := some[""]; paused {
		fmt.Fprintf(errOut, "nothing is copied yet: route %s is paused as a whole%s; mirror resume %s\n", route.Name, pausedBy(whole), route.Name)
		return
	}
	if !slices.Contains(resumed, "") {
		return
	}
	for _, topic := range slices.Sorted(maps.Keys(some)) {
		fmt.Fprintf(errOut, "topic %s rests on, it is paused by itself%s; mirror resume %s --topic %s\n", topic, pausedBy(some[topic]), route.Name, topic)
	}
}

// operator is who gives this command, as others can find them.
func operator() string {
	name := "somebody"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// pauses are the pauses that are in at least one lane, and those that are in all.
func (l *ledger) pauses() (some, all map[string]offsets.Pause) {
	some, all = map[string]offsets.Pause{}, map[string]offsets.Pause{}
	lanes := map[string]int{}
	for _, lane := range l.lanes {
		for topic, pause := range lane.Pauses() {
			some[topic] = pause
			if lanes[topic]++; lanes[topic] == len(l.lanes) {
				all[topic] = pause
			}
		}
	}
	return some, all
}
