package history

import (
	"maps"
	"slices"
	"time"
)

// rowsAtOnce is how many rows are read with one call.
const rowsAtOnce = 64

// Span is what was asked for: the points of some series at regular times.
type Span struct {
	Start  time.Time // of the first point
	Step   time.Duration
	Series []Points // in the order of the question
}

// Points are those of one series.
type Points struct {
	Key      string
	Recorded bool // false: there is no room for this series, or it was never seen
	Points   []Point
}

// Query returns the points of series in the window that ends now. Series that
// are not recorded have no points.
func (h *History) Query(now time.Time, w Window, keys []string) Span {
	t := tiers()[w.tier]
	last := t.bucket(now)
	count := int64(w.Span / t.step)
	first := max(last-count+1, 0)
	span := Span{Start: time.Unix(t.start(first), 0).UTC(), Step: t.step, Series: make([]Points, len(keys))}

	h.mu.RLock()
	defer h.mu.RUnlock()
	slots := make([]int, len(keys))
	for i, key := range keys {
		slot, ok := h.roster.byKey[key]
		span.Series[i] = Points{Key: key, Recorded: ok}
		slots[i] = slot
		if ok {
			span.Series[i].Points = make([]Point, 0, last-first+1)
		}
	}
	h.eachRow(w.tier, first, last, func(bucket int64, row []byte) {
		for i := range span.Series {
			p := &span.Series[i]
			switch {
			case !p.Recorded:
			case row == nil || t.start(bucket+1) <= h.roster.slots[slots[i]].since:
				p.Points = append(p.Points, noPoint())
			default:
				p.Points = append(p.Points, pointAt(row, slots[i]))
			}
		}
	})
	return span
}

// eachRow visits the buckets from first to last, with nil for rows that are
// missing.
func (h *History) eachRow(t int, first, last int64, visit func(bucket int64, row []byte)) {
	size := int64(h.layout.rowSize())
	ring := int64(tiers()[t].count)
	buffer := make([]byte, rowsAtOnce*size)
	for bucket := first; bucket <= last; {
		n := min(rowsAtOnce, last-bucket+1, ring-bucket%ring)
		chunk := buffer[:n*size]
		if _, err := h.data.ReadAt(chunk, h.layout.row(t, bucket)); err != nil {
			clear(chunk)
		}
		for i := range n {
			row := chunk[i*size : (i+1)*size]
			if !rowHolds(row, bucket+i) {
				row = nil
			}
			visit(bucket+i, row)
		}
		bucket += n
	}
}

// Keys returns the recorded series, sorted.
func (h *History) Keys() []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Sorted(maps.Keys(h.roster.byKey))
}

// Capacity returns how many series there is room for.
func (h *History) Capacity() int { return h.layout.series }

// Free returns for how many more there is room.
func (h *History) Free() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.layout.series - len(h.roster.byKey)
}
