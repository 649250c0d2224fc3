package monitor

import (
	"cmp"
	"slices"
	"sync"
)

// Registry holds the topics and partitions of this process. It is safe for
// concurrent use.
type Registry struct {
	mu         sync.RWMutex
	partitions map[partitionKey]*Partition // guarded by mu
	topics     map[topicKey]*Topic         // guarded by mu
	gone       map[string]*topicCounts     // by route: what forgotten topics counted; guarded by mu
}

type topicKey struct{ route, topic string }

type partitionKey struct {
	route, topic string
	partition    int32
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	return &Registry{partitions: make(map[partitionKey]*Partition), topics: make(map[topicKey]*Topic), gone: make(map[string]*topicCounts)}
}

// Partition returns the counters of a partition and creates them on first use.
func (r *Registry) Partition(route, topic string, partition int32) *Partition {
	key := partitionKey{route, topic, partition}
	r.mu.RLock()
	p := r.partitions[key]
	r.mu.RUnlock()
	if p != nil {
		return p
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.partitions[key]; p != nil {
		return p
	}
	of := r.topics[topicKey{route, topic}]
	if of == nil {
		of = &Topic{Route: route, Topic: topic}
		r.topics[topicKey{route, topic}] = of
	}
	p = &Partition{Route: route, Topic: topic, Partition: partition, of: of}
	r.partitions[key] = p
	return p
}

// Remove forgets a partition that this process no longer copies. What it counted
// stays part of its topic's sums, so that they never go back. Who still holds its
// handle may go on adding; nobody reads it. When the partition comes back it
// counts from zero, which Prometheus takes for a restart.
func (r *Registry) Remove(route, topic string, partition int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := partitionKey{route, topic, partition}
	p := r.partitions[key]
	if p == nil {
		return
	}
	var t Totals
	t.read(p)
	p.of.past.Add(&t)
	delete(r.partitions, key)
}

// forget drops the topics of a route that have no partitions here and that keep
// does not name, so that topics that come and go do not pile up. What they
// counted stays part of the route's sums.
func (r *Registry) forget(route string, keep map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	used := make(map[*Topic]bool, len(r.topics))
	for _, p := range r.partitions {
		used[p.of] = true
	}
	for key, t := range r.topics {
		if key.route != route || keep[key.topic] || used[t] {
			continue
		}
		if r.gone[route] == nil {
			r.gone[route] = new(topicCounts)
		}
		r.gone[route].add(t.counts())
		delete(r.topics, key)
	}
}

// Len returns how many partitions there are.
func (r *Registry) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.partitions)
}

// All returns the partitions, ordered by route, topic and number.
func (r *Registry) All() []*Partition {
	r.mu.RLock()
	all := make([]*Partition, 0, len(r.partitions))
	for _, p := range r.partitions {
		all = append(all, p)
	}
	r.mu.RUnlock()
	slices.SortFunc(all, comparePartitions)
	return all
}

func comparePartitions(a, b *Partition) int {
	return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
}

// Totals returns the sums of a route's counters, also of partitions that this
// process has given away.
func (r *Registry) Totals(route string) Totals {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var sum, t Totals
	for _, p := range r.partitions {
		if p.Route == route {
			t.read(p)
			sum.Add(&t)
		}
	}
	for _, topic := range r.topics {
		if topic.Route == route {
			sum.Add(&topic.past)
		}
	}
	if gone := r.gone[route]; gone != nil {
		sum.Add(&gone.totals)
	}
	return sum
}

// counts reads the counters of all topics. Those of topics that are forgotten are
// under the empty name, which no topic has.
func (r *Registry) counts() map[topicKey]*topicCounts {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make(map[topicKey]*topicCounts, len(r.topics))
	for key, topic := range r.topics {
		all[key] = topic.counts()
	}
	for route, gone := range r.gone {
		c := *gone
		all[topicKey{route, ""}] = &c
	}
	for key, p := range r.partitions {
		var t Totals
		t.read(p)
		c := all[topicKey{key.route, key.topic}]
		c.partitions[key.partition] = t
		c.totals.Add(&t)
	}
	return all
}
