package history

import (
	"cmp"
	"maps"
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
	// forgetAfter is how long a cluster or a broker that nothing is known of keeps
	// its place: when it is back, what was before is wanted most.
	forgetAfter = 24 * time.Hour
)

// roster decides which series have a slot: all routes, then all clusters, then
// their brokers, then topics and groups by traffic. A subject has slots for all of
// its metrics or for none.
type roster struct {
	slots    []entry
	byKey    map[string]int
	weights  map[string]float64   // of topics and groups, settled
	present  map[string]bool      // subjects of the last readings
	seen     map[string]time.Time // when a cluster or a broker was present last
	now      time.Time            // of the last readings
	first    time.Time            // of the first ones
	reviewed time.Time            // zero: no reading yet
}

func newRoster(series int) *roster {
	return &roster{slots: make([]entry, series), byKey: make(map[string]int), weights: make(map[string]float64), seen: make(map[string]time.Time)}
}

// Key names the series of a subject's metric.
func Key(subject, metric string) string { return subject + "/" + metric }

// rank sorts subjects: routes, clusters, brokers, and then whatever is chosen by
// traffic.
type rank int

const (
	ofRoute rank = iota
	ofCluster
	ofBroker
	byTraffic
)

// clusterSubject is how the subjects of clusters begin. No route's name has a colon.
const clusterSubject = "cluster:"

func rankOf(subject string) rank {
	name, below, inside := strings.Cut(subject, "/")
	cluster := strings.HasPrefix(name, clusterSubject)
	switch {
	case !inside && !cluster:
		return ofRoute
	case !inside:
		return ofCluster
	case cluster && strings.HasPrefix(below, "broker:"):
		return ofBroker
	}
	return byTraffic
}

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
	r.weigh(now, readings)
	var waiting []Reading
	for _, reading := range readings {
		if len(r.lacking(reading)) > 0 {
			waiting = append(waiting, reading)
		}
	}
	review := r.reviewDue(now)
	slices.SortStableFunc(waiting, func(a, b Reading) int {
		return cmp.Or(cmp.Compare(rankOf(a.Subject), rankOf(b.Subject)), cmp.Compare(r.weights[b.Subject], r.weights[a.Subject]))
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
		if len(free) < len(keys) && (review || rankOf(reading.Subject) != byTraffic) {
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

// weigh lets the weights of topics and groups follow their traffic slowly. The
// weight of one that is gone sinks to nothing.
func (r *roster) weigh(now time.Time, readings []Reading) {
	if r.now = now; r.first.IsZero() {
		r.first = now
	}
	r.present = make(map[string]bool, len(readings))
	for _, reading := range readings {
		r.present[reading.Subject] = true
		switch rankOf(reading.Subject) {
		case ofRoute:
			continue
		case ofCluster, ofBroker:
			r.seen[reading.Subject] = now
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

// evictFor makes room for a subject at the cost of the topics and groups with the
// least traffic, or of nobody when that would not be enough. Who has a better rank
// takes the place of any that has a worse one, and everybody that of a route, a
// cluster or a broker that is gone.
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

// weakest lists who may lose its slots to a subject, the first to go first: who is
// gone, then by rank, and of the same rank by traffic.
func (r *roster) weakest(held map[string][]int, subject string) []string {
	type holder struct {
		subject string
		gone    bool
		rank    rank
		weight  float64
	}
	own, traffic := rankOf(subject), r.weights[subject]
	var weaker []holder
	for other := range held {
		h := holder{other, r.gone(other), rankOf(other), r.weights[other]}
		if other != subject && (h.gone || h.rank > own || own == byTraffic && h.rank == byTraffic && traffic > challenge*h.weight) {
			weaker = append(weaker, h)
		}
	}
	slices.SortFunc(weaker, func(a, b holder) int {
		if a.gone != b.gone {
			if a.gone {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.weight, b.weight), cmp.Compare(a.subject, b.subject))
	})
	subjects := make([]string, len(weaker))
	for i := range weaker {
		subjects[i] = weaker[i].subject
	}
	return subjects
}

// gone tells routes, clusters and brokers that do not exist any more, as far as
// that can be known.
func (r *roster) gone(subject string) bool {
	switch rankOf(subject) {
	case ofRoute:
		return !r.present[subject]
	case byTraffic:
		return false // its weight says it
	}
	last, ok := r.seen[subject]
	if !ok {
		last = r.first // from the file: it may come still
	}
	return !r.present[subject] && r.now.Sub(last) >= forgetAfter
}
