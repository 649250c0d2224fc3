package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"mirror/monitor"
	"mirror/replicate"
)

func printGroups(out io.Writer, document replicate.GroupsDocument, wide bool) error {
	if len(document.Routes) == 0 {
		return tellNoRoutes(out)
	}
	for i := range document.Routes {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := printGroupsOf(out, &document.Routes[i], wide); err != nil {
			return err
		}
	}
	return nil
}

func printGroupsOf(out io.Writer, r *replicate.GroupsOfRoute, wide bool) error {
	fmt.Fprintf(out, "route %s: %s to %s\n", r.Name, r.From, r.To)
	for _, problem := range r.Problems {
		fmt.Fprintf(out, "warning: %s\n", cell(problem))
	}
	for _, name := range r.ShareGroups {
		fmt.Fprintf(out, "%s: %s\n", cell(name), replicate.ShareGroupWhy)
	}
	if len(r.Groups) == 0 {
		_, err := fmt.Fprintf(out, "no consumer group that may be seen has a position in its topics on %s\n", r.From)
		return err
	}
	fmt.Fprintln(out)
	headings := []string{"GROUP", "TOPIC", "PARTITION", "POSITION", "LAG", "GOES ON AT", "WHICH IS", "COMMITTED", "STATE"}
	if wide {
		headings = append(headings, "TARGET", "GROUP ON "+strings.ToUpper(r.From), "GROUP ON "+strings.ToUpper(r.To))
	}
	t := newTable(out, headings...)
	for i := range r.Groups {
		g := &r.Groups[i]
		for k := range g.Positions {
			row := positionCells(&g.Positions[k], g.Group)
			if wide {
				row = append(row, g.Positions[k].Target, orDash(g.SourceState), orDash(g.TargetState))
			}
			t.row(row...)
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	printGroupReasons(out, r)
	_, err := fmt.Fprintf(out, "\n%s\n", groupsSummary(r))
	return err
}

func positionCells(p *replicate.ShownPosition, group string) []string {
	return []string{group, p.Topic, strconv.Itoa(int(p.Partition)), count(p.SourceOffset), countOrDash(p.SourceLag), countOrDash(p.TargetOffset), precision(p),
		countOrDash(p.Committed), stateWords(replicate.GroupState(p.State))}
}

// precision says how good the translated offset is.
func precision(p *replicate.ShownPosition) string {
	switch {
	case p.TargetOffset == nil:
		return "-"
	case p.NotCopied > 0:
		return fmt.Sprintf("%s not copied", count(p.NotCopied))
	case p.Repeats > 0:
		return fmt.Sprintf("up to %s early", count(p.Repeats))
	case p.Deleted > 0:
		return fmt.Sprintf("%s deleted", count(p.Deleted))
	}
	return "exact"
}

func stateWords(state replicate.GroupState) string {
	switch state {
	case replicate.GroupInStep:
		return "in step"
	case replicate.GroupMoves:
		return "would move"
	case replicate.GroupActive:
		return "left alone: active"
	case replicate.GroupOwn:
		return "left alone: own position"
	case replicate.GroupNotCopied:
		return "not copied yet"
	}
	return string(state)
}

func countOrDash(n *int64) string {
	if n == nil {
		return "-"
	}
	return count(*n)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// printGroupReasons says once for each group and reason why positions do not move.
func printGroupReasons(out io.Writer, r *replicate.GroupsOfRoute) {
	first := true
	say := func(group, reason string) {
		if first {
			fmt.Fprintln(out)
		}
		first = false
		fmt.Fprintf(out, "%s: %s\n", cell(group), cell(reason))
	}
	for i := range r.Groups {
		g := &r.Groups[i]
		if g.Problem != "" {
			say(g.Group, g.Problem)
		}
		said := map[string]bool{"": true}
		for _, p := range g.Positions {
			if !said[p.Reason] {
				say(g.Group, p.Reason)
			}
			said[p.Reason] = true
		}
	}
}

func groupsSummary(r *replicate.GroupsOfRoute) string {
	counts := map[string]int{}
	for _, g := range r.Groups {
		for _, p := range g.Positions {
			counts[p.State]++
		}
	}
	return groupCounts(len(r.Groups), counts)
}

// groupCounts says how many groups and positions there are, and how many of them
// are in which state.
func groupCounts(groups int, states map[string]int) string {
	var parts []string
	positions := 0
	for _, state := range replicate.GroupStates() {
		if n := states[string(state)]; n > 0 {
			positions += n
			parts = append(parts, count(int64(n))+" "+stateWords(state))
		}
	}
	text := plural(int64(groups), "group") + ", " + plural(int64(positions), "position")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

// groupSyncWords is how the positions of groups are carried over, for the status.
func groupSyncWords(g *monitor.GroupSyncStatus) string {
	text := groupCounts(g.Groups, g.Positions) + "; looked at " + seconds(&g.AgeSeconds) + " ago"
	if g.Reason != "" {
		text += "; " + g.Reason
	}
	return text
}
