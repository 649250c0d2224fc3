package history

import (
	"maps"
	"strings"
	"time"
)

const (
	// reviewEvery is how often subjects without a place are compared with those of
	// their rank that have one.
	reviewEvery = 10 * time.Minute
	// settle is how much a new weight counts beside what was known: about an hour
	// of samples every ten seconds.
	settle = 1.0 / 360
	// challenge is how many times the traffic a subject needs to take the place of
	// another of its rank, so that two alike do not change places for ever.
	challenge = 2
	// forgetAfter is how long a subject that nothing is known of keeps its place: when
	// a cluster is back, what was before is wanted most.
	forgetAfter = 24 * time.Hour
)

// roster decides which series have a slot: all routes, then all clusters, then
// their brokers, then topics and groups by traffic, then partitions that are copied
// and positions of groups by traffic, then the partitions of clusters. A subject has
// slots for all of its metrics or for none.
type roster struct {
	slots    []entry
	byKey    map[string]int
	held     map[string]int       // how many slots a subject has; none: it is not there
	places   [ranks]int           // how many slots the subjects of a rank have
	weights  map[string]float64   // of subjects that are chosen by traffic, settled
	present  map[string]bool      // subjects of the last readings
	seen     map[string]time.Time // when a subject that has slots was present last; routes are gone at once
	now      time.Time            // of the last readings
	first    time.Time            // of the first ones
	reviewed time.Time            // zero: no reading yet
}

func newRoster(series int) *roster {
	return &roster{slots: make([]entry, series), byKey: make(map[string]int), held: make(map[string]int),
		weights: make(map[string]float64), present: make(map[string]bool), seen: make(map[string]time.Time)}
}

// give lets a series have a slot.
func (r *roster) give(slot int, e entry) {
	subject := subjectOf(e.key)
	r.slots[slot] = e
	r.byKey[e.key] = slot
	r.held[subject]++
	r.places[rankOf(subject)]++
}

// take makes a slot free.
func (r *roster) take(slot int) {
	key := r.slots[slot].key
	subject := subjectOf(key)
	r.slots[slot] = entry{}
	delete(r.byKey, key)
	if r.held[subject]--; r.held[subject] == 0 {
		delete(r.held, subject)
	}
	r.places[rankOf(subject)]--
}

func (r *roster) slot(subject, metric string) (int, bool) {
	slot, ok := r.byKey[Key(subject, metric)]
	return slot, ok
}

// restore puts back what a file says. A key that is there twice, or is none, is
// left out.
func (r *roster) restore(slot int, e entry) {
	if _, twice := r.byKey[e.key]; twice || !strings.Contains(e.key, "/") {
		return
	}
	r.give(slot, e)
}

// rewind lets series that begin in the future (the clock was wrong and was set
// back) begin now, and returns their slots.
func (r *roster) rewind(now int64) []int {
	var changed []int
	for slot := range r.slots {
		if r.slots[slot].since > now {
			r.slots[slot].since = now
			changed = append(changed, slot)
		}
	}
	return changed
}

// weigh lets the weights of topics, groups and partitions follow their traffic
// slowly. The weight of one that is gone sinks to nothing.
func (r *roster) weigh(now time.Time, readings []Reading) {
	if r.now = now; r.first.IsZero() {
		r.first = now
	}
	clear(r.present)
	for _, reading := range readings {
		r.present[reading.Subject] = true
		rank := rankOf(reading.Subject)
		if rank != ofRoute && r.held[reading.Subject] > 0 {
			r.seen[reading.Subject] = now
		}
		if !rank.byTraffic() {
			continue
		}
		before, known := r.weights[reading.Subject]
		if !known {
			before = reading.Weight
		}
		r.weights[reading.Subject] = before + (reading.Weight-before)*settle
	}
	maps.DeleteFunc(r.seen, func(_ string, last time.Time) bool { return now.Sub(last) >= forgetAfter })
	for subject, weight := range r.weights {
		if r.present[subject] {
			continue
		}
		if weight *= 1 - settle; weight < 1 {
			delete(r.weights, subject)
		} else {
			r.weights[subject] = weight
		}
	}
}
