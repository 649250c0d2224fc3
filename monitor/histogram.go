package monitor

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram counts durations in buckets that grow with the duration: below 1 ms,
// then two for each doubling, so that a quantile is right within a quarter. One
// observation is three additions to atomics and allocates nothing. The zero value
// is ready to use; it is safe for concurrent use.
type Histogram struct {
	counts [buckets]atomic.Int64
	sum    atomic.Int64 // microseconds
}

const (
	unit      = 125 * time.Microsecond // 8 of them are the millisecond where doubling begins
	doublings = 35                     // up to 2^35 ms, which is more than a year
	buckets   = 1 + 2*doublings
)

// Observe counts n records that took d. A negative d, from clocks that differ,
// counts as 0.
func (h *Histogram) Observe(d time.Duration, n int64) {
	d = max(d, 0)
	h.counts[bucketOf(d)].Add(n)
	h.sum.Add(d.Microseconds() * n)
}

func bucketOf(d time.Duration) int {
	u := uint64(d / unit)
	if u < 8 {
		return 0
	}
	doubling := bits.Len64(u) - 4
	half := int(u>>(doubling+2)) & 1
	return min(1+2*doubling+half, buckets-1)
}

// upperBound is where bucket i ends, in seconds. The last one has no end; what it
// holds is told by its beginning.
func upperBound(i int) float64 {
	if i == 0 {
		return 0.001
	}
	doubling, half := (i-1)/2, (i-1)%2
	start := 0.001 * float64(uint64(1)<<doubling)
	if half == 0 {
		return start * 1.5
	}
	return start * 2
}

func lowerBound(i int) float64 {
	if i == 0 {
		return 0
	}
	return upperBound(i - 1)
}

// Durations are the counts of a Histogram, or the sums of those of many, as they
// stood at one moment.
type Durations struct {
	counts [buckets]int64
	count  int64
	sum    int64 // microseconds
}

// read loads h. Observations that run meanwhile are counted now or next time.
func (d *Durations) read(h *Histogram) {
	*d = Durations{sum: h.sum.Load()}
	for i := range h.counts {
		d.counts[i] = h.counts[i].Load()
		d.count += d.counts[i]
	}
}

func (d *Durations) add(o *Durations) {
	for i, n := range o.counts {
		d.counts[i] += n
	}
	d.count += o.count
	d.sum += o.sum
}

// since returns what was counted after earlier.
func (d *Durations) since(earlier *Durations) Durations {
	out := Durations{count: d.count - earlier.count, sum: d.sum - earlier.sum}
	for i := range d.counts {
		out.counts[i] = d.counts[i] - earlier.counts[i]
	}
	return out
}

// quantile returns how many seconds the fraction q of all that was counted took
// at most, and false when nothing was counted.
func (d *Durations) quantile(q float64) (float64, bool) {
	if d.count <= 0 {
		return 0, false
	}
	rank := q * float64(d.count)
	below := 0.0
	for i, n := range d.counts {
		if n > 0 && below+float64(n) >= rank {
			low, high := lowerBound(i), upperBound(i)
			return low + (high-low)*(rank-below)/float64(n), true
		}
		below += float64(n)
	}
	return upperBound(buckets - 1), true
}

// seconds is the sum of all that was counted.
func (d *Durations) seconds() float64 { return float64(d.sum) / 1e6 }

// cumulative returns how many took less than each of the bounds that Prometheus is
// shown, which are in seconds.
func (d *Durations) cumulative(r bucketRange) map[float64]uint64 {
	out := make(map[float64]uint64, r.last/r.step+1)
	count, next := int64(0), 0
	for k := 0; k <= r.last; k += r.step {
		for ; next <= 2*k; next++ {
			count += d.counts[next]
		}
		out[upperBound(2*k)] = uint64(count)
	}
	return out
}
