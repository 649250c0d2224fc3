package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mirror/verify"
)

// maxDifferences is how many differences the table lists; -o json has more.
const maxDifferences = 50

func printReport(out io.Writer, report *verify.Report, output string) error {
	if output == "json" {
		return writeJSON(out, report)
	}
	if err := printReportTopics(out, report); err != nil {
		return err
	}
	for i, d := range report.Differences {
		if i == maxDifferences {
			fmt.Fprintf(out, "and %s more: see -o json\n", count(int64(len(report.Differences)-i)+report.Omitted))
			break
		}
		fmt.Fprintln(out, differenceLine(d))
	}
	for _, p := range report.Errors() {
		fmt.Fprintf(out, "not compared: %s/%d to %s: %s\n", cell(p.Source), p.Partition, cell(p.Target), cell(p.Error))
	}
	for _, note := range report.Notes {
		fmt.Fprintf(out, "note: %s\n", cell(note))
	}
	_, err := fmt.Fprintln(out, verdictLine(report))
	return err
}

// printReportTopics sums up the partitions of each pair of topics.
func printReportTopics(out io.Writer, report *verify.Report) error {
	type sum struct {
		source, target, mode                     string
		partitions                               int
		equal, notCopied, knownLost, differences int64
	}
	var sums []*sum
	for _, p := range report.Partitions {
		var s *sum
		for _, known := range sums {
			if known.source == p.Source && known.target == p.Target {
				s = known
			}
		}
		if s == nil {
			s = &sum{source: p.Source, target: p.Target, mode: p.Mode}
			sums = append(sums, s)
		}
		s.partitions++
		s.equal += p.Equal
		s.notCopied += p.NotCopied
		s.knownLost += p.KnownLost
		for _, n := range p.Differences {
			s.differences += n
		}
	}
	t := newTable(out, "TOPIC", "TARGET", "PARTITIONS", "COMPARED BY", "EQUAL", "NOT COPIED YET", "RECORDED LOST", "DIFFERENT")
	for _, s := range sums {
		t.row(s.source, s.target, fmt.Sprint(s.partitions), s.mode, count(s.equal), count(s.notCopied), count(s.knownLost), count(s.differences))
	}
	return t.flush()
}

func differenceLine(d verify.Difference) string {
	line := fmt.Sprintf("%s: %s %s, source %s, target %s", d.Kind, count(d.Count), plural(d.Count, "record"), place(d.Source), place(d.Target))
	if len(d.Parts) > 0 {
		line += ": " + strings.Join(d.Parts, ", ")
	}
	if d.Detail != "" {
		line += ": " + cell(d.Detail)
	}
	return line
}

func place(p verify.Place) string {
	return fmt.Sprintf("%s/%d@%d", cell(p.Topic), p.Partition, p.Offset)
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// verdictLine is the last line: what the exit code says, in words.
func verdictLine(report *verify.Report) string {
	compared := fmt.Sprintf("%s %s compared (%s) in %s", count(report.Records), plural(report.Records, "record"),
		byteCount(float64(report.Bytes)), time.Duration(report.Seconds*float64(time.Second)).Round(100*time.Millisecond))
	if report.Sampled > 0 {
		compared += fmt.Sprintf(", a sample of %g %%", report.Sampled)
	}
	if report.NotCopied > 0 {
		compared += fmt.Sprintf(", %s not copied yet", count(report.NotCopied))
	}
	switch {
	case report.Differs():
		var kinds []string
		for _, kind := range verify.Kinds() {
			if n := report.Counts[kind]; n > 0 {
				kinds = append(kinds, fmt.Sprintf("%s %s", count(n), kind))
			}
		}
		return "DIFFERENT: " + strings.Join(kinds, ", ") + "; " + compared
	case !report.Equal():
		return fmt.Sprintf("INCOMPLETE: %d partitions could not be compared; %s", len(report.Errors()), compared)
	case report.KnownLost > 0:
		return fmt.Sprintf("equal, but for %s recorded %s; %s", count(report.KnownLost), plural(report.KnownLost, "loss"), compared)
	}
	return "equal: " + compared
}

// verifyProgress shows how far a verification is: a line that changes for a
// person, and a new line every ten seconds for a log.
type verifyProgress struct {
	out      io.Writer
	terminal bool
	last     time.Time
}

func newVerifyProgress(out io.Writer) *verifyProgress {
	return &verifyProgress{out: out, terminal: isTerminal(out), last: time.Now()}
}

// show is never called concurrently.
func (v *verifyProgress) show(p verify.Progress) {
	finished := p.Done == p.Partitions
	if !v.terminal && time.Since(v.last) < watchPipe {
		return
	}
	v.last = time.Now()
	line := fmt.Sprintf("verify: %d of %d partitions, %s of about %s records, %s, %s %s",
		p.Done, p.Partitions, count(p.Records), count(p.Total), byteCount(float64(p.Bytes)), count(p.Differences), plural(p.Differences, "difference"))
	switch {
	case !v.terminal:
		fmt.Fprintln(v.out, line)
	case finished:
		fmt.Fprint(v.out, "\r\x1b[K") // the report says it all
	default:
		fmt.Fprint(v.out, "\r\x1b[K", line)
	}
}
