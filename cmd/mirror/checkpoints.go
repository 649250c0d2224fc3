package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/offsets"
)

func newCheckpointsCommand() *cobra.Command {
	return groupOf(&cobra.Command{
		Use:   "checkpoints",
		Short: "See and change how far the copies are",
		Long: `The mirror's own progress, one checkpoint for each copied partition, is kept in the route's checkpoint topic on the
target. It shortens recovery and is never the truth: what the target's log holds counts.`,
		Example: `  mirror checkpoints list --route west-to-east
  mirror checkpoints reset --topic orders --to earliest --dry-run
  mirror checkpoints rebuild --dry-run`,
		Annotations: withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
	},
		newCheckpointsListCommand(),
		newCheckpointsResetCommand(),
		newCheckpointsRebuildCommand(),
	)
}

type checkpointsOptions struct {
	config, route string
	topics        []string
	output        string
}

func newCheckpointsListCommand() *cobra.Command {
	var o checkpointsOptions
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "Show the position of each partition on record",
		Long: `Show the newest checkpoint of each copied partition: the source offset to be copied next, the target offset it will
have, the ordinal (the number of the record among those that can be forwarded), the drift between offset and ordinal,
the lane with the process that claimed it last, the generation (0 unless the copy was begun anew) and how old the record is.

A partition that does not move writes no new checkpoint, so an old one is nothing bad. "clean" says that nothing was sent
after it. It needs the target only, and no daemon.`,
		Example: `  mirror checkpoints list
  mirror checkpoints list --route west-to-east --topic orders -o wide
  mirror checkpoints list -o json | jq '.checkpoints[] | select(.generation > 0)'`,
		Annotations: withExitCodes(exitOK, exitFailed, exitUsage, exitUnreachable, exitUnauthorised, exitInterrupted),
		Args:        noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runCheckpointsList(ctx, o, cmd.OutOrStdout())
		},
	}
	addConfigFlag(cmd, &o.config)
	addRouteFlag(cmd, &o.route, "only the route of this `name`")
	addTopicsFlag(cmd, &o.topics, "only the source topic of this `name`")
	addOutputFlag(cmd, &o.output)
	return cmd
}

// checkpointDocument is the JSON of `mirror checkpoints list -o json`.
type checkpointDocument struct {
	Checkpoints []checkpointRow `json:"checkpoints"`
}

// checkpointRow is the newest checkpoint of one partition.
type checkpointRow struct {
	Route        string    `json:"route"`
	Topic        string    `json:"topic"`
	Partition    int32     `json:"partition"`
	Target       string    `json:"target"`
	SourceOffset int64     `json:"source_offset"` // next
	TargetOffset int64     `json:"target_offset"` // next
	LastSource   int64     `json:"last_source"`   // offset of the last record copied, -1 for none
	Ordinal      int64     `json:"ordinal"`       // of the next record
	Drift        int64     `json:"drift"`
	Generation   int32     `json:"generation"`
	Asked        bool      `json:"asked"` // the generation was asked for and has not begun
	Clean        bool      `json:"clean"`
	Shared       bool      `json:"shared"`    // others write to the target partition, too
	Compacted    bool      `json:"compacted"` // the source was ever compacted
	Lane         int32     `json:"lane"`
	Owner        string    `json:"owner"` // who claimed the lane last; empty: nobody
	Time         time.Time `json:"time"`
	Fault        string    `json:"fault"` // why the record cannot be used, or ""
}

func runCheckpointsList(ctx context.Context, o checkpointsOptions, out io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	document := checkpointDocument{Checkpoints: []checkpointRow{}}
	routes, err := eachLedger(ctx, o.config, o.route, func(route *config.Route, l *ledger) {
		for _, row := range l.checkpointRows(route) {
			if len(o.topics) == 0 || slices.Contains(o.topics, row.Topic) {
				document.Checkpoints = append(document.Checkpoints, row)
			}
		}
	})
	if err != nil {
		return err
	}
	return writeOutput(out, o.output, document, func(out io.Writer, wide bool) error {
		if routes == 0 {
			return tellNoRoutes(out)
		}
		return printCheckpoints(out, document.Checkpoints, wide, time.Now())
	})
}

// checkpointRows lists the newest generation of each copied partition, by topic
// and partition.
func (l *ledger) checkpointRows(route *config.Route) []checkpointRow {
	var rows []checkpointRow
	for _, lane := range l.lanes {
		owner := newestOwner(lane)
		for _, key := range lane.Checkpoints() {
			if key.Generation != lane.Generation(key.Topic, key.Partition, key.Target) {
				continue
			}
			cp, found, err := lane.Checkpoint(key)
			row := checkpointRow{Route: route.Name, Topic: key.Topic, Partition: key.Partition, Target: key.Target,
				SourceOffset: cp.Source, TargetOffset: cp.Target, LastSource: cp.LastSource, Ordinal: cp.Ordinal, Drift: cp.Source - cp.Ordinal,
				Generation: key.Generation, Asked: cp.Asked, Clean: cp.Clean, Shared: cp.Shared, Compacted: cp.Compacted,
				Lane: lane.Number(), Owner: owner, Time: cp.Time}
			if !found {
				row.SourceOffset, row.TargetOffset, row.LastSource, row.Ordinal, row.Drift = -1, -1, -1, -1, -1
			}
			if err != nil {
				row.Fault = err.Error()
			}
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b checkpointRow) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Target, b.Target))
	})
	return rows
}

// newestOwner is the process that claimed a lane last.
func newestOwner(lane *offsets.Lane) string {
	var newest offsets.Owner
	for _, owner := range lane.Owners() {
		if !owner.Time.Before(newest.Time) {
			newest = owner
		}
	}
	return newest.Process
}

func printCheckpoints(out io.Writer, rows []checkpointRow, wide bool, now time.Time) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(out, "no checkpoints")
		return err
	}
	headings := []string{"TOPIC", "PARTITION", "TARGET", "SOURCE", "TARGET OFFSET", "ORDINAL", "DRIFT", "LANE", "GENERATION", "OWNER", "AGE", "CLEAN"}
	if wide {
		headings = append(append([]string{"ROUTE"}, headings...), "LAST", "SHARED", "COMPACTED", "WRITTEN", "FAULT")
	}
	t := newTable(out, headings...)
	for _, r := range rows {
		generation, age, written := strconv.Itoa(int(r.Generation)), "?", "?"
		if r.Asked {
			generation += " asked"
		}
		if !r.Time.IsZero() {
			age, written = max(now.Sub(r.Time), 0).Round(time.Second).String(), r.Time.UTC().Format(time.RFC3339)
		}
		cells := []string{r.Topic, strconv.Itoa(int(r.Partition)), r.Target, known(r.SourceOffset), known(r.TargetOffset), known(r.Ordinal),
			known(r.Drift), strconv.Itoa(int(r.Lane)), generation, r.Owner, age, yesNo(r.Clean)}
		if wide {
			cells = append(append([]string{r.Route}, cells...), known(r.LastSource), yesNo(r.Shared), yesNo(r.Compacted), written, r.Fault)
		} else if r.Fault != "" {
			cells = append(cells, "unusable, see -o wide")
		}
		t.row(cells...)
	}
	return t.flush()
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
