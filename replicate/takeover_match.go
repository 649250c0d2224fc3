package replicate

import (
	"cmp"
	"fmt"
	"slices"
)

// alignment is a place in the source that the target's end may be the copy of.
type alignment struct {
	last      int64 // offset of the source record that the target ends with
	epoch     int32 // of its batch
	run       int   // records that are equal, back from there
	whole     bool  // the run goes back to the beginning of one of the logs
	committed bool  // how the source was read
	agrees    bool  // a pair that whoever copied wrote down says the same
}

// match finds the source record that the target ends with. Where several are
// equal to it the longest run decides.
func (f *finder) match() (alignment, bool, error) {
	if f.compacted {
		return f.matchCompacted()
	}
	candidates, err := f.candidates(f.tail[len(f.tail)-1])
	if err != nil || len(candidates) == 0 {
		return alignment{}, false, err
	}
	var all []alignment
	for _, c := range candidates {
		m, err := f.runTo(c)
		if err != nil {
			return alignment{}, false, err
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b alignment) int { return b.run - a.run })
	best := all[0]
	var equal []alignment
	for _, m := range all {
		if m.run == best.run {
			equal = append(equal, m)
		}
	}
	if len(equal) == 1 {
		return best, true, nil
	}
	return f.tie(equal)
}

// tie decides between equally long runs: all of them may lead to the same
// position, or a pair that was written down may name one.
func (f *finder) tie(equal []alignment) (alignment, bool, error) {
	var agreeing []alignment
	positions := map[int64]bool{}
	for _, m := range equal {
		if m.agrees {
			agreeing = append(agreeing, m)
		}
		if len(positions) < 2 {
			on, _, err := f.beyond(m.last)
			if err != nil {
				return alignment{}, false, err
			}
			positions[on] = true
		}
	}
	if len(positions) == 1 {
		return equal[0], true, nil
	}
	if len(agreeing) == 1 {
		return agreeing[0], true, nil
	}
	return alignment{}, false, doubtf("%d places in the source hold the same records as the target's end (offsets %d to %d, a run of %d): which of them was copied last cannot be told",
		len(equal), slices.MinFunc(equal, byLast).last, slices.MaxFunc(equal, byLast).last, equal[0].run)
}

func byLast(a, b alignment) int { return cmp.Compare(a.last, b.last) }

// candidates are the source records that equal d. Timestamps lead there, since
// both logs have the same; without them the hint does, or nothing.
func (f *finder) candidates(d digest) ([]digest, error) {
	from, err := f.searchFrom(d)
	if err != nil || from < 0 {
		return nil, err
	}
	var found []digest
	behind := 0
	err = f.each(f.sourceFrom(from), func(s digest) bool {
		if s.isCopiedAs(d) {
			found = append(found, s)
		}
		if len(found) > 0 {
			behind++
		}
		return behind < takeoverOn && len(found) <= takeoverMany
	})
	if err == nil && len(found) > takeoverMany {
		err = doubtf("more than %d source records are equal to the target's last one: which of them was copied last cannot be told", takeoverMany)
	}
	return found, err
}

// searchFrom is the source offset that the record d cannot be in front of; -1
// when the source has no such record.
func (f *finder) searchFrom(d digest) (int64, error) {
	if !d.stamped && d.timestamp >= 0 {
		return f.t.source.listOffset(f.ctx, f.source, f.topic.Decision.Topic, f.number, d.timestamp, false)
	}
	if next := f.hint.Next; next >= 0 {
		return max(f.srcBegin, next-takeoverTail), nil
	}
	return f.srcBegin, nil
}

// runTo compares backward from a source record and the target's last one.
func (f *finder) runTo(c digest) (alignment, error) {
	m := alignment{last: c.offset, epoch: c.epoch, committed: f.committed}
	source, whole, err := f.before(c.offset+1, len(f.tail))
	if err != nil {
		return m, err
	}
	m.run = equalRun(source, f.tail)
	for back := 1; back <= m.run; back++ {
		pair := OffsetPair{source[len(source)-back].offset, f.tail[len(f.tail)-back].offset}
		m.agrees = m.agrees || slices.Contains(f.hint.Pairs, pair)
	}
	m.whole = m.run == len(f.tail) && f.tailWhole || m.run == len(source) && whole
	return m, nil
}

// before returns up to n source records in front of an offset, and whether they
// reach back to the source's beginning.
func (f *finder) before(offset int64, n int) (list []digest, whole bool, err error) {
	for back := int64(n); ; back *= 2 {
		from := max(f.srcBegin, offset-back)
		if list, err = f.between(f.sourceFrom(from), offset); err != nil {
			return nil, false, err
		}
		if whole = from == f.srcBegin; whole || len(list) >= n {
			return list, whole, nil
		}
	}
}

// matchCompacted finds the last source record that is in the target's end. Both
// logs may lack any record that has a newer one of its key, so there are no runs,
// only an order; what the source lacks behind the match it lacks for ever.
func (f *finder) matchCompacted() (alignment, bool, error) {
	oldest := f.tail[0]
	for _, d := range f.tail {
		if d.stamped || d.timestamp < oldest.timestamp {
			oldest = d
		}
	}
	from, err := f.searchFrom(oldest)
	if err != nil || from < 0 {
		return alignment{}, false, err
	}
	in := newDigestSet(f.tail, !stamped(f.tail))
	m, found, since := alignment{committed: f.committed}, false, 0
	err = f.each(f.sourceFrom(from), func(s digest) bool {
		since++
		if in.take(s) {
			m.last, m.epoch, found, since = s.offset, s.epoch, true, 0
			m.run++
		}
		return !found || since < 10*takeoverOn
	})
	return m, found, err
}

// conclude goes from the record that the target ends with to the last one that
// is on the target at all.
func (f *finder) conclude(m alignment) (Ending, error) {
	last, epoch, err := f.beyond(m.last)
	if err != nil {
		return f.giveUp(err)
	}
	e := Ending{Source: last + 1, Matched: m.run, sourceEpoch: m.epoch, How: fmt.Sprintf("the last %d records are equal", m.run)}
	switch {
	case f.compacted:
		e.How = fmt.Sprintf("%d of the last %d records are in the compacted source", m.run, len(f.tail))
	case m.run == 1:
		e.How = "the last record is equal"
	}
	switch {
	case last != m.last:
		e.sourceEpoch, e.Repeats = epoch, true
	case m.run < len(f.tail) && !m.whole && !f.compacted:
		joins, err := f.joins(m)
		if err != nil {
			return f.giveUp(err)
		}
		if !joins {
			return Ending{Refused: fmt.Sprintf("the target's last %d records are the source's up to offset %d, but the one before (offset %d) is not: somebody else writes this topic, or records were changed on the way",
				m.run, m.last, f.tail[len(f.tail)-1-m.run].offset)}, nil
		}
		e.Repeats = true
	}
	return e, nil
}

// joins reports whether what the target has in front of a run are earlier copies
// of the run's own records: then the run is what was copied again after an
// interruption, and not what somebody else wrote.
func (f *finder) joins(m alignment) (bool, error) {
	source, _, err := f.before(m.last+1, m.run+1)
	if err != nil {
		return false, err
	}
	earlier := newDigestSet(f.tail[:len(f.tail)-m.run], !stamped(f.tail))
	return slices.ContainsFunc(source, func(s digest) bool { return earlier.count(s) > 0 }), nil
}
