package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// job is the comparison of one partition.
type job struct {
	r         *run
	pair      Pair
	partition int32
	report    PartitionReport
	findings  *findings
	notes     []string
	holes     map[Place]bool // told already; parts of a log may be read twice

	losses    []Loss
	source    bounds
	target    bounds
	keepS     func(*kgo.Record) bool
	keepT     func(*kgo.Record) bool
	noTime    bool  // timestamps are not comparable
	afterEnd  int64 // end of the source's log, frozen after the target's
	compacted bool
}

// bounds are a log's frozen start and end (exclusive); exists is false if there is no such partition.
type bounds struct {
	start, end int64
	exists     bool
}

const (
	pieceSize = 5000 // offsets of a piece of a sample
	overlap   = 1000 // source records behind a piece that are read too, to tell a lost record from one that comes later
)

// plan makes the jobs: every partition that either side has.
func (r *run) plan(pairs []Pair, report *Report) {
	for _, p := range pairs {
		source, okS := r.before.topics[p.Source]
		target, okT := r.target.topics[p.Target]
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
			if r.o.Partitions == nil || slices.Contains(r.o.Partitions, n) {
				r.jobs = append(r.jobs, r.newJob(p, n, noTime))
			}
		}
	}
	for _, j := range r.jobs {
		r.total.Add(max(0, j.source.end-j.source.start))
	}
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

// run compares the partition and leaves the result in the report.
func (j *job) run(ctx context.Context) {
	if j.report.Error != "" || ctx.Err() != nil {
		if j.report.Error == "" {
			j.report.Error = "not compared: " + context.Cause(ctx).Error()
		}
		return
	}
	var err error
	if j.compacted {
		j.report.Mode = "latest per key"
		err = j.latest(ctx)
	} else {
		err = j.records(ctx)
	}
	if err != nil {
		j.report.Error = err.Error()
	}
}

// piece is a range of source offsets to compare.
type piece struct {
	from, to int64
	open     bool // to is the frozen end, so that the target's end counts too
}

// records compares record by record.
func (j *job) records(ctx context.Context) error {
	from, err := j.bound(ctx, j.r.o.From, j.source.start)
	if err != nil {
		return err
	}
	to, err := j.bound(ctx, j.r.o.To, j.source.end)
	if err != nil {
		return err
	}
	at := Position{Source: max(from, j.source.start), Target: j.target.start}
	exact := false
	if p, ok := j.r.o.Start[PartitionKey{j.pair.Source, j.pair.Target, j.partition}]; ok && p.Source >= j.source.start && p.Target >= j.target.start {
		at, exact = p, true
	}
	for _, p := range j.pieces(at.Source, min(to, j.source.end)) {
		at.Source = p.from
		if at, err = j.compare(ctx, p, at, exact); err != nil {
			return err
		}
		exact = exact && p.open
	}
	j.report.Next = at
	return nil
}

// bound resolves one end of Options' range; whole is used if it is not set.
func (j *job) bound(ctx context.Context, b Bound, whole int64) (int64, error) {
	switch {
	case !b.Set || !j.source.exists:
		return whole, nil
	case b.Time.IsZero():
		return b.Offset, nil
	}
	at, err := listOffset(ctx, j.r.src, j.pair.Source, j.partition, b.Time.UnixMilli())
	if err == nil && at < 0 {
		at = j.source.end // nothing is that late
	}
	return at, err
}

// pieces returns what to compare of [from, to): all of it, or a sample.
func (j *job) pieces(from, to int64) []piece {
	all := []piece{{from, to, to == j.source.end}}
	if s := j.r.o.Sample; s <= 0 || s >= 100 || to-from <= pieceSize {
		return all
	}
	random := rand.New(rand.NewPCG(j.r.o.Seed, uint64(j.partition)))
	var out []piece
	for p := from; p < to; p += pieceSize {
		if random.Float64()*100 < j.r.o.Sample {
			end := min(p+pieceSize, to)
			out = append(out, piece{p, end, end == j.source.end})
		}
	}
	if out == nil {
		p := from + random.Int64N(to-from-pieceSize+1)
		out = []piece{{p, p + pieceSize, p+pieceSize == j.source.end}}
	}
	return out
}

// compare compares one piece, from the given position on (exact), or from where the content says that both sides meet.
// A log that is trimmed meanwhile is taken up again where it begins then.
func (j *job) compare(ctx context.Context, p piece, at Position, exact bool) (Position, error) {
	h := j.head(at, exact)
	for {
		c := j.comparison(p, at, h)
		err := c.alignHead(ctx, h)
		if err == nil {
			err = c.run(ctx)
		}
		c.source.feed.close()
		c.target.feed.close()
		at = c.reached
		var trimmed *trimmedError
		if !errors.As(err, &trimmed) {
			return at, err
		}
		if trimmed.source {
			j.notes = append(j.notes, fmt.Sprintf("source %s[%d] was trimmed up to offset %d while it was compared", j.pair.Source, j.partition, trimmed.start))
			at.Source, h.targetMayBeOlder = min(trimmed.start, p.to), true
		} else {
			j.notes = append(j.notes, fmt.Sprintf("target %s[%d] was trimmed up to offset %d while it was compared", j.pair.Target, j.partition, trimmed.start))
			at.Target, h.sourceMayBeOlder = min(trimmed.start, j.target.end), true
		}
	}
}

// head says which side may lack the beginning.
func (j *job) head(at Position, exact bool) head {
	var h head
	if !exact {
		h.targetMayBeOlder = at.Source > 0 && j.source.exists
		h.sourceMayBeOlder = j.target.start > 0 || j.r.o.StartLater
	}
	if !j.noTime {
		h.seekSource = func(ctx context.Context, t int64) (int64, error) {
			return listOffset(ctx, j.r.src, j.pair.Source, j.partition, t)
		}
		h.seekTarget = func(ctx context.Context, t int64) (int64, error) {
			return listOffset(ctx, j.r.dst, j.pair.Target, j.partition, t)
		}
	}
	return h
}

func (j *job) comparison(p piece, at Position, h head) *comparison {
	end := j.afterEnd
	if !p.open {
		end = min(end, p.to+overlap)
	}
	if j.noTime && h.targetMayBeOlder && j.r.o.Hint != nil {
		if t, ok := j.r.o.Hint(PartitionKey{j.pair.Source, j.pair.Target, j.partition}, at.Source); ok && t > at.Target && t <= j.target.end {
			j.report.TargetOnly += t - at.Target
			at.Target = t
		}
	}
	targetEnd := j.target.end
	c := &comparison{must: p.to, covers: math.MaxInt64, bounded: !p.open, reached: at, losses: j.losses, findings: j.findings, counts: &j.report, report: j.count, targetEnd: targetEnd}
	if !p.open {
		c.covers = p.to
	}
	c.from = Place{j.pair.Source, j.partition, at.Source}
	c.to = Place{j.pair.Target, j.partition, at.Target}
	c.openSource = func(from int64) feed { return j.openSource(from, end, c) }
	c.openTarget = func(from int64) feed { return j.openTarget(from, &targetEnd, p.open, c) }
	c.source = window{feed: c.openSource(at.Source)}
	c.target = window{feed: c.openTarget(at.Target)}
	return c
}

func (j *job) count(records, bytes int64) {
	j.r.records.Add(records)
	j.r.bytes.Add(bytes)
}

func (j *job) openSource(from, end int64, c *comparison) *stream {
	if !j.source.exists {
		end = from
	}
	return &stream{
		reader: j.reader(true), print: newPrinter(j.noTime), seek: from, end: end, keep: j.keepS, strict: !j.r.o.AllowHoles && !j.compacted,
		hole: func(from, to int64) {
			if c.lossesWithin(from, to) < to-from {
				j.addHole(c.sourcePlace(from), c.sourcePlace(from), c.to, to-from, "source")
			}
		},
	}
}

func (j *job) openTarget(from int64, end *int64, open bool, c *comparison) *stream {
	if !j.target.exists {
		*end = from
	}
	s := &stream{
		reader: j.reader(false), print: newPrinter(j.noTime), seek: from, end: *end, keep: j.keepT, strict: !j.r.o.AllowHoles && !j.compacted,
		hole: func(from, to int64) { j.addHole(c.targetPlace(from), c.from, c.targetPlace(from), to-from, "target") },
	}
	if !j.pair.Shared {
		s.marker = func(offset int64) {
			if at := c.targetPlace(offset); !j.holes[at] && !c.oddBefore(offset) {
				j.holes[at] = true
				j.findings.add(finding{kind: Control, source: c.from, target: at})
			}
		}
	}
	if open && j.r.o.Wait > 0 && j.target.exists {
		s.grow = func(ctx context.Context) (int64, error) {
			grown, err := j.awaitTarget(ctx, *end)
			*end = max(*end, grown)
			return *end, err
		}
	}
	return s
}

func (j *job) addHole(key, source, target Place, n int64, side string) {
	if !j.holes[key] {
		j.holes[key] = true
		j.findings.add(finding{kind: Hole, source: source, target: target, count: n, detail: "the " + side + "'s log does not show these offsets"})
	}
}

func (j *job) reader(source bool) *reader {
	r := &reader{cl: j.r.dst, topic: j.pair.Target, partition: j.partition, patience: j.r.o.Patience, unpack: j.r.unpack, leader: -1}
	if source {
		r.cl, r.topic, r.source, r.committed = j.r.src, j.pair.Source, true, j.r.o.ReadCommitted
	}
	return r
}

// awaitTarget waits until the target's log ends behind the offset, for Options.Wait at most.
func (j *job) awaitTarget(ctx context.Context, end int64) (int64, error) {
	for deadline := time.Now().Add(j.r.o.Wait); ; {
		now, err := listOffset(ctx, j.r.dst, j.pair.Target, j.partition, -1)
		if err != nil || now > end || time.Now().After(deadline) {
			return now, err
		}
		select {
		case <-ctx.Done():
			return end, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
