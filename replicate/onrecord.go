package replicate

import (
	"cmp"
	"slices"
	"time"

	"mirror/config"
	"mirror/monitor"
	"mirror/offsets"
)

// maxResumes is how many pauses that were taken back a status tells of.
const maxResumes = 10

// OnRecord adds to a status what commands have put into the route's checkpoint
// topic: its rate, its pauses, those that were taken back, and its last verify.
func OnRecord(s *monitor.RouteStatus, c *config.Route, lanes []*offsets.Lane) {
	s.Limit = rateLimit(c, lanes)
	if len(lanes) == 0 {
		return
	}
	s.Pauses = pauseStatuses(lanes[0].Pauses()) // they are in every lane
	s.Resumes = pauseStatuses(lanes[0].Resumes())
	slices.SortStableFunc(s.Resumes, func(a, b monitor.PauseStatus) int { return b.When().Compare(a.When()) })
	s.Resumes = s.Resumes[:min(len(s.Resumes), maxResumes)]
	if v, ok := lanes[0].Verified(); ok {
		s.LastVerify = &monitor.VerifyStatus{Time: v.Time, Seconds: v.Seconds, Records: v.Records, Differences: v.Differences, Lost: v.Lost, Unread: v.Unread, By: v.By}
	}
}

func pauseStatuses(pauses map[string]offsets.Pause) []monitor.PauseStatus {
	list := make([]monitor.PauseStatus, 0, len(pauses))
	for topic, pause := range pauses {
		list = append(list, monitor.PauseStatus{Topic: topic, Wish: wish(pause.By, pause.Reason, pause.Time)})
	}
	slices.SortFunc(list, func(a, b monitor.PauseStatus) int { return cmp.Compare(a.Topic, b.Topic) })
	return list
}

// rateLimit is the limit that counts for the fleet: an operator's, or that of the
// configuration.
func rateLimit(c *config.Route, lanes []*offsets.Lane) monitor.RateLimit {
	rate, set := offsets.NewestRate(lanes)
	if !set {
		return monitor.RateLimit{BytesPerSecond: c.Limits.BytesPerSecond}
	}
	return monitor.RateLimit{BytesPerSecond: rate.BytesPerSecond, ByOperator: true, Wish: wish(rate.By, rate.Reason, rate.Time)}
}

func wish(by, reason string, at time.Time) monitor.Wish {
	w := monitor.Wish{By: by, Reason: reason}
	if !at.IsZero() {
		w.Time = &at
	}
	return w
}
