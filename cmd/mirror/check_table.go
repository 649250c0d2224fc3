package main

import (
	"fmt"
	"io"
	"strings"

	"mirror/check"
)

// shownFixes is how many commands of one finding the table shows.
const shownFixes = 3

func printReport(out io.Writer, report *check.Report, wide bool) error {
	for _, c := range report.Clusters {
		title := "cluster " + c.Name
		if c.Version != "" {
			title += fmt.Sprintf(" (Kafka %s, %s)", c.Version, plural(int64(c.Brokers), "broker"))
		}
		if err := printFindings(out, title, c.Findings, wide); err != nil {
			return err
		}
	}
	for _, r := range report.Routes {
		if err := printFindings(out, fmt.Sprintf("route %s: %s to %s", r.Name, r.From, r.To), r.Findings, wide); err != nil {
			return err
		}
	}
	return printVerdict(out, report)
}

func printFindings(out io.Writer, title string, findings []check.Finding, wide bool) error {
	fmt.Fprintln(out, cell(title))
	t := newTable(out)
	for _, f := range check.Join(findings) {
		t.row("  "+mark(f.Level), f.ID, f.Text)
		for _, line := range fixLines(f, wide) {
			t.row("", "", "  "+line)
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out)
	return err
}

// mark is how a level looks in the table: what needs somebody stands out without colours.
func mark(level check.Level) string {
	switch level {
	case check.Fail:
		return "FAIL"
	case check.Skipped:
		return "-"
	}
	return string(level)
}

// fixLines are the ways out, of long lists the first. Topics that the text does not name come before them.
func fixLines(f check.Finding, wide bool) []string {
	var lines []string
	if named := namedTopics(f); len(named) > 0 {
		if len(named) > shownLeft && !wide {
			named = append(named[:shownLeft:shownLeft], fmt.Sprintf("and %d more", len(f.Topics)-shownLeft))
		}
		lines = append(lines, "topics: "+strings.Join(named, ", "))
	}
	fixes := f.Fix
	if len(fixes) > shownFixes && !wide {
		fixes = append(fixes[:shownFixes:shownFixes], fmt.Sprintf("(%d more: -o wide or -o json)", len(f.Fix)-shownFixes))
	}
	for _, fix := range fixes {
		lines = append(lines, "→ "+fix)
	}
	return lines
}

// namedTopics are the topics of a finding whose text leaves them out.
func namedTopics(f check.Finding) []string {
	if f.Grant == nil && len(f.Topics) > 0 && !strings.Contains(f.Text, f.Topics[0]) {
		return f.Topics
	}
	return nil
}

// printVerdict says how it ended in one line.
func printVerdict(out io.Writer, report *check.Report) error {
	verdict := "run would work"
	if n := report.Count(check.Fail); n > 0 {
		verdict = fmt.Sprintf("run would not work as configured: %s", plural(int64(n), "failure"))
	}
	if n := report.Count(check.Warn); n > 0 {
		verdict += ", " + plural(int64(n), "warning")
	}
	_, err := fmt.Fprintln(out, "RESULT:", verdict)
	return err
}
