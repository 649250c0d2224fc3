package replicate

import (
	"encoding/binary"
	"slices"
)

// beyond goes on from a source record that is on the target to the last one that
// is. The target may end with a repeat, so later source records can be on it
// already, further back. It returns the offset and leader epoch of that last one.
func (f *finder) beyond(last int64) (int64, int32, error) {
	b := &beyond{finder: f, last: last, epoch: -1}
	for {
		next, err := f.ahead(b.last)
		if err != nil || len(next) == 0 {
			return b.last, b.epoch, err
		}
		if err := b.cover(next); err != nil {
			return 0, 0, err
		}
		more, err := b.follow(next)
		if err != nil || !more {
			return b.last, b.epoch, err
		}
	}
}

// ahead are the first source records behind an offset.
func (f *finder) ahead(last int64) (list []digest, err error) {
	err = f.each(f.sourceFrom(last+1), func(d digest) bool {
		list = append(list, d)
		return len(list) < takeoverAhead
	})
	return list, err
}

// beyond is such a search.
type beyond struct {
	*finder
	last  int64 // the source offset that is on the target for certain
	epoch int32

	covered bool
	oldest  int64     // timestamp from which on the sets are complete
	copies  digestSet // of the target
	earlier digestSet // of the source, up to last
}

// cover sees to it that the sets hold whatever can equal one of the records: all
// that is as new as the oldest of them, on both sides.
func (b *beyond) cover(next []digest) (err error) {
	oldest := next[0].timestamp
	for _, d := range next {
		oldest = min(oldest, d.timestamp)
	}
	if b.covered && oldest >= b.oldest {
		return nil
	}
	b.covered, b.oldest = true, oldest
	timed := oldest >= 0 && !b.topic.AppendTime
	from := max(b.begin, b.end-b.left/4)
	if timed {
		if from, err = b.t.target.listOffset(b.ctx, b.target, b.topic.Decision.Target, b.number, oldest, false); err != nil {
			return err
		}
	}
	b.copies, b.earlier = digestSet{}, digestSet{}
	if from < 0 {
		return nil // all that the target has is older than these
	}
	list, err := b.between(b.targetFrom(from), b.end)
	if err != nil {
		return err
	}
	b.copies = newDigestSet(list, !stamped(list))
	if from = max(b.srcBegin, b.last-takeoverOn); timed {
		if from, err = b.t.source.listOffset(b.ctx, b.source, b.topic.Decision.Topic, b.number, oldest, false); err != nil {
			return err
		}
	}
	if from >= 0 && from <= b.last {
		list, err = b.between(b.sourceFrom(from), b.last+1)
	} else {
		list = nil
	}
	b.earlier = newDigestSet(list, b.copies.timed)
	return err
}

// follow goes over the records as far as they are on the target, and reports
// whether that was all of them.
func (b *beyond) follow(next []digest) (more bool, err error) {
	for i, d := range next {
		there, err := b.isThere(d)
		if err != nil {
			return false, err
		}
		if !there {
			return false, b.noneBehind(next[i:])
		}
		b.last, b.epoch = d.offset, d.epoch
		b.earlier.add(d)
	}
	return true, nil
}

// noneBehind refuses a target that lacks a record and has later ones: going on at
// the one would repeat the others. Compaction takes records out, and there it is
// no reason.
func (b *beyond) noneBehind(next []digest) error {
	if b.compacted {
		return nil
	}
	for _, d := range next[1:] {
		there, err := b.isThere(d)
		if err != nil {
			return err
		}
		if there {
			return doubtf("the target has the source's record at offset %d and not the one at %d: something was left out there, so that going on would lose or repeat records", d.offset, next[0].offset)
		}
	}
	return nil
}

// isThere tells whether a source record is on the target. A record can be equal
// to an earlier one, whose copy then proves nothing: only more copies than there
// are such earlier ones do, and they could be repeats.
func (b *beyond) isThere(d digest) (bool, error) {
	copies, earlier := b.copies.count(d), b.earlier.count(d)
	switch {
	case copies == 0 || earlier > 0 && copies <= earlier:
		return false, nil
	case earlier == 0:
		return true, nil
	}
	return false, doubtf("the source's record at offset %d is equal to %d earlier ones, and the target has %d of them: whether it was copied or they were repeated cannot be told", d.offset, earlier, copies)
}

// digestSet counts equal records. 16 bytes of the hash are enough for that.
type digestSet struct {
	timed bool // timestamps count, since no broker has set them
	n     map[[24]byte]int
}

func newDigestSet(list []digest, timed bool) digestSet {
	s := digestSet{timed: timed, n: make(map[[24]byte]int, len(list))}
	for _, d := range list {
		s.add(d)
	}
	return s
}

// stamped reports whether a broker has set the timestamp of any of the records.
func stamped(list []digest) bool {
	return slices.ContainsFunc(list, func(d digest) bool { return d.stamped })
}

func (s digestSet) key(d digest) (k [24]byte) {
	copy(k[:16], d.sum[:16])
	if s.timed {
		binary.BigEndian.PutUint64(k[16:], uint64(d.timestamp))
	}
	return k
}

func (s digestSet) add(d digest)       { s.n[s.key(d)]++ }
func (s digestSet) count(d digest) int { return s.n[s.key(d)] }

// take uses up one of the records that equal d, if there is one.
func (s digestSet) take(d digest) bool {
	k := s.key(d)
	if s.n[k] == 0 {
		return false
	}
	s.n[k]--
	return true
}
