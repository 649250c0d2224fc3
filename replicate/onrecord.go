package replicate

import (
	"cmp"
	"slices"
	"time"

	"mirror/config"
	"mirror/monitor"
	"mirror/offsets"
)

// OnRecord adds to a status what commands have put into the route's checkpoint
// topic: its rate, its pauses and its last verify.
func OnRecord(s *monitor.RouteStatus, c *config.Route, lanes []*offsets.Lane) {
	s.Limit = rateLimit(c, lanes)
	if len(lanes) == 0 {
		return
	}
	for topic, pause := range lanes[0].Pauses() { // a pause is in every lane
		s.Pauses = append(s.Pauses, monitor.PauseStatus{Topic: topic, Wish: wish(pause.By, pause.Reason, pause.Time)})
	}
	slices.SortFunc(s.Pauses, func(a, b monitor.PauseStatus) int { return cmp.Compare(a.Topic, b.Topic) })
	if v, ok := lanes[0].Verified(); ok {
		s.LastVerify = &monitor.VerifyStatus{Time: v.Time, Seconds: v.Seconds, Records: v.Records, Differences: v.Differences, Lost: v.Lost, Unread: v.Unread, By: v.By}
	}
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
