package monitor

import "time"

// Lag returns how many seconds a partition is behind, or nil when nothing tells.
//
// It is the age of the first record not yet copied, but not more than the time
// since the partition was last caught up: records may carry timestamps of years
// ago, and one that arrived a second ago cannot be late by years. Both bounds
// come from the source's log, not from what was copied, so the lag of a stalled
// mirror grows with the clock. A timestamp in the future gives 0, not less.
func Lag(now, firstUncopied, lastCaughtUp time.Time, caughtUp bool) *float64 {
	if caughtUp {
		return new(float64)
	}
	var lag *float64
	for _, since := range []time.Time{firstUncopied, lastCaughtUp} {
		if since.IsZero() {
			continue
		}
		behind := max(now.Sub(since).Seconds(), 0)
		if lag == nil || behind < *lag {
			lag = &behind
		}
	}
	return lag
}
