package history

import (
	"cmp"
	"slices"
	"time"
)

// applicant is a subject that lacks slots.
type applicant struct {
	reading Reading
	rank    rank
	weight  float64
}

// choose gives slots to subjects and returns the slots that changed hands, with
// since as the time from which they hold the new series.
func (r *roster) choose(now time.Time, readings []Reading, since int64) []int {
	r.weigh(now, readings)
	review := r.reviewDue(now)
	var changed []int
	// Who comes later is no heavier, so what one was refused none behind it gets.
	// Without this, thousands of topics without a place would each look for whom
	// to drive out.
	refused := len(r.slots) + 1
	for _, a := range r.applicants(readings, review) {
		keys := r.lacking(a.reading)
		if len(keys) == 0 || len(keys) >= refused {
			continue
		}
		free := r.free(len(keys))
		if len(free) < len(keys) {
			free = r.evictFor(a, len(keys), review)
		}
		if len(free) < len(keys) {
			refused = len(keys)
			continue
		}
		for i, key := range keys {
			r.give(free[i], entry{key, since})
		}
		r.seen[a.reading.Subject] = now
		changed = append(changed, free[:len(keys)]...)
	}
	return changed
}

// applicants lists who lacks slots and may get some, the best first. Ten thousand
// partitions must not ask every ten seconds for what is not there.
func (r *roster) applicants(readings []Reading, review bool) []applicant {
	var waiting []applicant
	free, mayEvict := len(r.slots)-len(r.byKey), r.mayEvict(review)
	for _, reading := range readings {
		rank, held := rankOf(reading.Subject), r.held[reading.Subject]
		if need := len(reading.Values) - held; need > free && !mayEvict[rank] {
			continue
		}
		if held == 0 || len(r.lacking(reading)) > 0 {
			waiting = append(waiting, applicant{reading, rank, r.weights[reading.Subject]})
		}
	}
	slices.SortStableFunc(waiting, func(a, b applicant) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.weight, a.weight))
	})
	return waiting
}

// mayEvict tells which ranks may find somebody whose place they can take.
func (r *roster) mayEvict(review bool) (may [ranks]bool) {
	worse := 0
	for k := ranks - 1; k >= 0; k-- {
		may[k] = review || worse > 0 || !k.byTraffic() // those look for who is gone, too
		worse += r.places[k]
	}
	return may
}

// reviewDue is false for the first readings: rates have to settle.
func (r *roster) reviewDue(now time.Time) bool {
	if first := r.reviewed.IsZero(); first || now.Sub(r.reviewed) >= reviewEvery || now.Before(r.reviewed) {
		r.reviewed = now
		return !first
	}
	return false
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

// evictFor makes room for a subject at the cost of those with the least traffic, or
// of nobody when that would not be enough. Who has a better rank takes the place of
// any that has a worse one, and everybody that of one that is gone. At a review one
// with far more traffic takes the place of another of its rank.
func (r *roster) evictFor(a applicant, need int, review bool) []int {
	slots := make(map[string][]int) // by subject
	for slot, e := range r.slots {
		if e.key != "" {
			slots[subjectOf(e.key)] = append(slots[subjectOf(e.key)], slot)
		}
	}
	room := r.free(need)
	var evicted []string
	for _, other := range r.weakest(a, review) {
		if len(room) >= need {
			break
		}
		room = append(room, slots[other]...)
		evicted = append(evicted, other)
	}
	if len(room) < need {
		return nil
	}
	for _, other := range evicted {
		for _, slot := range slots[other] {
			r.take(slot)
		}
	}
	return room
}

// weakest lists who may lose its slots to an applicant, the first to go first: who
// is gone, then by rank, and of the same rank by traffic.
func (r *roster) weakest(a applicant, review bool) []string {
	type holder struct {
		subject string
		gone    bool
		rank    rank
		weight  float64
	}
	var weaker []holder
	for other := range r.held {
		h := holder{other, r.gone(other), rankOf(other), r.weights[other]}
		outdone := review && h.rank == a.rank && a.rank.byTraffic() && a.weight > challenge*h.weight
		if other != a.reading.Subject && (h.gone || h.rank > a.rank || outdone) {
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

// gone tells subjects that do not exist any more, as far as that can be known. A
// partition that another process copies now is one of them after a day.
func (r *roster) gone(subject string) bool {
	if rankOf(subject) == ofRoute {
		return !r.present[subject]
	}
	last, ok := r.seen[subject]
	if !ok {
		last = r.first // from the file: it may come still
	}
	return !r.present[subject] && r.now.Sub(last) >= forgetAfter
}
