package events

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mirror/monitor"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// status has one route r with a topic for each argument, written topic:states,
// where the states are the first letters of those of its partitions.
func status(topics ...string) monitor.Status {
	states := map[rune]monitor.State{'c': monitor.Copying, 'u': monitor.CaughtUp, 's': monitor.Starting, 'r': monitor.Recovering,
		'p': monitor.Paused, 'w': monitor.Waiting, 'x': monitor.Stopped}
	route := monitor.RouteStatus{Name: "r"}
	for _, topic := range topics {
		name, letters, _ := strings.Cut(topic, ":")
		t := monitor.TopicStatus{Source: name}
		for n, letter := range []rune(letters) {
			p := monitor.PartitionStatus{Partition: int32(n), State: states[letter]}
			if p.State.Troubled() || p.State == monitor.Paused {
				p.Reason = "because"
			}
			t.Partitions = append(t.Partitions, p)
		}
		route.Topics = append(route.Topics, t)
	}
	route.RollUp()
	return monitor.Status{Routes: []monitor.RouteStatus{route}}
}

func texts(events []Event) string {
	var all []string
	for _, e := range events {
		all = append(all, fmt.Sprintf("%s %s %s", e.Level, e.Kind, e.Text))
	}
	return strings.Join(all, "\n")
}

func TestWatcher(t *testing.T) {
	w := NewWatcher()
	steps := []struct {
		after  time.Duration
		topics []string
		want   string
	}{
		{0, []string{"a:ss", "b:s"}, "info restart this process started"},
		{2 * time.Second, []string{"a:cu", "b:r"}, ""},
		{2 * time.Second, []string{"a:uc", "b:c"}, "info recovery b-0 goes on after a recovery (2 s)"},
		{2 * time.Second, []string{"a:ww", "b:x"}, "warn wait 2 partitions of a are waiting: because\nerror stop b-0 is stopped: because"},
		{3 * time.Minute, []string{"a:cw", "b:x"}, "info recovery a-0 goes on after waiting (3 min)"},
		{2 * time.Hour, []string{"a:cc", "b:p"}, "info recovery a-1 goes on after waiting (2 h 3 min)\ninfo pause b-0 is paused: because"},
		{time.Second, []string{"a:cc", "b:c"}, "info recovery b-0 goes on after a pause (1 s)"},
		{time.Second, []string{"a:cc", "b:c", "new:w"}, "warn wait new-0 is waiting: because"},
	}
	now := noon
	for i, step := range steps {
		now = now.Add(step.after)
		if got := texts(w.Observe(now, status(step.topics...))); got != step.want {
			t.Errorf("step %d: got\n%s\nwant\n%s", i, got, step.want)
		}
	}
}

func TestManyTopicsAreOneSentence(t *testing.T) {
	w := NewWatcher()
	topics := func(letter string) (list []string) {
		for i := range 1000 {
			list = append(list, fmt.Sprintf("t%04d:%s", i, letter))
		}
		return list
	}
	w.Observe(noon, status(topics("c")...))
	got := texts(w.Observe(noon.Add(time.Second), status(topics("w")...)))
	if want := "warn wait 1000 topics of route r are waiting: because"; got != want {
		t.Errorf("got %.300s, want %s", got, want)
	}
	got = texts(w.Observe(noon.Add(time.Minute), status(topics("c")...)))
	if want := "info recovery 1000 topics of route r go on after waiting (59 s)"; got != want {
		t.Errorf("got %.300s, want %s", got, want)
	}
}

// What waits and goes on all the time is told once in a while; that it stopped is
// told always.
func TestFlappingIsNotToldEachTime(t *testing.T) {
	w := NewWatcher()
	w.Observe(noon, status("a:c"))
	var told []Event
	now := noon
	for range 90 { // half an hour
		for _, letter := range []string{"w", "c"} {
			now = now.Add(10 * time.Second)
			told = append(told, w.Observe(now, status("a:"+letter))...)
		}
	}
	if len(told) < 4 || len(told) > 8 {
		t.Errorf("told %d times:\n%s", len(told), texts(told))
	}
	w.Observe(now.Add(time.Second), status("a:w"))
	if got := texts(w.Observe(now.Add(2*time.Second), status("a:x"))); got != "error stop a-0 is stopped: because" {
		t.Errorf("got %q", got)
	}
}

func TestRoutesOwnTrouble(t *testing.T) {
	w := NewWatcher()
	w.Observe(noon, status("a:c"))
	bad := status("a:c")
	bad.Routes[0].State, bad.Routes[0].Reason = monitor.Waiting, "cluster west cannot be reached"
	if got := texts(w.Observe(noon.Add(time.Second), bad)); got != "warn wait route r is waiting: cluster west cannot be reached" {
		t.Errorf("got %q", got)
	}
	if got := texts(w.Observe(noon.Add(9*time.Second), status("a:c"))); got != "info recovery route r goes on after waiting (8 s)" {
		t.Errorf("got %q", got)
	}
}

func TestLosses(t *testing.T) {
	w := NewLossWatcher()
	one := monitor.Loss{Route: "r", Topic: "a", Partition: 3, From: 10, To: 20, TargetFrom: -1, Cause: "retention", Detail: "too slow", Time: noon}
	if got, want := texts(w.Observe([]monitor.Loss{one})), "error loss a-3: offsets 10 to 19 are lost: retention (too slow)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := w.Observe([]monitor.Loss{one}); len(got) != 0 {
		t.Errorf("told twice: %v", got)
	}
	var many []monitor.Loss
	for i := range 100 {
		l := one
		l.From = int64(100 + i)
		l.To = l.From + 1
		many = append(many, l)
	}
	got := w.Observe(many)
	if len(got) != maxLosses+1 || got[0].Text != "a-3: offset 100 is lost: retention (too slow)" || got[maxLosses].Text != "80 more entries in the loss ledger" {
		t.Errorf("got %d events:\n%s", len(got), texts(got))
	}
}

func TestRing(t *testing.T) {
	var r Ring
	for i := range ringSize + 10 {
		r.Add(Event{Kind: Wait, Time: noon.Add(time.Duration(i) * time.Second), Text: fmt.Sprint(i)})
	}
	all := r.After(0)
	if len(all) != ringSize || all[0].ID != ringSize+10 || all[0].Text != fmt.Sprint(ringSize+9) || r.Last() != ringSize+10 {
		t.Errorf("got %d events, the newest %+v", len(all), all[0])
	}
	if got := r.After(ringSize + 8); len(got) != 2 || got[1].ID != ringSize+9 {
		t.Errorf("got %v", got)
	}
	if got := r.After(1 << 60); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := r.Count(noon.Add((ringSize+5)*time.Second), Wait); got != 5 {
		t.Errorf("got %d", got)
	}
	if got := r.Count(noon, Stop); got != 0 {
		t.Errorf("got %d", got)
	}
}
