package monitor

import (
	"cmp"
	"slices"
	"sync"
)

// Registry holds the partitions of this process. It is safe for concurrent use.
type Registry struct {
	mu         sync.RWMutex
	partitions map[partitionKey]*Partition // guarded by mu
}

type partitionKey struct {
	route, topic string
	partition    int32
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	return &Registry{partitions: make(map[partitionKey]*Partition)}
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
	p = &Partition{Route: route, Topic: topic, Partition: partition}
	r.partitions[key] = p
	return p
}

// Remove forgets a partition that this process no longer copies. Who still holds
// its handle may go on adding; nobody reads it. When the partition comes back it
// counts from zero, which Prometheus takes for a restart.
func (r *Registry) Remove(route, topic string, partition int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.partitions, partitionKey{route, topic, partition})
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
