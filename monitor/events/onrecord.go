package events

import (
	"fmt"
	"time"

	"mirror/monitor"
)

// onRecord is what commands and the page's buttons have put on record for a route,
// apart from pauses, which its state tells.
type onRecord struct {
	limit    monitor.RateLimit // without who set it
	verified time.Time
}

// onRecord tells of a new rate and of a new comparison, one that was made before
// this process began with its own time.
func (w *Watcher) onRecord(now time.Time, r *monitor.RouteStatus) (found []Event) {
	after := onRecord{limit: monitor.RateLimit{BytesPerSecond: r.Limit.BytesPerSecond, ByOperator: r.Limit.ByOperator}}
	if r.LastVerify != nil {
		after.verified = r.LastVerify.Time
	}
	before, known := w.records[r.Name]
	w.records[r.Name] = after
	if after.limit != before.limit && (known || after.limit.ByOperator) {
		found = append(found, Event{Time: now, Level: Info, Kind: Rate, Route: r.Name, Partition: -1, Text: "route " + r.Name + " " + r.Limit.Words()})
	}
	if !after.verified.Equal(before.verified) && r.LastVerify != nil {
		e := Event{Time: after.verified, Level: Info, Kind: Verify, Route: r.Name, Partition: -1,
			Text: fmt.Sprintf("route %s was verified: %s", r.Name, r.LastVerify.Words())}
		if !r.LastVerify.Fine() {
			e.Level = Error
		}
		found = append(found, e)
	}
	return found
}
