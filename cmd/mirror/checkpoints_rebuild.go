package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"mirror/offsets"
	"mirror/replicate"
)

// rebuildAtOnce bounds how many partitions are looked at together.
const rebuildAtOnce = 8

type rebuildOptions struct {
	config, route string
	topics        []string
	dryRun, yes   bool
}

func newCheckpointsRebuildCommand() *cobra.Command {
	var o rebuildOptions
	cmd := &cobra.Command{
		Use:   "rebuild [flags]",
		Short: "Find out from the logs of both sides where the copies end",
		Long: `For a route whose checkpoint topic is lost while its target topics are not: the mirror then waits, since it must not
copy everything a second time. This finds the last batch of each partition's own producer in the target's log, finds the
source record that equals its last one, and compares up to 100 records in front of it. Where that proves the position it
is put on record, and copying goes on there with nothing lost and nothing twice. Where it proves nothing, that is said and
the partition is left alone.

Partitions with a checkpoint are not touched. It is refused while a fleet runs that may be copying; one that waits for
this goes on by itself. The loss ledger, the offset map and the record of which topic configs the mirror manages cannot
be rebuilt.`,
		Example: `  mirror checkpoints rebuild --dry-run
  mirror checkpoints rebuild --route west-to-east
  mirror checkpoints rebuild --topic orders --yes`,
		Annotations: sayExitCode(sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitOK, "every position is proven, or on record already"),
			exitDifferent, "some positions could not be proven; they are named"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runCheckpointsRebuild(ctx, o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addRouteFlag(cmd, &o.route, "`name` of the route (may be left out when there is only one)")
	addTopicsFlag(cmd, &o.topics, "only the source topic of this `name`")
	addWriteFlags(cmd, &o.dryRun, &o.yes)
	return cmd
}

func runCheckpointsRebuild(ctx context.Context, o rebuildOptions, in io.Reader, out, errOut io.Writer) error {
	opened, err := openNamed(ctx, o.config, o.route)
	if err != nil {
		return err
	}
	defer opened.close()
	for _, topic := range o.topics {
		if err := opened.knownTopic(ctx, topic); err != nil {
			return err
		}
	}
	r := &rebuild{openRoute: opened}
	if err := r.plan(ctx, o.topics); err != nil {
		return err
	}
	return r.carryOut(ctx, o, in, out, errOut)
}

// rebuild is what was found out about the partitions of a route.
type rebuild struct {
	*openRoute
	rows  []rebuildRow // those without a checkpoint whose target has something of the copy
	known int          // partitions with a checkpoint
}

// rebuildRow is one partition whose checkpoint is lost.
type rebuildRow struct {
	topic, target string
	partition     int32
	found         *replicate.FoundCopy // nil: not proven
	why           string
}

// plan looks at every partition without a checkpoint.
func (r *rebuild) plan(ctx context.Context, topics []string) error {
	plan, err := r.runnablePlan(ctx)
	if err != nil {
		return err
	}
	var (
		looking sync.WaitGroup
		mu      sync.Mutex // guards r.rows and failed
		failed  error
		slots   = make(chan struct{}, rebuildAtOnce)
	)
	for i := range plan.Topics {
		t := &plan.Topics[i]
		if t.Source == nil || t.Target == nil || len(topics) > 0 && !slices.Contains(topics, t.Decision.Topic) {
			continue
		}
		for _, m := range t.Source.Partitions {
			if r.hasCheckpoint(t, m.Partition) {
				r.known++
				continue
			}
			if int(m.Partition) >= len(t.Target.Partitions) {
				continue
			}
			slots <- struct{}{}
			looking.Go(func() {
				defer func() { <-slots }()
				row, err := r.look(ctx, t, m.Partition)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = cmp.Or(failed, err)
				} else if row != nil {
					r.rows = append(r.rows, *row)
				}
			})
		}
	}
	looking.Wait()
	slices.SortFunc(r.rows, func(a, b rebuildRow) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	return failed
}

func (r *rebuild) hasCheckpoint(t *replicate.TopicPlan, partition int32) bool {
	lane := offsets.LaneOf(t.Decision.Topic, partition, int32(r.route.Lanes))
	if int(lane) >= len(r.ledger.lanes) {
		return false
	}
	return slices.ContainsFunc(r.ledger.lanes[lane].Checkpoints(), func(k offsets.Key) bool {
		return k.Topic == t.Decision.Topic && k.Partition == partition && k.Target == t.Decision.Target
	})
}

// look finds out about one partition; nil means that the target has nothing of
// the copy, so that it can begin by itself.
func (r *rebuild) look(ctx context.Context, t *replicate.TopicPlan, partition int32) (*rebuildRow, error) {
	found, err := replicate.FindCopy(ctx, r.route, r.source.side(), r.target.side(), t, partition)
	row := &rebuildRow{topic: t.Decision.Topic, target: t.Decision.Target, partition: partition, found: found}
	var unproven *replicate.UnprovenError
	switch {
	case errors.As(err, &unproven):
		row.why = unproven.Why
	case err != nil:
		return nil, withCode(clusterCode(err), fmt.Errorf("find where the copy of %s/%d ends: %w", row.topic, partition, err))
	case found == nil:
		return nil, nil
	}
	return row, nil
}

// carryOut shows what was found and, when somebody agrees, puts it on record.
func (r *rebuild) carryOut(ctx context.Context, o rebuildOptions, in io.Reader, out, errOut io.Writer) error {
	if r.known > 0 {
		fmt.Fprintf(errOut, "left alone, since they have a checkpoint: %s\n", plural(int64(r.known), "partition"))
	}
	if len(r.rows) == 0 {
		fmt.Fprintln(errOut, "nothing to rebuild")
		return nil
	}
	entries, err := r.print(out)
	if err != nil {
		return err
	}
	if !o.dryRun && len(entries) > 0 {
		if err := r.refuseRunning(ctx); err != nil {
			return err
		}
		if err := confirm(in, errOut, fmt.Sprintf("Go on from these positions of %s?", plural(int64(len(entries)), "partition")), o.yes); err != nil {
			return err
		}
		if err := r.ledger.write(ctx, entries...); err != nil {
			return err
		}
		fmt.Fprintf(errOut, "on record: %s; copying goes on there\n", plural(int64(len(entries)), "position"))
	}
	if len(entries) < len(r.rows) {
		return quietExit(exitDifferent)
	}
	return nil
}

// refuseRunning refuses while processes run that may be copying. A process that
// waits for this has claimed the partition's lane and found nothing there.
func (r *rebuild) refuseRunning(ctx context.Context) error {
	running, err := fleetSize(ctx, r.target, r.route)
	if err != nil || running == 0 {
		return err
	}
	for _, row := range r.rows {
		lane := offsets.LaneOf(row.topic, row.partition, int32(r.route.Lanes))
		if int(lane) >= len(r.ledger.lanes) || newestOwner(r.ledger.lanes[lane]) == "" {
			return withCode(exitFailed, fmt.Errorf("group %s has %s that may be copying %s/%d from what they remember: stop the mirror, wait until its session has ended (10 s) and run this again",
				offsets.TopicName(r.route.Name), plural(int64(running), "member"), row.topic, row.partition))
		}
	}
	return nil
}

// print shows what was found and returns what is to be put on record.
func (r *rebuild) print(out io.Writer) ([]offsets.Entry, error) {
	var entries []offsets.Entry
	t := newTable(out, "TOPIC", "PARTITION", "TARGET", "GOES ON AT", "TARGET OFFSET", "GENERATION", "PROOF")
	for _, row := range r.rows {
		cells := []string{row.topic, strconv.Itoa(int(row.partition)), row.target, "?", "?", "?", "none: " + row.why}
		if f := row.found; f != nil {
			cells = append(cells[:3], strconv.FormatInt(f.Checkpoint.Source, 10), strconv.FormatInt(f.Checkpoint.Target, 10),
				strconv.Itoa(int(f.Generation)), fmt.Sprintf("last %s equal", plural(int64(f.Compared), "record")))
			entries = append(entries, offsets.Entry{Lane: offsets.LaneOf(row.topic, row.partition, int32(r.route.Lanes)), Value: f.Checkpoint,
				Key: offsets.Key{Kind: offsets.KindCheckpoint, Topic: row.topic, Partition: row.partition, Target: row.target, Generation: f.Generation}})
		}
		t.row(cells...)
	}
	return entries, t.flush()
}
