package replicate

import (
	"math"
	"time"
)

// Retention says when the source deletes records of a topic.
type Retention struct {
	After time.Duration // of a record's timestamp (retention.ms); negative: never, or not known
	Bytes int64         // that a partition keeps at least (retention.bytes); negative: all, or not known
}

// keepsAll is the retention of a topic that deletes nothing, or of which nothing is known.
var keepsAll = Retention{After: -1, Bytes: -1}

// retention reads what the settings say. A topic that is only compacted deletes
// nothing for its age or size.
func (s TopicSettings) retention() Retention {
	if !s.known || !s.has("cleanup.policy", "delete") {
		return keepsAll
	}
	r := keepsAll
	if ms, ok := s.number("retention.ms"); ok && ms >= 0 {
		r.After = time.Duration(min(ms, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
	}
	if n, ok := s.number("retention.bytes"); ok && n >= 0 {
		r.Bytes = n
	}
	return r
}

// uncopied is what a partition still has to copy.
type uncopied struct {
	first          time.Time // of the first record; zero: unknown
	records        int64
	bytesPerRecord float64 // as copied so far; 0: unknown
	growth         float64 // records per second that are added at the source
}

// until returns how many seconds it takes at the earliest until the source may
// delete what is not copied yet; nil when nothing tells. Brokers delete whole
// segments and look now and then, so it may well happen later.
func (r Retention) until(u uncopied, now time.Time) *float64 {
	var left *float64
	sooner := func(seconds float64) {
		if seconds = max(seconds, 0); left == nil || seconds < *left {
			left = &seconds
		}
	}
	if r.After >= 0 && !u.first.IsZero() {
		sooner(r.After.Seconds() - now.Sub(u.first).Seconds())
	}
	if room := float64(r.Bytes) - float64(u.records)*u.bytesPerRecord; r.Bytes >= 0 && u.bytesPerRecord > 0 {
		if room <= 0 {
			sooner(0)
		} else if u.growth > 0 {
			sooner(room / (u.growth * u.bytesPerRecord))
		}
	}
	return left
}

// growth measures how fast a log grows.
type growth struct {
	end       int64
	at        time.Time
	perSecond float64
}

// growthSpan is how long the growth of a log is averaged: its end is told with
// every Fetch, and a burst is no trend.
const growthSpan = 10 * time.Second

// note takes the log's end as it is now.
func (g *growth) note(end int64, now time.Time) {
	passed := now.Sub(g.at)
	switch {
	case g.at.IsZero() || end < g.end:
		*g = growth{end: end, at: now}
	case passed >= growthSpan:
		*g = growth{end: end, at: now, perSecond: float64(end-g.end) / passed.Seconds()}
	}
}

// left is what the partition has to copy still. Its mutex must be held.
func (p *partition) left(records int64) uncopied {
	u := uncopied{first: p.firstUncopied(), records: records, growth: p.growth.perSecond}
	if u.first.IsZero() && p.acked.maxTimestamp > 0 {
		u.first = time.UnixMilli(p.acked.maxTimestamp) // the next record is about as old, seldom older
	}
	if n := p.counters.Records.Load(); n > 0 {
		u.bytesPerRecord = float64(p.counters.Bytes.Load()) / float64(n)
	}
	return u
}
