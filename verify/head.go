package verify

import "context"

// headSize is how many records of each side are compared to find where the logs meet.
const headSize = 1 << 12

// head says what may be missing at the beginning of a partition, and how to save reading.
type head struct {
	sourceMayBeOlder bool // the target's log was trimmed, or the copy did not begin with the source's log
	targetMayBeOlder bool // the source's log was trimmed, or the comparison begins in the middle

	// seekSource and seekTarget return the first offset whose timestamp is at or after the given one (-1: none); nil where timestamps do not help.
	seekSource, seekTarget func(ctx context.Context, timestamp int64) (int64, error)
}

// alignHead leaves out what only one side holds because the other log begins later. What may not be missing stays and is named by run.
func (c *comparison) alignHead(ctx context.Context, h head) error {
	if !h.sourceMayBeOlder && !h.targetMayBeOlder {
		return nil
	}
	defer func() { c.reached = Position{c.from.Offset, c.to.Offset} }()
	if err := c.fillHeads(ctx); err != nil {
		return err
	}
	if h.targetMayBeOlder && c.source.done && len(c.source.entries()) == 0 {
		c.skipTarget()
		return nil
	}
	if err := c.seekHeads(ctx, h); err != nil {
		return err
	}
	if c.trimHeads(h) {
		return nil
	}
	if h.targetMayBeOlder {
		found, err := c.skipTo(ctx, &c.target, &c.source, &c.counts.TargetOnly)
		if err != nil || found && c.trimHeads(h) {
			return err
		}
		if !found {
			c.reopenTarget(c.to.Offset)
		}
	}
	return c.skipSource(ctx, h)
}

func (c *comparison) fillHeads(ctx context.Context) error {
	if err := c.source.fill(ctx, headSize); err != nil {
		return err
	}
	return c.target.fill(ctx, headSize)
}

// seekHeads moves the side that begins earlier near to the other's beginning. A record's timestamp is never found behind the record itself, so
// that nothing that both sides hold is stepped over.
func (c *comparison) seekHeads(ctx context.Context, h head) error {
	if t := earliest(c.source.entries()); h.targetMayBeOlder && h.seekTarget != nil && t > 0 {
		at, err := h.seekTarget(ctx, t)
		if err != nil {
			return err
		}
		if at > c.to.Offset {
			c.counts.TargetOnly += at - c.to.Offset
			c.reopenTarget(at)
			return c.fillHeads(ctx)
		}
	}
	if t := earliest(c.target.entries()); h.sourceMayBeOlder && h.seekSource != nil && t > 0 {
		at, err := h.seekSource(ctx, t)
		if err != nil {
			return err
		}
		if at > c.from.Offset {
			c.counts.SourceOnly += at - c.from.Offset
			c.reopenSource(at)
			return c.fillHeads(ctx)
		}
	}
	return nil
}

// earliest returns the smallest timestamp; not above 0 if one has none.
func earliest(es []entry) int64 {
	if len(es) == 0 {
		return 0
	}
	t := es[0].print.time
	for _, e := range es {
		t = min(t, e.print.time)
	}
	return t
}

func (c *comparison) reopenSource(offset int64) {
	c.source.feed.close()
	c.source = window{feed: c.openSource(offset)}
	c.from.Offset = offset
}

func (c *comparison) reopenTarget(offset int64) {
	c.target.feed.close()
	c.target = window{feed: c.openTarget(offset)}
	c.to.Offset = offset
}

// trimHeads takes off what lies before the first record that both windows hold; false if there is none.
// Where the target holds older records than the source, source records missing before the first common one are not old but lost: they stay.
func (c *comparison) trimHeads(h head) bool {
	a, b := c.source.entries(), c.target.entries()
	pairs := common(a, b, same)
	if pairs == nil {
		pairs = anchors(a, b, whole)
	}
	if len(pairs) == 0 {
		return false
	}
	first := pairs[0]
	for _, p := range common(a[:first.source], b[:first.target], surelyAlike) { // changed records at the very beginning
		first = p
		break
	}
	targetIsOlder := h.targetMayBeOlder && first.target > 0
	if targetIsOlder {
		c.counts.TargetOnly += int64(first.target)
		c.to.Offset = b[first.target].offset
		c.target.take(first.target)
	}
	if h.sourceMayBeOlder && !targetIsOlder {
		c.counts.SourceOnly += int64(first.source)
		c.from.Offset = a[first.source].offset
		c.source.take(first.source)
	}
	return true
}

// skipTo reads on in one side until a record comes that the other's window holds, and counts what it passes; false: none came.
func (c *comparison) skipTo(ctx context.Context, w, other *window, passed *int64) (bool, error) {
	wanted := make(map[fingerprint]bool)
	for _, e := range other.entries() {
		wanted[e.print] = true
	}
	if len(wanted) == 0 {
		return false, nil
	}
	var n int64
	for {
		if err := w.fill(ctx, block); err != nil {
			return false, err
		}
		es := w.entries()
		for i, e := range es {
			if wanted[e.print] {
				*passed += n + int64(i)
				w.take(i)
				return true, c.fillHeads(ctx)
			}
		}
		n += int64(len(es))
		w.take(len(es))
		if len(es) == 0 && w.done {
			return false, nil
		}
	}
}

// skipSource looks for the target's first records further on in the source: what lies before is old, or lost as one piece.
func (c *comparison) skipSource(ctx context.Context, h head) error {
	if err := c.fillHeads(ctx); err != nil {
		return err
	}
	start := c.from
	var passed int64
	found, err := c.skipTo(ctx, &c.source, &c.target, &passed)
	switch {
	case err != nil:
		return err
	case found:
		c.from.Offset = c.source.entries()[0].offset
		known := min(passed, c.lossesWithin(start.Offset, c.from.Offset))
		c.counts.KnownLost += known
		passed -= known
		if h.sourceMayBeOlder {
			c.counts.SourceOnly += passed
		} else if passed > 0 {
			c.findings.add(finding{kind: Lost, source: start, target: c.to, count: passed, detail: "before the first record that both sides hold"})
		}
		c.trimHeads(h)
		return nil
	}
	c.reopenSource(start.Offset)
	if h.targetMayBeOlder {
		c.skipTarget()
	}
	return nil
}

// lossesWithin counts the offsets of recorded losses in [from, to).
func (c *comparison) lossesWithin(from, to int64) int64 {
	var n int64
	for _, l := range c.losses {
		n += max(0, min(l.To, to)-max(l.From, from))
	}
	return n
}

// skipTarget passes over a target that holds only older records than the source.
func (c *comparison) skipTarget() {
	c.counts.TargetOnly += max(0, c.targetEnd-c.to.Offset)
	c.reopenTarget(max(c.to.Offset, c.targetEnd))
}
