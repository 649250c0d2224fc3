package verify

import "context"

// comparison compares the two feeds of one partition.
type comparison struct {
	source, target window
	from, to       Place // of the next record of each side; Offset moves on
	openSource     func(offset int64) feed
	openTarget     func(offset int64) feed
	targetEnd      int64 // frozen

	must    int64    // source records from here on need not be on the target
	covers  int64    // source records from here on only help to judge those before
	bounded bool     // target records behind the last pair are not judged: the source is not read that far
	reached Position // behind the last pair before covers
	losses  []Loss

	past     history
	findings *findings
	counts   *PartitionReport
	report   func(records, bytes int64) // progress
}

const (
	block      = 512     // entries read at a time while both sides agree
	firstSize  = 256     // entries of each side that are aligned at a mismatch; then 8 times more until enough of them match
	lastSize   = 1 << 17 // at most
	convincing = 16      // matching records that prove an alignment
)

// run compares until both feeds are used up.
func (c *comparison) run(ctx context.Context) error {
	for {
		if err := c.fill(ctx, block); err != nil {
			return err
		}
		c.takeEqual()
		a, b := c.source.entries(), c.target.entries()
		if len(a) == 0 && !c.source.done || len(b) == 0 && !c.target.done {
			continue
		}
		if len(a) > 0 && len(b) > 0 {
			found, err := c.resync(ctx)
			if err != nil {
				return err
			}
			if found {
				continue
			}
		}
		again, err := c.settle(ctx)
		if err != nil || !again {
			return err
		}
	}
}

// fill refills a side that is used up, so that the rest of the other is not copied about.
func (c *comparison) fill(ctx context.Context, n int) error {
	if len(c.source.entries()) == 0 {
		if err := c.source.fill(ctx, n); err != nil {
			return err
		}
	}
	if len(c.target.entries()) == 0 {
		return c.target.fill(ctx, n)
	}
	return nil
}

// takeEqual takes off what is equal at the heads of both sides.
func (c *comparison) takeEqual() {
	a, b := c.source.entries(), c.target.entries()
	n := 0
	for n < len(a) && n < len(b) && a[n].print == b[n].print {
		n++
	}
	c.equal(a[:n], b[:n])
	c.source.take(n)
	c.target.take(n)
}

// equal accounts for pairs of equal records.
func (c *comparison) equal(a, b []entry) {
	var records, bytes int64
	for i := range a {
		if a[i].offset < c.covers {
			records++
			bytes += int64(a[i].size)
			c.reached = Position{a[i].offset + 1, b[i].offset + 1}
		}
		c.past.add(remembered{a[i].print, a[i].offset, b[i].offset})
		if len(c.findings.foreign) > 0 {
			c.findings.matched(a[i].print, c.sourcePlace(a[i].offset))
		}
	}
	if n := len(a); n > 0 {
		c.from.Offset, c.to.Offset = a[n-1].offset+1, b[n-1].offset+1
	}
	c.counts.Equal += records
	c.counts.Bytes += bytes
	c.report(records, bytes)
}

func (c *comparison) sourcePlace(offset int64) Place {
	return Place{c.from.Topic, c.from.Partition, offset}
}

func (c *comparison) targetPlace(offset int64) Place {
	return Place{c.to.Topic, c.to.Partition, offset}
}

// resync finds out where both sides agree again and names what lies before; false: a side ends before enough of them agree.
func (c *comparison) resync(ctx context.Context) (bool, error) {
	for size := firstSize; ; size *= 8 {
		if err := c.source.fill(ctx, size); err != nil {
			return false, err
		}
		if err := c.target.fill(ctx, size); err != nil {
			return false, err
		}
		a, b := c.source.entries(), c.target.entries()
		a, b = a[:min(len(a), size)], b[:min(len(b), size)]
		if pairs := link(a, b); len(pairs) > 0 {
			c.commit(a, b, pairs)
			return true, nil
		}
		if len(a) < size && len(b) < size {
			return false, nil
		}
		if size < lastSize {
			continue
		}
		if len(a) < size || len(b) < size {
			return false, nil
		}
		// Nothing in common over a long way: name all of it and go on behind.
		c.hunk(a, b, false)
		c.source.take(len(a))
		c.target.take(len(b))
		return true, nil
	}
}

// link aligns two windows; nil if too few records match to be sure that the windows cover the same part of the log.
func link(a, b []entry) []pair {
	if pairs := anchors(a, b, whole); len(pairs) >= convincing {
		return pairs
	}
	half := min(len(a), len(b)) / 2
	if pairs := common(a, b, same); len(pairs) >= max(half, convincing) {
		return pairs
	}
	for _, id := range weaker() {
		if pairs := anchors(a, b, id); len(pairs) >= max(half, convincing) {
			return pairs
		}
	}
	return nil
}

// commit accounts for two aligned windows up to the last pair and takes them off.
func (c *comparison) commit(a, b []entry, pairs []pair) {
	i, j := c.between(a, b, pairs)
	c.source.take(i)
	c.target.take(j)
}

// between accounts for the pairs and the hunks before each, and returns the indexes behind the last pair.
func (c *comparison) between(a, b []entry, pairs []pair) (i, j int) {
	for _, p := range pairs {
		c.hunk(a[i:p.source], b[j:p.target], false)
		c.pair(a[p.source], b[p.target])
		i, j = p.source+1, p.target+1
	}
	return i, j
}

// pair accounts for two records at the same place.
func (c *comparison) pair(a, b entry) {
	if a.print == b.print {
		c.equal([]entry{a}, []entry{b})
		return
	}
	if a.offset < c.covers {
		c.reached = Position{a.offset + 1, b.offset + 1}
		c.findings.add(finding{kind: Changed, source: c.sourcePlace(a.offset), target: c.targetPlace(b.offset), print: a.print, other: b.print})
	}
	c.past.add(remembered{b.print, a.offset, b.offset})
	c.from.Offset, c.to.Offset = a.offset+1, b.offset+1
}

// exactTail is how many records that are not copied are counted one by one; behind them offsets are, to save reading a long backlog.
const exactTail = 1 << 16

// settle names what is left when a side has ended, or waits for the target to grow (true: go on).
func (c *comparison) settle(ctx context.Context) (bool, error) {
	a, b := c.source.entries(), c.target.entries()
	pairs := common(a, b, same)
	if pairs == nil {
		pairs = anchors(a, b, whole)
	}
	if c.target.done && c.waiting(a, pairs) {
		grown, err := c.target.more(ctx)
		if grown || err != nil {
			c.bounded = true // what the target got meanwhile may be newer than the source's frozen end
			return grown, err
		}
	}
	i, j := c.between(a, b, pairs)
	c.hunk(a[i:], b[j:], true)
	c.source.take(len(a))
	c.target.take(len(b))
	return false, c.drain(ctx)
}

// waiting reports whether the target lacks records at its end.
func (c *comparison) waiting(a []entry, pairs []pair) bool {
	next := 0
	if n := len(pairs); n > 0 {
		next = pairs[n-1].source + 1
	}
	return !c.source.done || next < len(a) && a[next].offset < c.must
}

// drain accounts for what a side has left when the other has ended.
func (c *comparison) drain(ctx context.Context) error {
	for n := 0; !c.source.done && n < exactTail; {
		if err := c.source.fill(ctx, block); err != nil {
			return err
		}
		rest := c.source.entries()
		c.hunk(rest, nil, true)
		n += len(rest)
		if len(rest) > 0 && n >= exactTail {
			c.counts.NotCopied += max(0, c.must-rest[len(rest)-1].offset-1)
		}
		c.source.take(len(rest))
	}
	for !c.target.done && !c.bounded {
		if err := c.target.fill(ctx, block); err != nil {
			return err
		}
		rest := c.target.entries()
		c.hunk(nil, rest, true)
		c.target.take(len(rest))
	}
	return nil
}
