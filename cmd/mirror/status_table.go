package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mirror/monitor"
)

// maxTroubles is how many partitions in trouble the table names: the first ones
// tell the cause, and wide lists all.
const maxTroubles = 20

// noRoutes is what commands say where there is nothing to tell.
const noRoutes = "there are no routes: this mirror only looks at clusters, and its page and /api/v1/clusters show them"

func tellNoRoutes(out io.Writer) error {
	_, err := fmt.Fprintln(out, noRoutes)
	return err
}

// printStatus writes the tables.
func printStatus(out io.Writer, status monitor.Status, wide bool) error {
	from := ""
	if status.Origin == monitor.FromCheckpointTopic {
		from = ": no process answers, this is from the checkpoint topic" + storedAge(status)
	}
	fmt.Fprintf(out, "mirror %s%s\n\n", cell(status.Mirror), from)
	if status.OnlyClusters() {
		return tellNoRoutes(out)
	}
	if err := printRoutes(out, status); err != nil {
		return err
	}
	for i := range status.Routes {
		r := &status.Routes[i]
		fmt.Fprintf(out, "\nroute %s is %s", cell(r.Name), routeStateWords(r))
		if r.Reason != "" {
			fmt.Fprintf(out, ": %s", cell(r.Reason))
		}
		if r.Watched {
			fmt.Fprint(out, "; other mirrors copy it, this one only watches")
		}
		fmt.Fprintln(out)
		if r.Limit.ByOperator || wide && r.Limit.BytesPerSecond > 0 {
			fmt.Fprintf(out, "it %s\n", cell(r.Limit.Words()))
		}
		fmt.Fprintf(out, "last verify: %s\n", cell(lastVerify(r.LastVerify)))
		if r.GroupSync != nil {
			fmt.Fprintf(out, "consumer groups: %s\n", cell(groupSyncWords(r.GroupSync)))
		}
		if len(r.Processes) > 1 || wide && len(r.Processes) > 0 {
			if err := printProcesses(out, r); err != nil {
				return err
			}
		}
		if len(r.Topics) == 0 {
			continue
		}
		print := printTopics
		if wide {
			print = printPartitions
		}
		if err := print(out, r); err != nil {
			return err
		}
	}
	return nil
}

// routeStateWords is the state of a route, and how many of its topics rest meanwhile.
func routeStateWords(r *monitor.RouteStatus) string {
	resting := r.Resting()
	if r.State == monitor.Paused || resting == 0 {
		return string(r.State)
	}
	return fmt.Sprintf("%s, %d of %d topics paused", r.State, resting, len(r.Topics))
}

// lastVerify is when the whole route was compared last, and what was found.
func lastVerify(v *monitor.VerifyStatus) string {
	if v == nil {
		return "never"
	}
	return v.Time.UTC().Format(time.RFC3339) + ", " + v.Words()
}

func printRoutes(out io.Writer, status monitor.Status) error {
	t := newTable(out, "ROUTE", "FROM", "TO", "STATE", "LAG", "BEHIND", "RECORDS", "BYTES", "LOSSES", "RECORDS/S", "BYTES/S")
	for i := range status.Routes {
		r := &status.Routes[i]
		t.row(r.Name, r.From, r.To, string(r.State), recordsBehind(r.LagRecords, r.LagSeconds), seconds(r.LagSeconds), count(r.RecordsTotal), byteCount(float64(r.BytesTotal)),
			count(r.Losses), count(int64(r.RecordsPerSecond+0.5)), byteCount(r.BytesPerSecond))
	}
	return t.flush()
}

// printProcesses lists a route's fleet.
func printProcesses(out io.Writer, r *monitor.RouteStatus) error {
	t := newTable(out, "PROCESS", "LANES", "RECORDS/S", "BYTES/S", "HEARD", "PAGE")
	for _, p := range r.Processes {
		heard := seconds(&p.AgeSeconds) + " ago"
		switch {
		case p.AgeSeconds == 0:
			heard = "now"
		case p.Silent:
			heard += ", silent"
		}
		t.row(p.Process, strconv.Itoa(len(p.Lanes)), count(int64(p.RecordsPerSecond+0.5)), byteCount(p.BytesPerSecond), heard, p.URL)
	}
	if err := t.flush(); err != nil {
		return err
	}
	here := r.Processes[0].Process
	if r.Watched {
		here = "the mirror that watches it"
	}
	for _, p := range r.Processes {
		if p.UnnamedTroubles > 0 {
			fmt.Fprintf(out, "%s has %d partitions more in trouble than are named here: ask it (--url)\n", cell(p.Process), p.UnnamedTroubles)
		}
		if p.OtherConfig {
			fmt.Fprintf(out, "%s has another configuration of this route than %s: give all the same file and restart them\n", cell(p.Process), cell(here))
		}
	}
	_, err := fmt.Fprintln(out)
	return err
}

// printTopics lists a route's topics, the worst first, and below them why their
// partitions are in trouble.
func printTopics(out io.Writer, r *monitor.RouteStatus) error {
	topics := slices.Clone(r.Topics)
	slices.SortStableFunc(topics, func(a, b monitor.TopicStatus) int {
		return cmp.Or(compareStates(a.State, b.State), strings.Compare(a.Source, b.Source))
	})
	t := newTable(out, "TOPIC", "TARGET", "STATE", "PARTITIONS", "LAG")
	for _, topic := range topics {
		partitions := 0
		for _, p := range topic.Partitions {
			if p.Partition >= 0 {
				partitions++
			}
		}
		t.row(topic.Source, topic.Target, string(topic.State), strconv.Itoa(partitions), recordsBehind(topic.Lag()))
	}
	if err := t.flush(); err != nil {
		return err
	}
	return printTroubles(out, topics)
}

// compareStates puts the worse state first.
func compareStates(a, b monitor.State) int {
	switch {
	case a == b:
		return 0
	case monitor.Worst(a, b) == a:
		return -1
	}
	return 1
}

func printTroubles(out io.Writer, topics []monitor.TopicStatus) error {
	var lines []string
	for _, topic := range topics {
		if p, one := oneReason(&topic); one {
			lines = append(lines, fmt.Sprintf("%s is %s: %s", cell(topic.Source), p.State, cell(p.Reason)))
			continue
		}
		for _, p := range topic.Partitions {
			if p.Reason != "" {
				lines = append(lines, fmt.Sprintf("%s is %s: %s", partitionName(&topic, &p), p.State, cell(p.Reason)))
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if more := len(lines) - maxTroubles; more > 0 {
		lines = append(lines[:maxTroubles], fmt.Sprintf("and %d more: see -o wide", more))
	}
	_, err := fmt.Fprintf(out, "\n%s\n", strings.Join(lines, "\n"))
	return err
}

// oneReason says whether all partitions of a topic, several of them, are in the
// same state for the same reason: then one line is enough.
func oneReason(topic *monitor.TopicStatus) (monitor.PartitionStatus, bool) {
	if len(topic.Partitions) < 2 || topic.Partitions[0].Reason == "" {
		return monitor.PartitionStatus{}, false
	}
	first := topic.Partitions[0]
	return first, !slices.ContainsFunc(topic.Partitions, func(p monitor.PartitionStatus) bool {
		return p.State != first.State || p.Reason != first.Reason
	})
}

func printPartitions(out io.Writer, r *monitor.RouteStatus) error {
	t := newTable(out, "TOPIC", "PARTITION", "TARGET", "STATE", "SOURCE", "END", "TARGET OFFSET", "LAG", "BEHIND", "LANE", "OWNER", "REASON")
	for _, topic := range r.Topics {
		for _, p := range topic.Partitions {
			t.row(topic.Source, known(int64(p.Partition)), topic.Target, string(p.State),
				known(p.SourceOffset), known(p.SourceEnd), known(p.TargetOffset), known(p.LagRecords),
				seconds(p.LagSeconds), known(int64(p.Lane)), p.Owner, p.Reason)
		}
	}
	return t.flush()
}

// known writes an offset, or "?" for -1.
func known(n int64) string {
	if n < 0 {
		return "?"
	}
	return strconv.FormatInt(n, 10)
}

// recordsBehind writes how many records something is behind, or "?" when nothing is known.
func recordsBehind(records int64, seconds *float64) string {
	if records < 0 || records == 0 && seconds == nil {
		return "?"
	}
	return count(records)
}

// routeLine is a route's status in one line of a log.
func routeLine(r *monitor.RouteStatus) string {
	line := fmt.Sprintf("%s %s: %s records behind (%s), %s copied, %s losses, %s records/s, %s/s", cell(r.Name), r.State, recordsBehind(r.LagRecords, r.LagSeconds), seconds(r.LagSeconds),
		count(r.RecordsTotal), count(r.Losses), count(int64(r.RecordsPerSecond+0.5)), byteCount(r.BytesPerSecond))
	if r.Reason != "" {
		line += ": " + cell(r.Reason)
	}
	return line
}
