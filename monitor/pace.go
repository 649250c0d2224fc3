package monitor

import "time"

// pace is what follows from two or more snapshots of a scope.
type pace struct {
	records, bytes *float64 // copied per second since the last snapshot; nil: not known yet
	// catchUp is how many seconds it takes until there is no lag, at the rate at
	// which the lag shrank lately; nil when it does not shrink, or is not known.
	catchUp *float64
	timings *timings // of what was copied since the last snapshot; nil: not known, or not told
}

// paceWindow is how far back the rate is measured at which lag shrinks: long
// enough that a burst of the source does not look like falling behind.
const paceWindow = time.Minute

// keepingUp is the lag that copying has by itself: fetches wait for data, and the
// source is asked now and then where it ends.
const keepingUp = 1.0

// trail is what a scope looked like at earlier snapshots.
type trail struct {
	totals  *Totals     // nil: not ours
	timings *timings    // nil: not ours, or not told
	lags    []lagMoment // the oldest first, none but the first longer ago than paceWindow
	pace    pace        // as of the last snapshot
	seen    time.Time   // the last snapshot
}

type lagMoment struct {
	at  time.Time
	lag int64
}

// measure tells the pace of s from what is in the trail.
func (t *trail) measure(s *scope, now time.Time) pace {
	p := pace{catchUp: t.catchUp(s, now)}
	passed := now.Sub(t.seen).Seconds()
	if s.totals == nil || t.totals == nil || passed <= 0 {
		return p
	}
	p.records = per(s.totals.Records-t.totals.Records, passed)
	p.bytes = per(s.totals.Bytes-t.totals.Bytes, passed)
	if s.timings != nil {
		p.timings = s.timings.since(t.timings)
	}
	return p
}

// per returns n per second, or nothing after a counter went back: its partition
// moved away and came back.
func per(n int64, seconds float64) *float64 {
	if n < 0 {
		return nil
	}
	rate := float64(n) / seconds
	return &rate
}

func (t *trail) catchUp(s *scope, now time.Time) *float64 {
	if s.lagRecords < 0 {
		return nil
	}
	if s.lagRecords == 0 || s.lagSeconds != nil && *s.lagSeconds < keepingUp {
		return new(float64)
	}
	if len(t.lags) == 0 {
		return nil
	}
	first := t.lags[0]
	passed, gone := now.Sub(first.at).Seconds(), float64(first.lag-s.lagRecords)
	if passed <= 0 || gone <= 0 {
		return nil
	}
	seconds := float64(s.lagRecords) * passed / gone
	return &seconds
}

// note measures s and keeps it for the next snapshots.
func (t *trail) note(s *scope, now time.Time) {
	for len(t.lags) > 1 && now.Sub(t.lags[1].at) >= paceWindow {
		t.lags = t.lags[1:]
	}
	t.pace = t.measure(s, now)
	t.totals, t.timings, t.seen = s.totals, s.timings, now
	if s.lagRecords < 0 {
		t.lags = nil
		return
	}
	t.lags = append(t.lags, lagMoment{now, s.lagRecords})
}
