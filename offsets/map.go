package offsets

import (
	"fmt"
	"math"
	"sort"
	"sync"
)

const (
	// PageRuns is how many runs a page of a stored map has; all pages but the
	// last are full.
	PageRuns = 64
	// DefaultMapLimit is the number of runs that a map keeps when nothing else
	// is said: at 40 bytes each, 80 KiB in memory for a partition whose source
	// has many gaps. A partition without gaps has one run for ever.
	DefaultMapLimit = 2048
	maxMapLimit     = PageRuns * MaxPages
	minMapLimit     = 2
	maxOffset       = math.MaxInt64 / 4 // far enough that sums of four cannot overflow
)

// Map translates between the source and target offsets of one partition.
//
// Runs are added in order; a run that goes on where the last one ended joins it.
// Past its limit the map thins itself: in its older half those neighbours become
// one run which together lose the least precision. What is not known precisely,
// inside a thinned run or in a gap between runs (nothing was there to copy, or
// the stored map was behind when a process died), is answered with the earliest
// offset that may be right and the slack up to the latest: an answer is never
// later than the exact one.
//
// A gap with nothing on one side is exact all the same: source offsets between
// two runs that adjoin on the target had nothing to copy.
//
// Pages hands out what has to be stored. A map is safe for concurrent use.
type Map struct {
	limit int // immutable

	mu    sync.Mutex // guards all below
	runs  []Run      // in order, not overlapping on either side
	end   position   // how far copying is known to be, at or behind the last run
	known bool       // false until something was added: end means nothing yet

	dirty  int // the first page that changed since Pages was called
	stored int // pages that may be in the checkpoint topic since Pages was called
	peak   int // the most that stored ever was
}

// position is a place in the source and the place in the target that belongs to
// it: what is before it on one side is before it on the other.
type position struct{ source, target int64 }

// NewMap makes an empty map that keeps at most limit runs; 0 means
// DefaultMapLimit, and the limit is brought into 2 to 65,536.
func NewMap(limit int) *Map {
	if limit == 0 {
		limit = DefaultMapLimit
	}
	return &Map{limit: min(max(limit, minMapLimit), maxMapLimit)}
}

// Add says that the records at source offsets source to source+count-1 are at
// the target from offset target on, each at the next. With count 0 it says only
// that copying has come to these offsets: nothing between the last run and
// source is still to be copied.
//
// What was added before may be added again: the part below the map's end is
// left out. An error means that the offsets contradict the map; it stays as it
// was. See CutTarget and CutSource for logs that lost their ends.
func (m *Map) Add(source, target, count int64) error {
	return m.AddSparse(source, source+count-1, target, count)
}

// AddSparse is Add for count records of which the first is at source offset
// first and the last at last, with holes in between whose place is not told:
// answers inside have a slack of up to their number.
func (m *Map) AddSparse(first, last, target, count int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := Run{Source: first, Target: target, Count: count, Holes: last + 1 - first - count}
	if first < 0 || target < 0 || count < 0 || r.Holes < 0 || count < 2 && r.Holes > 0 ||
		max(first, last, target, count) > maxOffset {
		return fmt.Errorf("add to offset map: %d records at source %d to %d, target %d: impossible", count, first, last, target)
	}
	if m.known && first < m.end.source {
		if low, slack := m.find(first, false); target < low || target > low+slack {
			return fmt.Errorf("add to offset map: source %d at target %d, but the map has it at %d to %d",
				first, target, low, low+slack)
		}
		if r.sourceEnd() <= m.end.source {
			return nil
		}
		r = r.from(m.end.source)
	}
	if m.known && r.Target < m.end.target {
		return fmt.Errorf("add to offset map: source %d at target %d, but the map already ends at source %d, target %d",
			r.Source, r.Target, m.end.source, m.end.target)
	}
	m.push(r)
	return nil
}

// push puts a run behind the others, or joins it to the last.
func (m *Map) push(r Run) {
	m.end, m.known = position{r.sourceEnd(), r.targetEnd()}, true
	if r.Count == 0 {
		return
	}
	if n := len(m.runs); n > 0 && m.runs[n-1].joins(r) {
		m.runs[n-1].Count += r.Count
		m.touch(n - 1)
		return
	}
	m.runs = append(m.runs, r)
	m.touch(len(m.runs) - 1)
	if len(m.runs) > m.limit {
		m.thin()
	}
}

// touch marks the page of run i and all behind it as changed.
func (m *Map) touch(i int) { m.dirty = min(m.dirty, i/PageRuns) }

// Translate gives the target offset where a reader goes on who has read the
// source up to but without this offset: that of the first copied record at or
// behind it. The exact one is at least target and at most target+slack, and
// exact means that slack is 0.
//
//   - At the map's end target is where the next record will be. Behind it, it is
//     the same, and slack counts the source offsets that are not yet copied (if
//     others write the target partition too, their records come on top).
//   - Below the first run the answer is 0: older runs may be unknown.
//   - In a partition that others write too, a reader may meet their records first.
//
// Ok is false as long as the map is empty.
func (m *Map) Translate(source int64) (target int64, exact bool, slack int64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known {
		return 0, false, 0, false
	}
	target, slack = m.find(source, false)
	return target, slack == 0, slack, true
}

// SourceOf is Translate in the other direction: where a reader goes on in the
// source who has read the target up to but without this offset.
func (m *Map) SourceOf(target int64) (source int64, exact, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known {
		return 0, false, false
	}
	source, slack := m.find(target, true)
	return source, slack == 0, true
}

// find looks an offset up: a source offset, or with flipped a target offset.
// The offset it belongs to is from low to low+slack.
func (m *Map) find(offset int64, flipped bool) (low, slack int64) {
	n := len(m.runs)
	at := func(i int) Run { // the end counts as a run without records
		r := Run{Source: m.end.source, Target: m.end.target}
		if i < n {
			r = m.runs[i]
		}
		if flipped {
			r = r.flip()
		}
		return r
	}
	next := sort.Search(n+1, func(i int) bool { return at(i).Source > offset })
	switch next {
	case 0:
		return 0, at(0).Target
	case n + 1:
		return at(n).Target, offset - at(n).Source
	}
	r := at(next - 1)
	if offset >= r.sourceEnd() {
		r = r.gapTo(at(next))
	}
	low, high := r.locate(offset)
	return low, high - low
}

// End is how far copying is known to be; ok is false for an empty map.
func (m *Map) End() (source, target int64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.end.source, m.end.target, m.known
}

// Runs is a copy of the runs, oldest first.
func (m *Map) Runs() []Run {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Run(nil), m.runs...)
}

// CutTarget forgets everything at and behind a target offset: the target lost
// its end. CutTarget(0) empties the map. The pages that change must be stored
// before the first record is sent behind the cut.
func (m *Map) CutTarget(target int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if target < m.end.target || target <= 0 {
		m.cut(sort.Search(len(m.runs), func(i int) bool { return m.runs[i].targetEnd() > target }),
			func(r Run) (Run, bool) { return r.flip().before(target).flip(), r.Target < target })
	}
}

// CutSource forgets everything at and behind a source offset: the source lost
// its end, and other records came or will come there.
func (m *Map) CutSource(source int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if source < m.end.source || source <= 0 {
		m.cut(sort.Search(len(m.runs), func(i int) bool { return m.runs[i].sourceEnd() > source }),
			func(r Run) (Run, bool) { return r.before(source), r.Source < source })
	}
}

// cut drops run i and all behind it but for what keep leaves of run i.
func (m *Map) cut(i int, keep func(Run) (Run, bool)) {
	if i < len(m.runs) {
		rest, some := keep(m.runs[i])
		m.runs = m.runs[:i]
		m.touch(i)
		if some {
			m.runs = append(m.runs, rest)
		}
	}
	m.end, m.known = position{}, len(m.runs) > 0
	if m.known {
		last := m.runs[len(m.runs)-1]
		m.end = position{last.sourceEnd(), last.targetEnd()}
	}
}

// thin brings the number of runs a quarter below the limit. Only the older half
// is touched: recent positions are the ones that are asked for. There, passes
// merge pairs of neighbours, in each those that are at or below the median of
// what a merged run would not know.
func (m *Map) thin() {
	goal := m.limit - m.limit/4
	for len(m.runs) > goal {
		older := max(2, len(m.runs)/2)
		costs := make([]int64, older-1)
		for i := range costs {
			merged := m.runs[i].merge(m.runs[i+1])
			costs[i] = merged.Holes + merged.Foreign
		}
		sorted := append([]int64(nil), costs...)
		sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
		m.mergeUpTo(sorted[len(sorted)/2], costs, len(m.runs)-goal)
	}
}

// mergeUpTo merges pairs whose cost is at most most, no run twice, and no more
// than enough of them.
func (m *Map) mergeUpTo(most int64, costs []int64, enough int) {
	kept := m.runs[:0]
	for i := 0; i < len(m.runs); i++ {
		r := m.runs[i]
		if enough > 0 && i < len(costs) && costs[i] <= most {
			m.touch(len(kept))
			i++
			r = r.merge(m.runs[i])
			enough--
		}
		kept = append(kept, r)
	}
	m.runs = kept
}
