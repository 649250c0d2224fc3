package clusters

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
	"mirror/monitor"
)

// snapshot is what one look found, ready to be shown. It does not change.
type snapshot struct {
	summary Summary
	brokers []Broker
	topics  []*topic // by name
	groups  []*group // by name
	// parts are for the history. The first look has none: it knows no rates, by
	// which those are chosen for which there is room.
	parts []monitor.Part
}

// topic is a Topic with its partitions in a compact form.
type topic struct {
	Topic
	parts []partition
}

// partition is what is known of one. Numbers that are unknown are -1.
type partition struct {
	number, leader   int32
	replicas, inSync []int32
	sizes            []int64 // of each of replicas
	start, end       int64
	rate             float64
}

// newSnapshot makes of the answers, and of what p remembers, what is shown.
func newSnapshot(name string, a *answers, p *past, m *config.Monitor) *snapshot {
	chosen := selectTopics(a.metadata, m)
	at := a.at // a copy, so that the answers can go
	rates := p.take(a, wantedPartitions(a.metadata, chosen, a.groups))
	s := &snapshot{summary: Summary{Name: name, ID: text(a.metadata.ClusterID), State: OK, Time: &at, Controller: a.controller,
		BrokerCount: len(a.metadata.Brokers), TopicCount: len(a.metadata.Topics), GroupCount: a.groupCount, GroupListing: a.listing, Notes: append([]string{}, a.notes...)}}
	sizes := replicaSizes(a)
	for i := range a.metadata.Topics {
		t := &a.metadata.Topics[i]
		s.count(t)
		if chosen.topics[*t.Topic] {
			s.topics = append(s.topics, newTopic(t, a, rates, sizes))
		} else if isInternal(*t.Topic) {
			s.summary.TopicsInternal++
		}
	}
	s.summary.TopicsListed = len(s.topics)
	s.groups = newGroups(a, p)
	s.countGroups()
	s.summary.LagSeconds = longestLag(s.groups)
	s.brokers = newBrokers(a, s.topics)
	for i := range s.brokers {
		s.summary.Bytes = sum(s.summary.Bytes, s.brokers[i].Bytes)
		if b := &s.brokers[i]; !b.Online {
			s.summary.Notes = append(s.summary.Notes, fmt.Sprintf("broker %d does not answer to the cluster: it has replicas of %s partitions", b.ID, thousands(b.Replicas)))
		}
	}
	var pace tally[float64]
	for _, t := range s.topics {
		if t.RecordsPerSecond != nil {
			pace.add(*t.RecordsPerSecond)
		}
	}
	s.summary.RecordsPerSecond = roundedRate(pace.total())
	if p.before != nil {
		s.parts = s.newParts()
	}
	p.before = s
	return s
}

// sum adds what is known; nil when nothing is.
func sum[T int64 | float64](total, more *T) *T {
	if more == nil {
		return total
	}
	if total == nil {
		total = new(T)
	}
	added := *total + *more
	return &added
}

// tally adds up many numbers of which some are unknown.
type tally[T int64 | float64] struct {
	sum   T
	known bool
}

func (t *tally[T]) add(v T) { t.sum, t.known = t.sum+v, true }

// total is nil when nothing was known.
func (t *tally[T]) total() *T {
	if !t.known {
		return nil
	}
	sum := t.sum
	return &sum
}

func roundedRate(rate *float64) *float64 {
	if rate != nil {
		*rate = rounded(*rate)
	}
	return rate
}

// count adds a topic to the totals, which are of all topics.
func (s *snapshot) count(t *kmsg.MetadataResponseTopic) {
	for i := range t.Partitions {
		p := &t.Partitions[i]
		s.summary.PartitionCount++
		if len(p.ISR) < len(p.Replicas) {
			s.summary.UnderReplicated++
		}
		if p.Leader < 0 {
			s.summary.Offline++
		}
	}
}

// replicaAt is a replica of a partition on a broker.
type replicaAt struct {
	place
	broker int32
}

func replicaSizes(a *answers) map[replicaAt]int64 {
	sizes := make(map[replicaAt]int64)
	for broker, dirs := range a.dirs {
		for _, d := range dirs {
			for at, size := range d.replicas {
				sizes[replicaAt{at, broker}] = size
			}
		}
	}
	return sizes
}

func newTopic(from *kmsg.MetadataResponseTopic, a *answers, pace map[place]float64, sizes map[replicaAt]int64) *topic {
	t := &topic{Topic: Topic{Name: *from.Topic, Partitions: len(from.Partitions), Internal: from.IsInternal || isInternal(*from.Topic)}}
	var records, bytes tally[int64]
	var rates tally[float64]
	t.parts = make([]partition, 0, len(from.Partitions))
	for i := range from.Partitions {
		m := &from.Partitions[i]
		at := place{*from.Topic, m.Partition}
		p := partition{number: m.Partition, leader: m.Leader, replicas: m.Replicas, inSync: m.ISR, start: -1, end: -1, rate: -1}
		t.ReplicationFactor = max(t.ReplicationFactor, len(m.Replicas))
		if p.outOfSync() > 0 {
			t.UnderReplicated++
		}
		if m.Leader < 0 {
			t.Offline++
		}
		if end, ok := a.ends[at]; ok {
			p.end = end.end
		}
		if start, ok := a.starts[at]; ok {
			p.start = start
		}
		if n := p.records(); n >= 0 {
			records.add(n)
		}
		if rate, ok := pace[at]; ok {
			p.rate = rate
			rates.add(rate)
		}
		p.sizes = make([]int64, len(m.Replicas))
		for k, broker := range m.Replicas {
			size, ok := sizes[replicaAt{at, broker}]
			if !ok {
				p.sizes[k] = -1
				continue
			}
			p.sizes[k] = size
		}
		if n := p.bytes(); n >= 0 {
			bytes.add(n)
		}
		t.parts = append(t.parts, p)
	}
	t.Records, t.Bytes, t.RecordsPerSecond = records.total(), bytes.total(), roundedRate(rates.total())
	return t
}

// records is how many offsets there are from the start to the end, -1 unknown.
func (p *partition) records() int64 {
	if p.start < 0 || p.end < 0 {
		return -1
	}
	return max(p.end-p.start, 0)
}

// bytes is what its replicas take, as far as that is known, -1 when nothing is.
func (p *partition) bytes() int64 {
	total := int64(-1)
	for _, size := range p.sizes {
		if size >= 0 {
			total = max(total, 0) + size
		}
	}
	return total
}

// outOfSync is how many replicas are not in sync.
func (p *partition) outOfSync() int { return max(len(p.replicas)-len(p.inSync), 0) }

// newBrokers describes the brokers that the metadata names, and those that
// partitions are assigned to.
func newBrokers(a *answers, topics []*topic) []Broker {
	byID := make(map[int32]*Broker)
	at := func(id int32) *Broker {
		if byID[id] == nil {
			byID[id] = &Broker{ID: id, LogDirs: []LogDir{}}
		}
		return byID[id]
	}
	for i := range a.metadata.Brokers {
		from := &a.metadata.Brokers[i]
		b := at(from.NodeID)
		b.Online, b.Rack, b.Address = true, text(from.Rack), net.JoinHostPort(from.Host, strconv.Itoa(int(from.Port)))
		b.Controller = a.controller != nil && *a.controller == b.ID
		for _, d := range a.dirs[b.ID] {
			b.LogDirs = append(b.LogDirs, d.LogDir)
			b.Bytes = sum(b.Bytes, &d.LogDir.Bytes)
			b.DiskUsed = larger(b.DiskUsed, d.used())
		}
	}
	for i := range a.metadata.Topics {
		for k := range a.metadata.Topics[i].Partitions {
			p := &a.metadata.Topics[i].Partitions[k]
			if p.Leader >= 0 {
				at(p.Leader).Leaders++
			}
			for _, replica := range p.Replicas {
				b := at(replica)
				b.Replicas++
				if !slices.Contains(p.ISR, replica) {
					b.UnderReplicated++
				}
			}
		}
	}
	rates := make(map[int32]*tally[float64], len(byID))
	for id := range byID {
		rates[id] = &tally[float64]{}
	}
	for _, t := range topics {
		for i := range t.parts {
			if p := &t.parts[i]; p.rate >= 0 && p.leader >= 0 {
				rates[p.leader].add(p.rate)
			}
		}
	}
	var brokers []Broker
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		byID[id].RecordsPerSecond = roundedRate(rates[id].total())
		brokers = append(brokers, *byID[id])
	}
	return brokers
}

// countGroups tells each topic how many groups read it, and how far behind it is
// that is furthest.
func (s *snapshot) countGroups() {
	for _, g := range s.groups {
		for _, name := range g.topics {
			if t := s.topic(name); t != nil {
				t.Groups++
			}
		}
		for i := range g.parts {
			if t := s.topic(g.parts[i].topic); t != nil {
				t.LagSeconds = larger(t.LagSeconds, g.parts[i].seconds)
			}
		}
	}
}

// topic finds a topic that is looked at.
func (s *snapshot) topic(name string) *topic {
	i, ok := slices.BinarySearchFunc(s.topics, name, func(t *topic, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return nil
	}
	return s.topics[i]
}

// group finds a group that is looked at.
func (s *snapshot) group(name string) *group {
	i, ok := slices.BinarySearchFunc(s.groups, name, func(g *group, name string) int { return strings.Compare(g.Name, name) })
	if !ok {
		return nil
	}
	return s.groups[i]
}

// broker finds a broker.
func (s *snapshot) broker(id int32) *Broker {
	i, ok := slices.BinarySearchFunc(s.brokers, id, func(b Broker, id int32) int { return cmp.Compare(b.ID, id) })
	if !ok {
		return nil
	}
	return &s.brokers[i]
}
