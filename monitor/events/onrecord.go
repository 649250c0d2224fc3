package events

import (
	"fmt"
	"slices"
	"time"

	"mirror/monitor"
)

// onRecord is what commands and the page's buttons have put on record for a route,
// apart from pauses, which its state tells.
type onRecord struct {
	limit    monitor.RateLimit // without who set it
	verified time.Time
	resumed  time.Time // the newest pause that was taken back
}

// clockSlack is how far the clocks of operators may differ from ours.
const clockSlack = time.Minute

// onRecord tells of a new rate, of pauses that were taken back, and of a new
// comparison, one that was made before this process began with its own time.
func (w *Watcher) onRecord(now time.Time, r *monitor.RouteStatus) (found []Event) {
	after := onRecord{limit: monitor.RateLimit{BytesPerSecond: r.Limit.BytesPerSecond, ByOperator: r.Limit.ByOperator}}
	if r.LastVerify != nil {
		after.verified = r.LastVerify.Time
	}
	before, known := w.records[r.Name]
	after.resumed = before.resumed
	if len(r.Resumes) > 0 {
		after.resumed = r.Resumes[0].When()
	}
	w.records[r.Name] = after
	for _, resume := range slices.Backward(r.Resumes) {
		if at := resume.When(); at.After(before.resumed) && at.After(w.began.Add(-clockSlack)) {
			found = append(found, resumed(now, r.Name, resume))
		}
	}
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

// resumed tells who lets a route or a topic go on.
func resumed(now time.Time, route string, resume monitor.PauseStatus) Event {
	what := "route " + route
	if resume.Topic != "" {
		what = "topic " + resume.Topic
	}
	return Event{Time: now, Level: Info, Kind: Resume, Route: route, Topic: resume.Topic, Partition: -1, Text: what + " was resumed" + resume.Words()}
}
