package verify

import "fmt"

// hunk names what lies between two pairs (last: behind the last pair).
func (c *comparison) hunk(a, b []entry, last bool) {
	if len(a) == 0 && len(b) == 0 {
		return
	}
	pairs := common(a, b, same)
	if pairs == nil {
		pairs = anchors(a, b, whole)
	}
	if len(pairs) > 0 {
		i, j := c.between(a, b, pairs)
		c.hunk(a[i:], b[j:], last)
		return
	}
	a, b = c.explained(a, b)
	c.changed(a, b, last)
}

// changed names the records of a hunk that has none in common.
func (c *comparison) changed(a, b []entry, last bool) {
	i, j := 0, 0
	for _, p := range changedPairs(a, b) {
		c.unmatched(a[i:p.source], b[j:p.target], false)
		c.pair(a[p.source], b[p.target])
		i, j = p.source+1, p.target+1
	}
	c.unmatched(a[i:], b[j:], last)
}

// explained leaves out what needs no partner in this hunk: records that were met before, on either side, and what is recorded as lost or odd.
func (c *comparison) explained(a, b []entry) (restA, restB []entry) {
	for _, e := range b {
		place := c.targetPlace(e.offset)
		if c.oddBefore(e.offset) {
			continue
		}
		if first, ok := c.past.find(e.print); ok {
			c.findings.add(finding{kind: Repeated, source: c.sourcePlace(first.source), target: place, print: e.print,
				detail: fmt.Sprintf("first at %d", first.target)})
			continue
		}
		if !c.findings.arrived(e.print, place) {
			restB = append(restB, e)
		}
	}
	for _, e := range a {
		if c.lostBefore(e.offset) {
			c.counts.KnownLost++
			continue
		}
		if !c.findings.early(e.print, c.sourcePlace(e.offset)) {
			restA = append(restA, e)
		}
	}
	return restA, restB
}

func (c *comparison) lostBefore(offset int64) bool {
	for _, l := range c.losses {
		if offset >= l.From && offset < l.To {
			return true
		}
	}
	return false
}

func (c *comparison) oddBefore(offset int64) bool {
	for _, l := range c.losses {
		if offset >= l.TargetFrom && offset < l.TargetTo {
			return true
		}
	}
	return false
}

// changedPairs finds records that are probably the same ones with other content.
func changedPairs(a, b []entry) []pair {
	if len(a)*len(b) <= tableLimit {
		return common(a, b, alike)
	}
	for _, id := range weaker() {
		if pairs := anchors(a, b, id); len(pairs) >= convincing {
			return pairs
		}
	}
	return nil
}

// unmatched names records that have no partner.
func (c *comparison) unmatched(a, b []entry, last bool) {
	for _, e := range b {
		if last && c.bounded {
			continue
		}
		c.findings.add(finding{kind: Foreign, source: c.from, target: c.targetPlace(e.offset), print: e.print})
	}
	for _, e := range a {
		switch {
		case e.offset >= c.covers:
		case !last:
			c.findings.add(finding{kind: Lost, source: c.sourcePlace(e.offset), target: c.to, print: e.print})
		case e.offset < c.must:
			c.counts.NotCopied++
		}
	}
}
