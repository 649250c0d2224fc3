package verify

import (
	"context"
	"time"
)

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
		j.findings.add(finding{kind: Hole, source: source, target: target, count: n, detail: "the " + side + "'s log does not show these offsets; if the topic was compacted once, allow holes"})
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
	r := j.reader(false)
	for deadline := time.Now().Add(j.r.o.Wait); ; {
		now, err := r.offsetAt(ctx, -1)
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
