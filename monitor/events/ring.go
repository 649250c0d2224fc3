package events

import (
	"slices"
	"sync"
	"time"
)

// ringSize is how many events are kept. Watcher gathers what belongs together, so
// this is hours of trouble and years without.
const ringSize = 1000

// Ring keeps the last events of this process. It is safe for concurrent use.
type Ring struct {
	mu     sync.Mutex
	events []Event // the oldest first; guarded by mu
	last   int64   // ID of the newest; guarded by mu
}

// Add numbers the events and keeps them. It returns them with their numbers.
func (r *Ring) Add(events ...Event) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range events {
		r.last++
		events[i].ID = r.last
	}
	r.events = append(r.events, events...)
	if over := len(r.events) - ringSize; over > 0 {
		r.events = slices.Delete(r.events, 0, over)
	}
	return events
}

// After returns the events with a higher number, the newest first.
func (r *Ring) After(id int64) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	from, _ := slices.BinarySearchFunc(r.events, id+1, func(e Event, id int64) int { return int(e.ID - id) })
	newest := slices.Clone(r.events[from:])
	slices.Reverse(newest)
	return newest
}

// Count returns how many events of a kind came at or after a time.
func (r *Ring) Count(since time.Time, kind Kind) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, e := range r.events {
		if e.Kind == kind && !e.Time.Before(since) {
			n++
		}
	}
	return n
}

// Last returns the number of the newest event, 0 when there is none.
func (r *Ring) Last() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}
