package replicate

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestGroupIsTranslatedForThePage asks a running mirror where a group goes on, from
// both sides of the route, without sync.groups, and many at once.
func TestGroupIsTranslatedForThePage(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	commit(t, p.west, "app", "orders", 4)
	m, _ := copyTen(t, p, p.config(t, "topics: [orders]", ""))
	var listed atomic.Int64
	p.west.ControlKey(int16(kmsg.ListGroups), func(kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		listed.Add(1)
		return nil, nil, false
	})
	waitFor(t, func() string { // until the checkpoint is on record
		clear(m.asked.last)
		routes := m.Group(context.Background(), "west", "app").Routes
		if len(routes) != 1 || len(routes[0].Groups) != 1 || len(routes[0].Groups[0].Positions) != 1 {
			t.Fatalf("%+v", routes)
		}
		if got := routes[0].Groups[0].Positions[0]; got.TargetOffset == nil || *got.TargetOffset != 4 || !got.Exact || got.State != string(GroupMoves) || got.Committed != nil {
			return "app is not translated to 4: " + got.State + " " + got.Reason
		}
		return ""
	})
	before := listed.Load()
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			if routes := m.Group(context.Background(), "east", "app").Routes; len(routes[0].Groups) != 1 {
				t.Errorf("asked from the target's side: %+v", routes)
			}
		})
	}
	asking.Wait()
	if asked := listed.Load() - before; asked != 0 {
		t.Errorf("west was asked %d times for what was known", asked)
	}
	if routes := m.Group(context.Background(), "nowhere", "app").Routes; len(routes) != 0 {
		t.Errorf("a cluster without routes has %+v", routes)
	}
}

// TestAskerWhoLeaves closes the page while a group is asked about: that failed for
// nobody else.
func TestAskerWhoLeaves(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	commit(t, p.west, "app", "orders", 4)
	m, _ := copyTen(t, p, p.config(t, "topics: [orders]", ""))
	leaving, leave := context.WithCancel(t.Context())
	p.west.ControlKey(int16(kmsg.ListGroups), func(kmsg.Request) (kmsg.Response, error, bool) { // the first one only
		leave()
		return nil, errors.New("the connection is cut"), true
	})
	if routes := m.Group(leaving, "west", "app").Routes; len(routes) != 1 || len(routes[0].Problems) == 0 {
		t.Fatalf("it was asked all the same: %+v", routes)
	}
	if routes := m.Group(t.Context(), "west", "app").Routes; len(routes[0].Problems) != 0 || len(routes[0].Groups) != 1 {
		t.Errorf("who asks next is told %+v", routes[0])
	}
}

// TestGroupIsNotTranslatedTooEarly asks a mirror that has not begun.
func TestGroupIsNotTranslatedTooEarly(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	m := newMirror(t, p.config(t, "topics: [orders]", ""), Options{Process: "p1"})
	defer func() { running(t, m)() }() // which closes what New opened
	routes := m.Group(context.Background(), "west", "app").Routes
	if len(routes) != 1 || len(routes[0].Problems) != 1 || !strings.Contains(routes[0].Problems[0], "has not looked at its clusters yet") {
		t.Errorf("%+v", routes)
	}
}
