package history

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

const (
	// reviewEvery is how often topics without a place are compared with those
	// that have one.
	reviewEvery = 10 * time.Minute
	// settle is how much a new weight counts beside what was known: about an hour
	// of samples every ten seconds.
	settle = 1.0 / 360
	// challenge is how many times the traffic a topic needs to take the place of
	// another, so that two alike do not change places for ever.
	challenge = 2
)

// roster decides which series have a slot: all routes, then topics by traffic.
// A subject has slots for all of its metrics or for none.
type roster struct {
	slots    []entry
	byKey    map[string]int
	weights  map[string]float64 // of topics, settled
	present  map[string]bool    // subjects of the last readings
	reviewed time.Time          // zero: no reading yet
}

func newRoster(series int) *roster {
	return &roster{slots: make([]entry, series), byKey: make(map[string]int), weights: make(map[string]float64)}
}

// Key names the series of a subject's metric.
func Key(subject, metric string) string { return subject + "/" + metric }

func isTopic(subject string) bool { return strings.Contains(subject, "/") }

func subjectOf(key string) string { return key[:strings.LastIndexByte(key, '/')] }

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
	r.slots[slot] = e
	r.byKey[e.key] = slot
}

// choose gives slots to subjects and returns the slots that changed hands, with
// since as the time from which they hold the new series.
func (r *roster) choose(now time.Time, readings []Reading, since int64) []int {
	r.weigh(readings)
	var waiting []Reading
	for _, reading := range readings {
		if len(r.lacking(reading)) > 0 {
			waiting = append(waiting, reading)
		}
	}
	review := r.reviewDue(now)
	slices.SortStableFunc(waiting, func(a, b Reading) int {
		return cmp.Or(cmp.Compare(rank(a.Subject), rank(b.Subject)), cmp.Compare(r.weights[b.Subject], r.weights[a.Subject]))
	})
	var changed []int
	// Who comes later is no heavier, so what one was refused none behind it gets.
	// Without this, thousands of topics without a place would each look for whom
	// to drive out.
	refused := len(r.slots) + 1
	for _, reading := range waiting {
		keys := r.lacking(reading)
		if len(keys) >= refused {
			continue
		}
		free := r.free(len(keys))
		if len(free) < len(keys) && (review || !isTopic(reading.Subject)) {
			free = r.evictFor(reading.Subject, len(keys))
		}
		if len(free) < len(keys) {
			refused = len(keys)
			continue
		}
		for i, key := range keys {
			r.slots[free[i]] = entry{key, since}
			r.byKey[key] = free[i]
		}
		changed = append(changed, free[:len(keys)]...)
	}
	return changed
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

// reviewDue is false for the first readings: rates have to settle.
func (r *roster) reviewDue(now time.Time) bool {
	if first := r.reviewed.IsZero(); first || now.Sub(r.reviewed) >= reviewEvery || now.Before(r.reviewed) {
		r.reviewed = now
		return !first
	}
	return false
}

// rank sorts routes before topics.
func rank(subject string) int {
	if isTopic(subject) {
		return 1
	}
	return 0
}

// weigh lets the weights of topics follow their traffic slowly. The weight of
// one that is gone sinks to nothing.
func (r *roster) weigh(readings []Reading) {
	r.present = make(map[string]bool, len(readings))
	for _, reading := range readings {
		r.present[reading.Subject] = true
		if !isTopic(reading.Subject) {
			continue
		}
		before, known := r.weights[reading.Subject]
		if !known {
			before = reading.Weight
		}
		r.weights[reading.Subject] = before + (reading.Weight-before)*settle
	}
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

// lacking returns the keys of a subject that have no slot.
func (r *roster) lacking(reading Reading) []string {
	var keys []string
	for _, v := range reading.Values {
		key := Key(reading.Subject, v.Metric)
		if _, ok := r.byKey[key]; !ok && len(key) <= maxKeyLength {
			keys = append(keys, key)
		}
	}
	return keys
}

func (r *roster) free(most int) []int {
	var free []int
	for slot := range r.slots {
		if len(free) == most {
			break
		}
		if r.slots[slot].key == "" {
			free = append(free, slot)
		}
	}
	return free
}

// evictFor makes room for a subject at the cost of the topics with the least
// traffic, or of nobody when that would not be enough. A route takes the place of
// any topic, and everybody that of a route that is gone.
func (r *roster) evictFor(subject string, need int) []int {
	held := make(map[string][]int) // slots by subject
	for slot, e := range r.slots {
		if e.key != "" {
			held[subjectOf(e.key)] = append(held[subjectOf(e.key)], slot)
		}
	}
	room := r.free(need)
	var evicted []string
	for _, other := range r.weakest(held, subject) {
		if len(room) >= need {
			break
		}
		room = append(room, held[other]...)
		evicted = append(evicted, other)
	}
	if len(room) < need {
		return nil
	}
	for _, other := range evicted {
		for _, slot := range held[other] {
			delete(r.byKey, r.slots[slot].key)
			r.slots[slot] = entry{}
		}
	}
	return room
}

// weakest lists who may lose its slots to a subject, the first to go first.
func (r *roster) weakest(held map[string][]int, subject string) []string {
	var weaker []string
	for other := range held {
		switch {
		case other == subject:
		case !isTopic(other) && r.present[other]:
		case isTopic(subject) && r.weights[subject] <= challenge*r.weights[other]:
		default:
			weaker = append(weaker, other)
		}
	}
	slices.SortFunc(weaker, func(a, b string) int {
		return cmp.Or(cmp.Compare(r.weights[a], r.weights[b]), cmp.Compare(a, b))
	})
	return weaker
}
