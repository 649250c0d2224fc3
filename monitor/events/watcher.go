package events

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"mirror/monitor"
)

// Watcher finds out what happened between two looks at the status. It is not safe
// for concurrent use.
type Watcher struct {
	began   time.Time // the first look; zero before it
	routes  map[string]mood
	parts   map[place]mood
	records map[string]onRecord // of each route, as of the last look
	told    map[place]time.Time // when a topic's last wait was told; its partition is 0
	muted   map[place]bool      // waits that were not told, and whose end is not, either
}

// place is a partition of a route's topic.
type place struct {
	route, topic string
	partition    int32
}

// mood is what is remembered of a state: since when, and why.
type mood struct {
	state  monitor.State
	reason string
	since  time.Time
}

// NewWatcher returns a Watcher that has not looked yet.
func NewWatcher() *Watcher {
	return &Watcher{routes: make(map[string]mood), parts: make(map[place]mood), records: make(map[string]onRecord), told: make(map[place]time.Time), muted: make(map[place]bool)}
}

// change is the step of one partition, or of a route, from one mood to another.
type change struct {
	place
	from, to mood
}

// Observe compares a status with the one before and returns what happened.
func (w *Watcher) Observe(now time.Time, status monitor.Status) []Event {
	var found []Event
	if w.began.IsZero() {
		w.began = now
		found = append(found, Event{Time: now, Level: Info, Kind: Restart, Partition: -1, Text: "this process started"})
	}
	routes, parts := make(map[string]mood, len(status.Routes)), make(map[place]mood, len(w.parts))
	for i := range status.Routes {
		r := &status.Routes[i]
		// The route's own trouble; what its partitions have is told by topic.
		own := monitor.State("")
		if r.Reason != "" {
			own = r.State
		}
		after := mood{own, r.Reason, now}
		if before, known := w.routes[r.Name]; known && before.state == own {
			after.since = before.since
		}
		if c := (change{place{r.Name, "", -1}, w.routes[r.Name], after}); c.matters() {
			found = append(found, c.event(now, 0))
		}
		routes[r.Name] = after
		found = append(found, w.onRecord(now, r)...)
		found = append(found, w.topics(now, r, parts)...)
	}
	w.routes, w.parts = routes, parts
	return found
}

// topics finds what happened to the partitions of a route and notes their moods.
func (w *Watcher) topics(now time.Time, r *monitor.RouteStatus, moods map[place]mood) []Event {
	type group struct {
		topic  string
		state  monitor.State
		reason string
	}
	groups := make(map[group][]change)
	for i := range r.Topics {
		t := &r.Topics[i]
		for k := range t.Partitions {
			p := &t.Partitions[k]
			at := place{r.Name, t.Source, p.Partition}
			before, known := w.parts[at]
			after := mood{p.State, p.Reason, now}
			if known && before.state == p.State {
				after.since = before.since
			}
			moods[at] = after
			if c := (change{at, before, after}); c.matters() && !w.mutes(now, c) {
				g := group{t.Source, p.State, p.Reason}
				groups[g] = append(groups[g], c)
			}
		}
	}
	var found []Event
	keys := slices.SortedFunc(maps.Keys(groups), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.state, b.state), cmp.Compare(a.reason, b.reason))
	})
	if len(keys) > maxTopics {
		return gathered(now, r, slices.Concat(slices.Collect(maps.Values(groups))...))
	}
	for _, key := range keys {
		first := groups[key][0]
		found = append(found, first.event(now, len(groups[key])))
	}
	return found
}

// again is how long after a topic waited its next wait goes untold: what comes and
// goes all the time must not push everything else out of the list.
const again = 10 * time.Minute

// mutes reports whether a change is one of many of its kind.
func (w *Watcher) mutes(now time.Time, c change) bool {
	if c.to.state != monitor.Waiting {
		muted := w.muted[c.place]
		delete(w.muted, c.place)
		return muted && c.from.state == monitor.Waiting && c.to.state != monitor.Stopped
	}
	topic := place{c.route, c.topic, 0}
	last, known := w.told[topic]
	if !known || now.Sub(last) >= again || now.Equal(last) { // partitions that wait at once are told as one
		w.told[topic] = now
		return false
	}
	w.muted[c.place] = true
	return true
}

// maxTopics is how many topics have sentences of their own when something happens
// to many at once.
const maxTopics = 10

// gathered tells of many topics in one sentence for each new state.
func gathered(now time.Time, r *monitor.RouteStatus, changes []change) []Event {
	topics := make(map[monitor.State]map[string]bool)
	example := make(map[monitor.State]change)
	for _, c := range changes {
		state := c.to.state
		if state == monitor.CaughtUp {
			state = monitor.Copying
		}
		if topics[state] == nil {
			topics[state] = make(map[string]bool)
		}
		topics[state][c.topic] = true
		if e, ok := example[state]; !ok || c.topic < e.topic {
			example[state] = c
		}
	}
	var found []Event
	for _, state := range slices.Sorted(maps.Keys(topics)) {
		c := example[state]
		e := c.event(now, 0)
		e.Topic, e.Partition = "", -1
		e.Text = fmt.Sprintf("%d topics of route %s %s", len(topics[state]), r.Name, c.says(true))
		found = append(found, e)
	}
	return found
}

// matters reports whether anybody wants to hear of the change. The states at a
// start and those of every day are left out, and so is a reason that was only
// worded anew.
func (c change) matters() bool {
	if c.from.state == c.to.state {
		return false
	}
	switch c.to.state {
	case monitor.Stopped, monitor.Waiting, monitor.Paused:
		return true
	case monitor.Copying, monitor.CaughtUp, "":
		return c.from.state.Troubled() || c.from.state == monitor.Paused || c.from.state == monitor.Recovering
	}
	return false
}

// event words the change of one partition, of several of one topic (count), or of
// a route.
func (c change) event(now time.Time, count int) Event {
	e := Event{Time: now, Level: Info, Kind: Recovery, Route: c.route, Topic: c.topic, Partition: -1}
	switch c.to.state {
	case monitor.Stopped:
		e.Level, e.Kind = Error, Stop
	case monitor.Waiting:
		e.Level, e.Kind = Warn, Wait
	case monitor.Paused:
		e.Kind = Pause
	}
	who := "route " + c.route
	switch {
	case count > 1:
		who = fmt.Sprintf("%d partitions of %s", count, c.topic)
	case c.topic != "" && c.partition < 0:
		who = "topic " + c.topic
	case c.topic != "":
		who = fmt.Sprintf("%s-%d", c.topic, c.partition)
		e.Partition = c.partition
	}
	e.Text = who + " " + c.says(count > 1)
	return e
}

// says is the sentence behind the name.
func (c change) says(many bool) string {
	is, goes := "is", "goes"
	if many {
		is, goes = "are", "go"
	}
	why := ""
	if c.to.reason != "" {
		why = ": " + c.to.reason
	}
	switch c.to.state {
	case monitor.Stopped, monitor.Waiting, monitor.Paused:
		return fmt.Sprintf("%s %s%s", is, c.to.state, why)
	}
	was := map[monitor.State]string{monitor.Stopped: "a stop", monitor.Waiting: "waiting", monitor.Paused: "a pause",
		monitor.Recovering: "a recovery"}[c.from.state]
	return fmt.Sprintf("%s on after %s (%s)", goes, was, duration(c.to.since.Sub(c.from.since)))
}

func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return "a moment"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
