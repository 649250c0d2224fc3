package verify

import (
	"cmp"
	"slices"
	"time"
)

// fill completes the report from the finished jobs.
func (r *run) fill(report *Report) {
	var all []Difference
	for _, j := range r.jobs {
		j.tally()
		p := j.report
		report.Records += p.Equal
		report.Bytes += p.Bytes
		report.NotCopied += p.NotCopied
		report.KnownLost += p.KnownLost
		for k, n := range p.Differences {
			report.Counts[k] += n
		}
		report.Partitions = append(report.Partitions, p)
		report.Notes = append(report.Notes, j.notes...)
		report.Losses = append(report.Losses, j.losses...)
		all = append(all, joined(j.findings.list)...)
	}
	report.Omitted = int64(max(0, len(all)-r.o.MaxDifferences))
	report.Differences = all[:min(len(all), r.o.MaxDifferences)]
	for _, j := range r.jobs {
		for _, n := range j.findings.uncited {
			report.Omitted += n
		}
	}
	if report.Records+report.NotCopied+report.KnownLost+report.Total() == 0 && len(report.Errors()) == 0 {
		report.Notes = append(report.Notes, "nothing was compared: the logs hold no records that belong together")
	}
	report.Same = report.Total() == 0 && len(report.Errors()) == 0
	report.Seconds = time.Since(report.Started).Seconds()
}

// tally counts the findings by kind.
func (j *job) tally() {
	counts := make(map[Kind]int64)
	for k, n := range j.findings.uncited {
		counts[k] += n
	}
	for _, f := range j.findings.list {
		if f.kind != "" {
			counts[f.kind] += f.count
		}
	}
	if len(counts) > 0 {
		j.report.Differences = counts
	}
}

// joined turns findings into differences: those of the same kind that follow each other on both sides become one.
func joined(fs []finding) []Difference {
	slices.SortStableFunc(fs, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.source.Topic, b.source.Topic), cmp.Compare(a.source.Partition, b.source.Partition),
			cmp.Compare(a.source.Offset, b.source.Offset), cmp.Compare(a.target.Offset, b.target.Offset))
	})
	var out []Difference
	for _, f := range fs {
		if f.kind == "" {
			continue
		}
		d := f.difference()
		if n := len(out); n > 0 && out[n-1].joins(d) {
			out[n-1].Count += d.Count
			continue
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Target.Offset, b.Target.Offset), cmp.Compare(a.Source.Offset, b.Source.Offset))
	})
	return out
}

func (f finding) difference() Difference {
	d := Difference{Kind: f.kind, Source: f.source, Target: f.target, Count: f.count, Detail: f.detail}
	switch f.kind {
	case Lost:
		d.Missing = "target"
	case Foreign, Control:
		d.Missing = "source"
	case Changed:
		d.Parts = parts(f.print, f.other)
	}
	return d
}

// joins reports whether next goes on where d ends. A side that lacks the records stays at one offset.
func (d Difference) joins(next Difference) bool {
	if d.Kind != next.Kind || d.Source.Topic != next.Source.Topic || d.Source.Partition != next.Source.Partition || !slices.Equal(d.Parts, next.Parts) || d.Kind == Hole {
		return false
	}
	source, target := d.Source.Offset+d.Count, d.Target.Offset+d.Count
	switch d.Missing {
	case "source":
		source = d.Source.Offset
	case "target":
		target = d.Target.Offset
	}
	return next.Source.Offset == source && next.Target.Offset == target
}
