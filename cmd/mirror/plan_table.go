package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mirror/replicate"
)

// shownLeft is how many topics that nobody has selected the table names; wide names all.
const shownLeft = 20

func printPlans(out io.Writer, plans planDocument, wide bool) error {
	if len(plans.Routes) == 0 {
		return tellNoRoutes(out)
	}
	for i := range plans.Routes {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := printPlan(out, &plans.Routes[i], wide); err != nil {
			return err
		}
	}
	return nil
}

func printPlan(out io.Writer, r *plannedRoute, wide bool) error {
	fmt.Fprintf(out, "route %s: %s to %s\n", r.Name, r.From, r.To)
	if r.Problem != "" {
		fmt.Fprintf(out, "cannot run: %s\n", cell(r.Problem))
	}
	if r.Limit.ByOperator {
		fmt.Fprintf(out, "it %s\n", cell(r.Limit.Words()))
	}
	if e := r.Explained; e != nil {
		fmt.Fprintf(out, "  as a source topic: %s\n  as a target topic: %s\n", cell(e.AsSource.Text), cell(e.AsTarget.Text))
	}
	if err := printPlanned(out, r.Topics, wide); err != nil {
		return err
	}
	if r.Explained == nil { // which has said it already
		if err := printLeft(out, r.NotTaken, wide); err != nil {
			return err
		}
	}
	warnings := r.Warnings
	if wide { // each topic has shown its own
		warnings = r.own
	}
	for _, warning := range warnings {
		fmt.Fprintf(out, "\nwarning: %s\n", cell(warning))
	}
	if r.Groups != nil {
		fmt.Fprintf(out, "\n%s\n", r.Groups.line())
		for _, problem := range r.Groups.Problems {
			fmt.Fprintf(out, "warning: %s\n", cell(problem))
		}
		for _, name := range r.Groups.ShareGroups {
			fmt.Fprintf(out, "warning: %s: %s\n", cell(name), replicate.ShareGroupWhy)
		}
	}
	if r.Explained == nil && r.Problem == "" {
		fmt.Fprintf(out, "\n%s\n", r.summary())
	}
	return nil
}

func printPlanned(out io.Writer, topics []plannedTopic, wide bool) error {
	if len(topics) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	t := newTable(out, "TOPIC", "TARGET", "PARTITIONS", "RULE", "ACTION")
	for i := range topics {
		topic := &topics[i]
		for n, line := range topic.actions(wide) {
			if n == 0 {
				t.row(topic.Source, topic.Target, fmt.Sprint(topic.Partitions), topic.Rule, line)
				continue
			}
			t.row("", "", "", "", line)
		}
	}
	return t.flush()
}

// actions is what run would do about a topic, in lines.
func (p *plannedTopic) actions(wide bool) []string {
	var lines []string
	if p.Create != nil {
		lines = append(lines, p.Create.lines(wide)...)
	}
	if p.AddPartitions != nil {
		lines = append(lines, fmt.Sprintf("add partitions: %d → %d", p.AddPartitions.From, p.AddPartitions.To))
	}
	for _, c := range p.Configs {
		lines = append(lines, c.line())
	}
	if p.Problem != "" {
		lines = append(lines, "WAITS: "+p.Problem)
	}
	if len(lines) == 0 {
		lines = append(lines, "copy")
	}
	if wide {
		for _, w := range p.Warnings {
			lines = append(lines, "warning: "+w)
		}
	}
	return lines
}

func (c *plannedCreation) lines(wide bool) []string {
	replication := fmt.Sprintf("replication factor %d", c.Replication)
	if c.Replication < 0 {
		replication = "the brokers' replication factor"
	}
	first := fmt.Sprintf("create: %s, %s", plural(int64(c.Partitions), "partition"), replication)
	if len(c.Configs) == 0 {
		return []string{first}
	}
	if !wide {
		return []string{first + ", " + plural(int64(len(c.Configs)), "config")}
	}
	lines := []string{first}
	for _, key := range slices.Sorted(maps.Keys(c.Configs)) {
		lines = append(lines, fmt.Sprintf("  %s=%s", key, c.Configs[key]))
	}
	return lines
}

func (c *plannedConfig) line() string {
	old := "unset"
	if c.Old != nil {
		old = *c.Old
	}
	switch {
	case c.New == nil:
		return fmt.Sprintf("%s: %s → removed", c.Key, old)
	case c.Inherited && c.Old != nil:
		old += " (inherited)"
	}
	return fmt.Sprintf("%s: %s → %s", c.Key, old, *c.New)
}

// printLeft names the topics that are not copied. Internal ones never are, and of those that nobody selected there may
// be thousands: the short table counts them.
func printLeft(out io.Writer, topics []leftTopic, all bool) error {
	internal, more := 0, 0
	var shown []leftTopic
	for _, left := range topics {
		switch {
		case all || left.Refused:
			shown = append(shown, left)
		case left.Internal:
			internal++
		case len(shown) < shownLeft:
			shown = append(shown, left)
		default:
			more++
		}
	}
	if len(shown) > 0 {
		fmt.Fprintln(out)
		t := newTable(out, "NOT COPIED", "WHY")
		for _, left := range shown {
			t.row(left.Source, left.Reason)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	var hidden []string
	if more > 0 {
		hidden = append(hidden, fmt.Sprintf("%s more", count(int64(more))))
	}
	if internal > 0 {
		hidden = append(hidden, plural(int64(internal), "internal topic"))
	}
	if len(hidden) > 0 {
		fmt.Fprintf(out, "\nnot copied and not shown: %s (-o wide)\n", strings.Join(hidden, ", "))
	}
	return nil
}

// summary counts what run would do.
func (r *plannedRoute) summary() string {
	var create, alter, wait, refused int64
	for _, t := range r.Topics {
		switch {
		case t.Problem != "":
			wait++
		case t.Create != nil:
			create++
		case len(t.Changes) > 0:
			alter++
		}
	}
	for _, l := range r.NotTaken {
		if l.Refused {
			refused++
		}
	}
	parts := []string{plural(int64(len(r.Topics)), "topic") + " to copy"}
	for _, p := range []struct {
		n    int64
		what string
	}{{create, "to create"}, {alter, "to alter"}, {wait, "waiting"}, {refused, "refused"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", count(p.n), p.what))
		}
	}
	return strings.Join(parts, ", ")
}
