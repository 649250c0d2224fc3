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

type lossesOptions struct {
	config, route string
	topics        []string
	since         string
	output        string
}

func newLossesCommand() *cobra.Command {
	var o lossesOptions
	cmd := &cobra.Command{
		Use:   "losses [flags]",
		Short: "Show the loss ledger: what could not be copied, and why",
		Long: `Read the loss ledger of one route or of all from their checkpoint topics: which source offsets were not copied, with
cause and time, and which target offsets somebody else wrote. It needs the target clusters only, and no daemon.

A loss is never taken back: the entry stays when the records were brought by other means. A "foreign" entry is not a
loss of records: the named target offsets hold records that this mirror did not write, or wrote twice.`,
		Example: `  mirror losses
  mirror losses --route west-to-east --topic orders --since -24h
  mirror losses -o wide                 # with details and targets
  mirror losses -o json | jq '.losses[] | select(.kind == "lost")'
  mirror losses --since -1h || page-somebody`,
		Annotations: sayExitCode(sayExitCode(
			withExitCodes(exitOK, exitFailed, exitUsage, exitWithLosses, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitOK, "there are no losses"),
			exitWithLosses, "there are losses"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runLosses(ctx, o, cmd.OutOrStdout())
		},
	}
	addConfigFlag(cmd, &o.config)
	addRouteFlag(cmd, &o.route, "only the route of this `name`")
	addTopicsFlag(cmd, &o.topics, "only the source topic of this `name`")
	cmd.Flags().StringVar(&o.since, "since", "", "only losses found since this `time`: 2006-01-02T15:04:05Z, or how long ago (-24h)")
	addOutputFlag(cmd, &o.output)
	return cmd
}

// lossDocument is the JSON of `mirror losses -o json`.
type lossDocument struct {
	Losses []lossRow `json:"losses"`
}

// lossRow is one entry of a loss ledger. Offsets that do not apply are -1; all
// ranges end before their second number.
type lossRow struct {
	Route      string    `json:"route"`
	Topic      string    `json:"topic"`
	Partition  int32     `json:"partition"`
	Target     string    `json:"target"`
	Generation int32     `json:"generation"`
	Kind       string    `json:"kind"` // lost: source offsets; foreign: target offsets that others wrote
	From       int64     `json:"from"`
	To         int64     `json:"to"`
	TargetFrom int64     `json:"target_from"`
	TargetTo   int64     `json:"target_to"`
	Cause      string    `json:"cause"`
	Detail     string    `json:"detail"`
	Time       time.Time `json:"time"`
}

func runLosses(ctx context.Context, o lossesOptions, out io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	since, err := parseSince("--since", o.since, time.Now())
	if err != nil {
		return err
	}
	document := lossDocument{Losses: []lossRow{}}
	routes, err := eachLedger(ctx, o.config, o.route, func(route *config.Route, l *ledger) {
		for _, entry := range l.losses() {
			if !entry.Loss.Time.Before(since) && (len(o.topics) == 0 || slices.Contains(o.topics, entry.Key.Topic)) {
				document.Losses = append(document.Losses, describeLoss(route.Name, entry))
			}
		}
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(document.Losses, func(a, b lossRow) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	err = writeOutput(out, o.output, document, func(out io.Writer, wide bool) error {
		if routes == 0 {
			return tellNoRoutes(out)
		}
		return printLosses(out, document.Losses, wide)
	})
	if err == nil && len(document.Losses) > 0 {
		return quietExit(exitWithLosses)
	}
	return err
}

// parseSince reads a time, or how long ago; empty is the beginning of time.
func parseSince(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, ok := parseTime(text, now); ok {
		return at, nil
	}
	return time.Time{}, usageErrorf("%s %q: use a time (2006-01-02T15:04:05Z) or how long ago (-24h)", flag, shorten(text))
}

func describeLoss(route string, e offsets.LossEntry) lossRow {
	row := lossRow{Route: route, Topic: e.Key.Topic, Partition: e.Key.Partition, Target: e.Key.Target, Generation: e.Key.Generation,
		Kind: "lost", From: e.Loss.From, To: e.Loss.To, TargetFrom: e.Loss.TargetFrom, TargetTo: e.Loss.TargetTo,
		Cause: e.Loss.Cause, Detail: e.Loss.Detail, Time: e.Loss.Time}
	if row.TargetFrom >= 0 {
		row.Kind = "foreign"
	}
	return row
}

func printLosses(out io.Writer, losses []lossRow, wide bool) error {
	if len(losses) == 0 {
		_, err := fmt.Fprintln(out, "no losses")
		return err
	}
	headings := []string{"FOUND", "ROUTE", "TOPIC", "PARTITION", "KIND", "OFFSETS", "COUNT", "CAUSE"}
	if wide {
		headings = append(headings, "TARGET", "GENERATION", "DETAIL")
	}
	t := newTable(out, headings...)
	for _, l := range losses {
		from, to, of := l.From, l.To, ""
		if l.Kind == "foreign" {
			from, to, of = l.TargetFrom, l.TargetTo, " of the target"
		}
		cells := []string{l.Time.UTC().Format(time.RFC3339), l.Route, l.Topic, strconv.Itoa(int(l.Partition)), l.Kind,
			offsetRange(from, to) + of, count(to - from), l.Cause}
		if wide {
			cells = append(cells, l.Target, strconv.Itoa(int(l.Generation)), l.Detail)
		}
		t.row(cells...)
	}
	return t.flush()
}

// offsetRange writes [from, to) with the last offset that is in it.
func offsetRange(from, to int64) string {
	switch {
	case to <= from:
		return fmt.Sprintf("none at %d", from)
	case to == from+1:
		return strconv.FormatInt(from, 10)
	}
	return fmt.Sprintf("%d to %d", from, to-1)
}
