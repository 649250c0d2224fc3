package clusters

import "time"

// maxPoints is how many points a trail has.
const maxPoints = 32

// trail is when a partition's log ended where: what tells how old the record is at
// which a group stands, without reading it. It covers some hours at least: when it
// is full, every second of the older points goes, so that the points lie closer
// the younger they are. A log that nothing is appended to takes two points,
// however long.
type trail struct{ points []point }

type point struct {
	at  int64 // milliseconds since 1970
	end int64
}

// add notes where the log ended. A log that became shorter is another one.
func (t *trail) add(at time.Time, end int64) {
	p := point{at.UnixMilli(), end}
	n := len(t.points)
	if n > 0 && (end < t.points[n-1].end || p.at <= t.points[n-1].at) {
		t.points, n = t.points[:0], 0
	}
	if n > 1 && t.points[n-1].end == end && t.points[n-2].end == end {
		t.points[n-1].at = p.at
		return
	}
	if n == maxPoints {
		t.thin()
	}
	t.points = append(t.points, p)
}

// thin keeps the first point, every second of the older half, and the younger half.
func (t *trail) thin() {
	kept := t.points[:1]
	for i := 2; i < len(t.points); i++ {
		if i >= len(t.points)/2 || i%2 == 0 {
			kept = append(kept, t.points[i])
		}
	}
	t.points = kept
}

// age is how long ago the log's end was at an offset, which is when the record at
// this offset was appended; between two points it is taken to grow evenly. Of
// what is older than the trail it tells how long that is at least; nil when
// there is nothing to tell by.
func (t *trail) age(offset int64, now time.Time) (seconds *float64, atLeast bool) {
	since := func(ms float64) *float64 {
		s := rounded(max(float64(now.UnixMilli())-ms, 0) / 1000)
		return &s
	}
	n := len(t.points)
	switch {
	case n == 0:
		return nil, false
	case offset >= t.points[n-1].end:
		return new(float64), false
	case offset < t.points[0].end:
		if n == 1 {
			return nil, false // nothing was seen but that it is late
		}
		return since(float64(t.points[0].at)), true
	}
	for i := n - 1; i > 0; i-- {
		a, b := t.points[i-1], t.points[i]
		if a.end <= offset {
			part := float64(offset-a.end) / float64(b.end-a.end)
			return since(float64(a.at) + part*float64(b.at-a.at)), false
		}
	}
	return nil, false // not reached: the first point's end is not above offset
}
