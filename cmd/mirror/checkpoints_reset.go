package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/offsets"
	"mirror/replicate"
)

type resetOptions struct {
	config, route, topic string
	partitions           string
	to                   string
	dryRun, yes          bool
}

func newCheckpointsResetCommand() *cobra.Command {
	var o resetOptions
	cmd := &cobra.Command{
		Use:   "reset --topic TOPIC --to PLACE [flags]",
		Short: "Copy a topic from a chosen place on, as a new generation",
		Long: `Begin the copy of a topic, or of some of its partitions, anew at a place of the source: earliest, latest, a source
offset, an RFC 3339 time, or a duration for "that long ago". It shows the plan first, and asks.

Nothing is removed from the target: what is copied is appended behind the records that are there, so consumers see again
what they have seen before. To have a topic clean, delete the target topic instead. Where the place is behind the present
position, the records between are left out, and become an entry of the loss ledger.

The copy goes on under the next generation, which is the producer epoch: the target refuses whatever a process that does not
know of it still sends. A running fleet takes it over within seconds, one that does not run at its next start; a paused
topic shows its new position and rests on.`,
		Example: `  mirror checkpoints reset --topic orders --to earliest --dry-run
  mirror checkpoints reset --route west-to-east --topic orders --partitions 0,4-7 --to 2024-05-01T00:00:00Z
  mirror checkpoints reset --topic orders --to latest --yes`,
		Annotations: sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitOK, "it is on record, or there was nothing to reset"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runCheckpointsReset(ctx, o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addRouteFlag(cmd, &o.route, "`name` of the route (may be left out when there is only one)")
	addTopicFlag(cmd, &o.topic, "the source topic of this `name`")
	cmd.Flags().StringVar(&o.partitions, "partitions", "", "only these partitions, as in `0,4-7`")
	cmd.Flags().StringVar(&o.to, "to", "", "the `place`: earliest, latest, a source offset, a time, or how long ago")
	addWriteFlags(cmd, &o.dryRun, &o.yes)
	return cmd
}

func runCheckpointsReset(ctx context.Context, o resetOptions, in io.Reader, out, errOut io.Writer) error {
	if o.topic == "" || o.to == "" {
		return usageErrorf("say with --topic what is to be copied again, and with --to from where: earliest, latest, an offset, a time, or how long ago")
	}
	place, err := parsePlace("--to", o.to, time.Now())
	if err != nil {
		return err
	}
	partitions, err := parsePartitions(o.partitions)
	if err != nil {
		return err
	}
	opened, err := openNamed(ctx, o.config, o.route)
	if err != nil {
		return err
	}
	defer opened.close()
	r := &reset{openRoute: opened, place: place, now: time.Now()}
	if err := r.plan(ctx, o.topic, partitions); err != nil {
		return err
	}
	return r.carryOut(ctx, o, in, out, errOut)
}

// reset is the plan of new generations for partitions of one topic.
type reset struct {
	*openRoute
	place replicate.Bound
	now   time.Time

	topic *replicate.TopicPlan
	rows  []resetRow
	begun []int32 // wanted partitions that were never copied
}

// resetRow is the plan for one partition.
type resetRow struct {
	partition  int32
	lane       int32
	old        offsets.Checkpoint // the newest on record
	generation int32              // the new one
	from       int64              // the source offset it begins at
	end        int64              // of the source
	append     int64              // the target offset it begins at, as of now
}

// plan finds out for each partition where it stands and where it would begin.
func (r *reset) plan(ctx context.Context, topic string, wanted []int32) error {
	if err := r.knownTopic(ctx, topic); err != nil {
		return err
	}
	plan, err := r.runnablePlan(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(plan.Topics, func(t replicate.TopicPlan) bool { return t.Decision.Topic == topic })
	if at < 0 || plan.Topics[at].Source == nil || plan.Topics[at].Target == nil {
		return usageErrorf("--topic %s: it is not on both clusters at present, so there is nothing to begin anew; mirror plan --topic %s says more", topic, topic)
	}
	r.topic = &plan.Topics[at]
	if wanted == nil {
		for _, m := range r.topic.Source.Partitions {
			wanted = append(wanted, m.Partition)
		}
		slices.Sort(wanted)
	}
	begins, err := r.begins(ctx)
	if err != nil {
		return err
	}
	for _, partition := range wanted {
		if err := r.planPartition(partition, begins); err != nil {
			return err
		}
	}
	return nil
}

// resetOffsets are the places of a topic's partitions on both sides.
type resetOffsets struct{ start, end, place, target kadm.ListedOffsets }

func (r *reset) begins(ctx context.Context) (o resetOffsets, err error) {
	topic := r.topic.Decision.Topic
	if o.start, err = r.source.admin.ListStartOffsets(ctx, topic); err == nil {
		if r.route.ReadCommitted {
			o.end, err = r.source.admin.ListCommittedOffsets(ctx, topic)
		} else {
			o.end, err = r.source.admin.ListEndOffsets(ctx, topic)
		}
	}
	if err == nil && !r.place.Time.IsZero() {
		o.place, err = r.source.admin.ListOffsetsAfterMilli(ctx, r.place.Time.UnixMilli(), topic)
	}
	for _, listed := range []kadm.ListedOffsets{o.start, o.end, o.place} {
		if err == nil {
			err = listed.Error()
		}
	}
	if err != nil {
		return o, clusterError(err, r.source.config, "list offsets of "+topic)
	}
	if o.target, err = r.target.admin.ListEndOffsets(ctx, r.topic.Decision.Target); err == nil {
		err = o.target.Error()
	}
	return o, clusterError(err, r.target.config, "list offsets of "+r.topic.Decision.Target)
}

func (r *reset) planPartition(partition int32, o resetOffsets) error {
	topic, target := r.topic.Decision.Topic, r.topic.Decision.Target
	start, ok := o.start.Lookup(topic, partition)
	if !ok {
		return usageErrorf("--partitions: topic %s has no partition %d on cluster %s", topic, partition, r.route.From)
	}
	end, _ := o.end.Lookup(topic, partition)
	key := offsets.Key{Kind: offsets.KindCheckpoint, Topic: topic, Partition: partition, Target: target}
	row := resetRow{partition: partition, lane: offsets.LaneOf(topic, partition, int32(r.route.Lanes)), from: start.Offset, end: end.Offset}
	found := false
	if int(row.lane) < len(r.ledger.lanes) {
		lane := r.ledger.lanes[row.lane]
		key.Generation = lane.Generation(topic, partition, target)
		row.old, found, _ = lane.Checkpoint(key) // one that cannot be used any more is a reason to begin anew
	}
	if !found {
		r.begun = append(r.begun, partition)
		return nil
	}
	if row.generation = key.Generation + 1; row.generation > math.MaxInt16 {
		return usageErrorf("%s/%d has used up all %d generations: copy the topic under another name", topic, partition, math.MaxInt16)
	}
	switch {
	case r.place.Latest:
		row.from = end.Offset
	case !r.place.Time.IsZero():
		after, _ := o.place.Lookup(topic, partition)
		row.from = min(after.Offset, end.Offset)
	case r.place.Offset >= 0:
		row.from = r.place.Offset
	}
	if row.from < start.Offset || row.from > end.Offset {
		return usageErrorf("--to %d: %s/%d holds the offsets %d to %d", row.from, topic, partition, start.Offset, end.Offset)
	}
	written, _ := o.target.Lookup(target, partition)
	row.append = written.Offset
	r.rows = append(r.rows, row)
	return nil
}

// carryOut shows the plan and, when somebody agrees, puts it on record.
func (r *reset) carryOut(ctx context.Context, o resetOptions, in io.Reader, out, errOut io.Writer) error {
	if len(r.begun) > 0 {
		fmt.Fprintf(errOut, "never copied yet, so that they begin by the route's start: %s of %s: %s\n", plural(int64(len(r.begun)), "partition"), o.topic, partitionList(r.begun))
	}
	if len(r.rows) == 0 {
		fmt.Fprintln(errOut, "nothing to reset")
		return nil
	}
	if err := r.print(out); err != nil {
		return err
	}
	if o.dryRun {
		return nil
	}
	question := fmt.Sprintf("Copy %s of %s again as above?", plural(int64(len(r.rows)), "partition"), o.topic)
	if err := confirm(in, errOut, question, o.yes); err != nil {
		return err
	}
	if err := r.ledger.write(ctx, r.entries()...); err != nil {
		return err
	}
	running, err := fleetSize(ctx, r.target, r.route)
	switch {
	case err != nil:
		fmt.Fprintf(errOut, "on record; whether a fleet runs cannot be told: %v\n", err)
	case running == 0:
		fmt.Fprintf(errOut, "on record; no process copies route %s at present, its next start takes it over\n", r.route.Name)
	default:
		fmt.Fprintf(errOut, "on record; a running fleet takes it over within seconds (its group has %s)\n", plural(int64(running), "member"))
	}
	return nil
}

func (r *reset) print(out io.Writer) error {
	fmt.Fprintf(out, "route %s: topic %s to %s\n\n", r.route.Name, r.topic.Decision.Topic, r.topic.Decision.Target)
	t := newTable(out, "PARTITION", "GENERATION", "NOW AT", "BEGINS AT", "SOURCE END", "COPIED AGAIN", "LEFT OUT", "APPENDED AT")
	var again, left int64
	for _, row := range r.rows {
		back, forward := max(row.old.Source-row.from, 0), max(row.from-row.old.Source, 0)
		again, left = again+back, left+forward
		t.row(strconv.Itoa(int(row.partition)), strconv.Itoa(int(row.generation)), strconv.FormatInt(row.old.Source, 10), strconv.FormatInt(row.from, 10),
			strconv.FormatInt(row.end, 10), count(back), count(forward), strconv.FormatInt(row.append, 10))
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if again > 0 {
		fmt.Fprintf(out, "About %s offsets that were copied before are copied again: their records appear a second time on %s,\nbehind those that are there. Nothing is removed.\n",
			count(again), r.topic.Decision.Target)
	}
	if left > 0 {
		fmt.Fprintf(out, "About %s offsets that were not copied yet are left out; they become entries of the loss ledger.\n", count(left))
	}
	return nil
}

// entries are the checkpoints that ask for the new generations.
func (r *reset) entries() []offsets.Entry {
	var entries []offsets.Entry
	for _, row := range r.rows {
		entries = append(entries, offsets.Entry{Lane: row.lane,
			Key: offsets.Key{Kind: offsets.KindCheckpoint, Topic: r.topic.Decision.Topic, Partition: row.partition, Target: r.topic.Decision.Target, Generation: row.generation},
			Value: offsets.Checkpoint{SourceTopicID: r.topic.Source.ID, TargetTopicID: r.topic.Target.ID, Source: row.from, SourceEpoch: -1, LastSource: -1,
				Ordinal: row.from, Base: row.from, Target: row.append, TargetEpoch: -1, ReadCommitted: r.route.ReadCommitted, Filter: row.old.Filter,
				Shared: row.old.Shared, Compacted: row.old.Compacted, Asked: true, Time: r.now}})
	}
	return entries
}

// partitionList names partitions, the first few of many.
func partitionList(partitions []int32) string {
	const most = 10
	var names []string
	for _, p := range partitions[:min(most, len(partitions))] {
		names = append(names, strconv.Itoa(int(p)))
	}
	if len(partitions) > most {
		names = append(names, "...")
	}
	return strings.Join(names, ", ")
}
