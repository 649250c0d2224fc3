package replicate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/monitor"
)

// shares are what the processes may copy in bytes per second.
func shares(fleet ...*Mirror) (all float64, each []float64) {
	for _, m := range fleet {
		th := m.routes[0].throttle
		th.mu.Lock()
		each = append(each, th.rate)
		all += th.rate
		th.mu.Unlock()
	}
	return all, each
}

// waitShares waits until the fleet shares a rate, every process with lanes having
// a part of it, and shows it.
func waitShares(t *testing.T, rate float64, byOperator bool, fleet ...*Mirror) {
	t.Helper()
	waitFor(t, func() string {
		all, each := shares(fleet...)
		for i, m := range fleet {
			r := m.routes[0]
			want := rate * float64(len(r.fleet.owned())) / float64(r.config.Lanes)
			shown := m.Status().Routes[0].Limit
			if each[i] != want || shown.ByOperator != byOperator || float64(shown.BytesPerSecond) != rate {
				return fmt.Sprintf("process %d has %.0f of %.0f, want %.0f; shown is %+v", i, each[i], all, want, shown)
			}
		}
		if all != rate {
			return fmt.Sprintf("together %.0f, want %.0f", all, rate)
		}
		return ""
	})
}

func waitLanes(t *testing.T, m *Mirror) {
	t.Helper()
	waitFor(t, func() string {
		if len(m.routes[0].fleet.owned()) == 0 {
			return "no lanes"
		}
		return ""
	})
}

// TestRateWhileRunning changes a route's rate through one process of a fleet:
// all take it, split by their lanes, one that starts later too, until it is taken back.
func TestRateWhileRunning(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(8, "orders"))
	c := p.config(t, "topics: [orders]", "limits: {bytes_per_second: 1MB}")
	first := startMember(t, c, "p1", &breaker{})
	waitShares(t, 1e6, false, first)
	m := startMember(t, c, "p2", &breaker{})
	waitLanes(t, m)
	waitShares(t, 1e6, false, first, m)

	n := int64(320_000)
	said, err := first.Act(t.Context(), Action{Verb: VerbRate, Route: "west-to-east", BytesPerSecond: &n, By: "ada", Reason: "the line is full"})
	if err != nil || said != "route west-to-east may copy 312.5 KiB per second, set by ada (the line is full)" {
		t.Errorf("said %q, %v", said, err)
	}
	waitShares(t, 320_000, true, first, m)
	if l := m.Status().Routes[0].Limit; l.By != "ada" || l.Reason != "the line is full" || l.Time == nil {
		t.Errorf("the other process shows %+v", l)
	}

	late := startMember(t, c, "p3", &breaker{})
	waitLanes(t, late)
	waitShares(t, 320_000, true, first, m, late)

	n = 0
	if _, err := late.Act(t.Context(), Action{Verb: VerbRate, Route: "west-to-east", BytesPerSecond: &n}); err != nil {
		t.Error(err)
	}
	waitShares(t, 0, true, first, m, late)
	if said, err := first.Act(t.Context(), Action{Verb: VerbRate, Route: "west-to-east"}); err != nil || said != "route west-to-east may copy 976.6 KiB per second, as its configuration says" {
		t.Errorf("said %q, %v", said, err)
	}
	waitShares(t, 1e6, false, first, m, late)
}

// TestActPause pauses and resumes through a running process, and asks for what
// makes no sense.
func TestActPause(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders", "other"))
	m, _ := startMirror(t, p.config(t, "topics: [orders, other]"), "p1")
	waitState(t, m, "orders", monitor.CaughtUp)
	waitState(t, m, "other", monitor.CaughtUp)
	negative := int64(-1)
	for _, a := range []Action{
		{Verb: VerbPause, Route: "east-to-west"},
		{Verb: VerbPause, Route: "west-to-east", Topic: "ordres"},
		{Verb: "delete", Route: "west-to-east"},
		{Verb: VerbRate, Route: "west-to-east", BytesPerSecond: &negative},
	} {
		if said, err := m.Act(t.Context(), a); !errors.As(err, new(*RefusedError)) || said != "" {
			t.Errorf("%+v: %q, %v", a, said, err)
		}
	}
	for _, step := range []struct {
		verb          Verb
		topic, said   string // said is how it begins
		orders, other monitor.State
	}{
		{VerbResume, "orders", "topic orders of route west-to-east is not paused", monitor.CaughtUp, monitor.CaughtUp},
		{VerbPause, "orders", "topic orders of route west-to-east is paused", monitor.Paused, monitor.CaughtUp},
		{VerbPause, "orders", "topic orders of route west-to-east is paused already by ada at ", monitor.Paused, monitor.CaughtUp},
		{VerbPause, "", "route west-to-east is paused", monitor.Paused, monitor.Paused},
		{VerbResume, "orders", "topic orders of route west-to-east is resumed; it rests on, the whole route is paused by ada", monitor.Paused, monitor.Paused},
		{VerbPause, "orders", "topic orders of route west-to-east is paused", monitor.Paused, monitor.Paused},
		{VerbResume, "", "route west-to-east is resumed; topics that are paused by themselves rest on: 1", monitor.Paused, monitor.CaughtUp},
		{VerbResume, "orders", "topic orders of route west-to-east is resumed", monitor.CaughtUp, monitor.CaughtUp},
	} {
		said, err := m.Act(t.Context(), Action{Verb: step.verb, Route: "west-to-east", Topic: step.topic, By: "ada", Reason: "why"})
		if err != nil || !strings.HasPrefix(said, step.said) {
			t.Errorf("%s %q: %q, %v, want %q", step.verb, step.topic, said, err, step.said)
		}
		waitState(t, m, "orders", step.orders)
		waitState(t, m, "other", step.other)
		waitFor(t, func() string { // what the next step is told comes from the lanes
			some, all := m.routes[0].pausesOf(step.topic)
			if (some != nil) != all || all != (step.verb == VerbPause) {
				return "not read back yet"
			}
			return ""
		})
		if got, all := m.Status().Routes[0].State, step.other == monitor.Paused; (got == monitor.Paused) != all {
			t.Errorf("%s %q: the route is %s", step.verb, step.topic, got)
		}
	}
	r := m.Status().Routes[0]
	if len(r.Pauses) != 0 {
		t.Errorf("pauses %+v", r.Pauses)
	}
	if len(r.Resumes) != 2 || r.Resumes[0].Topic != "orders" || r.Resumes[1].Topic != "" || r.Resumes[0].By != "ada" || r.Resumes[0].Reason != "why" {
		t.Errorf("resumes %+v", r.Resumes)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Act(ctx, Action{Verb: VerbPause, Route: "west-to-east"}); err == nil || errors.As(err, new(*RefusedError)) {
		t.Errorf("without an answer: %v", err)
	}
}
