package events

import (
	"testing"
	"time"

	"mirror/monitor"
)

func TestRateAndVerifyEvents(t *testing.T) {
	w := NewWatcher()
	earlier, later := noon.Add(-time.Hour), noon.Add(time.Minute)
	limit := monitor.RateLimit{BytesPerSecond: 1 << 20, ByOperator: true, Wish: monitor.Wish{By: "ada@ops", Time: &earlier, Reason: "night"}}
	for _, step := range []struct {
		name   string
		limit  monitor.RateLimit
		verify *monitor.VerifyStatus
		want   string
		at     time.Time // of the last event
	}{
		{"start", monitor.RateLimit{BytesPerSecond: 5}, nil, "info restart this process started", noon},
		{"a rate is set", limit, nil, "info rate route r may copy 1.0 MiB per second, set by ada@ops at 2026-03-01T11:00:00Z (night)", noon},
		{"nothing", limit, nil, "", noon},
		{"a verify", limit, &monitor.VerifyStatus{Time: earlier, Records: 10, By: "ada@ops"}, "info verify route r was verified: 0 differences, 10 records equal, by ada@ops", earlier},
		{"again nothing", limit, &monitor.VerifyStatus{Time: earlier}, "", noon},
		{"a bad verify", limit, &monitor.VerifyStatus{Time: later, Records: 10, Differences: 2, Lost: 3, Unread: 1},
			"error verify route r was verified: 2 differences, 10 records equal, 3 in the loss ledger, 1 partition not compared", later},
		{"taken back", monitor.RateLimit{}, &monitor.VerifyStatus{Time: later}, "info rate route r may copy as fast as it can, as its configuration says", noon},
	} {
		s := status("a:c")
		s.Routes[0].Limit, s.Routes[0].LastVerify = step.limit, step.verify
		found := w.Observe(noon, s)
		if got := texts(found); got != step.want {
			t.Errorf("%s: got %q, want %q", step.name, got, step.want)
		}
		if n := len(found); n > 0 && !found[n-1].Time.Equal(step.at) {
			t.Errorf("%s: at %v, want %v", step.name, found[n-1].Time, step.at)
		}
	}
}

// Who resumed is told once, and not again by the next process.
func TestResumeEvents(t *testing.T) {
	at := func(minutes int) *time.Time {
		at := noon.Add(time.Duration(minutes) * time.Minute)
		return &at
	}
	old := monitor.PauseStatus{Topic: "old", Wish: monitor.Wish{By: "bob", Time: at(-600)}}
	topic := monitor.PauseStatus{Topic: "a", Wish: monitor.Wish{By: "ada@ops", Time: at(3), Reason: "done"}}
	route := monitor.PauseStatus{Wish: monitor.Wish{By: "eve", Time: at(4)}}
	w := NewWatcher()
	for _, step := range []struct {
		name    string
		resumes []monitor.PauseStatus
		want    string
	}{
		{"start", nil, "info restart this process started"},
		{"read back", []monitor.PauseStatus{old}, ""},
		{"two at once", []monitor.PauseStatus{route, topic, old},
			"info resume topic a was resumed by ada@ops at 2026-03-01T12:03:00Z (done)\ninfo resume route r was resumed by eve at 2026-03-01T12:04:00Z"},
		{"nothing", []monitor.PauseStatus{route, topic, old}, ""},
		{"the route is paused again", []monitor.PauseStatus{topic, old}, ""},
		{"nothing again", []monitor.PauseStatus{topic, old}, ""},
	} {
		s := status("a:c")
		s.Routes[0].Resumes = step.resumes
		if got := texts(w.Observe(noon, s)); got != step.want {
			t.Errorf("%s: got %q, want %q", step.name, got, step.want)
		}
	}
}
