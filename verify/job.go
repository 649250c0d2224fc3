package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

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
		if err = j.whole(); err == nil {
			err = j.latest(ctx)
		}
	} else {
		err = j.records(ctx)
	}
	if err != nil {
		j.report.Error = err.Error()
	}
}

// whole refuses a range of a compacted topic: its records go when later ones of
// their keys come, so the latest of each key tells nothing about a range.
func (j *job) whole() error {
	g, ok := j.r.o.Ranges[PartitionKey{j.pair.Source, j.pair.Target, j.partition}]
	if ok && (g.From > j.source.start || g.To < j.source.end) {
		return fmt.Errorf("the topic is compacted, so that offsets %d to %d of it cannot be compared by themselves", g.From, g.To-1)
	}
	return nil
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
	if g, ok := j.r.o.Ranges[PartitionKey{j.pair.Source, j.pair.Target, j.partition}]; ok {
		from, to = max(from, g.From), min(to, g.To)
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
	at, err := j.reader(true).offsetAt(ctx, b.Time.UnixMilli())
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
			at.Source, h.targetMayBeOlder = trimmed.start, true
			if at.Source >= p.to {
				return at, nil
			}
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
		h.seekSource, h.seekTarget = j.reader(true).offsetAt, j.reader(false).offsetAt
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
