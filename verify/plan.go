package verify

import (
	"errors"
	"fmt"
	"slices"
)

// plan makes the jobs: every partition that either side has.
func (r *run) plan(pairs []Pair, report *Report) {
	for _, p := range pairs {
		source, okS := r.before.topics[p.Source]
		target, okT := r.target.topics[p.Target]
		if err := errors.Join(r.before.failed[p.Source], r.target.failed[p.Target]); err != nil {
			report.Partitions = append(report.Partitions, PartitionReport{Source: p.Source, Target: p.Target, Partition: -1, Error: err.Error()})
			continue
		}
		if !okS {
			report.Notes = append(report.Notes, fmt.Sprintf("source topic %s does not exist", p.Source))
		}
		if !okT {
			report.Notes = append(report.Notes, fmt.Sprintf("target topic %s does not exist yet", p.Target))
		}
		noTime := r.target.settings[p.Target].appendTime
		if noTime {
			report.Notes = append(report.Notes, fmt.Sprintf("target topic %s stamps records with its own time: timestamps are not compared", p.Target))
		}
		numbers := append(source.Partitions.Numbers(), target.Partitions.Numbers()...)
		slices.Sort(numbers)
		for _, n := range slices.Compact(numbers) {
			if r.wants(p, n) {
				r.jobs = append(r.jobs, r.newJob(p, n, noTime))
			}
		}
	}
	partly := r.o.From.Set || r.o.To.Set || r.o.Ranges != nil || report.Sampled > 0
	for _, j := range r.jobs {
		r.total.Add(max(0, j.source.end-j.source.start))
		if partly && j.compacted {
			report.Notes = append(report.Notes, fmt.Sprintf("topic %s is compacted: the latest record of each key was compared, of the whole log", j.pair.Source))
			partly = false
		}
	}
}

// wants says whether a partition is to be compared.
func (r *run) wants(p Pair, partition int32) bool {
	_, ranged := r.o.Ranges[PartitionKey{p.Source, p.Target, partition}]
	return (r.o.Ranges == nil || ranged) && (r.o.Partitions == nil || slices.Contains(r.o.Partitions, partition))
}

func (r *run) newJob(p Pair, partition int32, noTime bool) *job {
	j := &job{r: r, pair: p, partition: partition, findings: newFindings(&r.found), holes: make(map[Place]bool), noTime: noTime}
	j.report = PartitionReport{Source: p.Source, Target: p.Target, Partition: partition, Mode: "records"}
	j.compacted = r.before.settings[p.Source].compacted || r.target.settings[p.Target].compacted
	for _, l := range r.o.Losses {
		if l.Topic == p.Source && l.Partition == partition && (l.Target == "" || l.Target == p.Target) {
			j.losses = append(j.losses, l)
		}
	}
	j.keepS, j.keepT = r.keepSource(p, &j.report.LeftOut), r.keepTarget(p, &j.report.Others)
	var errS, errT, errA error
	j.source.start, j.source.end, j.source.exists, errS = r.before.bounds(p.Source, partition)
	j.target.start, j.target.end, j.target.exists, errT = r.target.bounds(p.Target, partition)
	_, j.afterEnd, _, errA = r.after.bounds(p.Source, partition)
	if err := errors.Join(errS, errT, errA); err != nil {
		j.report.Error = err.Error()
	}
	j.report.SourceStart, j.report.SourceEnd = j.source.start, j.source.end
	j.report.TargetStart, j.report.TargetEnd = j.target.start, j.target.end
	return j
}
