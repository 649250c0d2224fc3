package clusters

import (
	"context"
	"slices"
	"time"
)

// View answers questions about one cluster from its last snapshot.
type View struct {
	watcher *watcher
	last    *snapshot // nil: there is none
}

// Cluster describes the cluster with its brokers.
func (v View) Cluster() Cluster {
	c := Cluster{Summary: v.watcher.summary(), Brokers: []Broker{}}
	if v.last != nil {
		c.Brokers = append(c.Brokers, v.last.brokers...)
	}
	return c
}

// Topics lists the topics that are looked at.
func (v View) Topics() Topics {
	list := Topics{Topics: []Topic{}, Time: v.time(), Notes: v.watcher.summary().Notes}
	if v.last != nil {
		for _, t := range v.last.topics {
			list.Topics = append(list.Topics, t.Topic)
		}
	}
	return list
}

// Groups lists the groups that are looked at.
func (v View) Groups() Groups {
	list := Groups{Groups: []Group{}, Time: v.time(), Notes: v.watcher.summary().Notes}
	if v.last != nil {
		for _, g := range v.last.groups {
			list.Groups = append(list.Groups, g.Group)
		}
	}
	return list
}

func (v View) time() *time.Time {
	if v.last == nil {
		return nil
	}
	return v.last.summary.Time
}

// Broker describes one broker; false when there is none of this number.
func (v View) Broker(id int32) (BrokerDetail, bool) {
	if v.last == nil {
		return BrokerDetail{}, false
	}
	b := v.last.broker(id)
	if b == nil {
		return BrokerDetail{}, false
	}
	d := BrokerDetail{Broker: *b, Partitions: []BrokerPartition{}, NotLooked: b.Replicas}
	for _, t := range v.last.topics {
		for i := range t.parts {
			p := &t.parts[i]
			at := slices.Index(p.replicas, id)
			if at < 0 {
				continue
			}
			d.NotLooked--
			if len(d.Partitions) == maxListed {
				continue
			}
			d.Partitions = append(d.Partitions, BrokerPartition{Topic: t.Name, Partition: p.number, Leader: p.leader == id,
				InSync: slices.Contains(p.inSync, id), Bytes: known(p.sizes[at])})
		}
	}
	d.LeftOut = b.Replicas - len(d.Partitions)
	return d, true
}

// known is nil for -1.
func known(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// Topic describes one topic; false when it is not looked at. Its settings are
// asked for now, unless that was done just before; that ends with ctx.
func (v View) Topic(ctx context.Context, name string) (TopicDetail, bool) {
	if v.last == nil {
		return TopicDetail{}, false
	}
	t := v.last.topic(name)
	if t == nil {
		return TopicDetail{}, false
	}
	d := TopicDetail{Topic: t.Topic, PartitionList: make([]TopicPartition, 0, len(t.parts)), GroupList: v.last.readers(name, everyPartition), Mirrored: []Mirrored{}}
	for i := range t.parts {
		d.PartitionList = append(d.PartitionList, t.parts[i].document())
	}
	d.Configs, d.ConfigsReason = v.watcher.topicConfigs(ctx, name)
	return d, true
}

func (p *partition) document() TopicPartition {
	d := TopicPartition{Partition: p.number, Leader: p.leader, Replicas: append([]int32{}, p.replicas...), InSync: append([]int32{}, p.inSync...),
		Start: known(p.start), End: known(p.end)}
	d.Records, d.Bytes, d.RecordsPerSecond, d.OutOfSync = known(p.records()), known(p.bytes()), knownRate(p.rate), p.outOfSync()
	return d
}

// knownRate is nil for -1.
func knownRate(rate float64) *float64 {
	if rate < 0 {
		return nil
	}
	return &rate
}

// everyPartition stands for all partitions of a topic.
const everyPartition = -1

// readers lists the groups that read a topic, or one partition of it.
func (s *snapshot) readers(topic string, partition int32) []TopicGroup {
	wanted := func(number int32) bool { return partition == everyPartition || number == partition }
	list := []TopicGroup{}
	for _, g := range s.groups {
		if _, reads := slices.BinarySearch(g.topics, topic); !reads {
			continue
		}
		r, stands := TopicGroup{Group: g.Name}, false
		for i := range g.parts {
			if p := &g.parts[i]; p.topic == topic && wanted(p.partition) {
				stands = true
				r.LagRecords = sum(r.LagRecords, known(p.lag))
				r.LagSeconds, r.AtLeast = furthest(r.LagSeconds, r.AtLeast, p)
			}
		}
		for i := range g.members {
			if slices.ContainsFunc(g.members[i].Assigned, func(a Assigned) bool { return a.Topic == topic && slices.ContainsFunc(a.Partitions, wanted) }) {
				r.Members++
			}
		}
		if stands {
			list = append(list, r)
		}
	}
	return list
}

// Partition describes one partition; false when there is none.
func (v View) Partition(topic string, number int32) (PartitionDetail, bool) {
	if v.last == nil {
		return PartitionDetail{}, false
	}
	t := v.last.topic(topic)
	if t == nil {
		return PartitionDetail{}, false
	}
	i := slices.IndexFunc(t.parts, func(p partition) bool { return p.number == number })
	if i < 0 {
		return PartitionDetail{}, false
	}
	return PartitionDetail{Topic: topic, TopicPartition: t.parts[i].document(), GroupList: v.last.readers(topic, number)}, true
}

// Position describes where a group stands in a partition; false when it has nothing
// to do with it.
func (v View) Position(group, topic string, partition int32) (GroupPartition, bool) {
	if v.last == nil {
		return GroupPartition{}, false
	}
	g := v.last.group(group)
	if g == nil {
		return GroupPartition{}, false
	}
	i, stands := slices.BinarySearchFunc(g.parts, place{topic, partition}, func(s standing, at place) int { return comparePlaces(s.place, at) })
	if !stands {
		return GroupPartition{}, false
	}
	return g.document(&g.parts[i]), true
}

// Group describes one group; false when it is not looked at.
func (v View) Group(name string) (GroupDetail, bool) {
	if v.last == nil {
		return GroupDetail{}, false
	}
	g := v.last.group(name)
	if g == nil {
		return GroupDetail{}, false
	}
	d := GroupDetail{Group: g.Group, MemberList: append([]Member{}, g.members...), MembersLeftOut: g.Members - len(g.members), PartitionList: []GroupPartition{}}
	for i := range g.parts {
		if len(d.PartitionList) == maxListed {
			d.PartitionsLeftOut = len(g.parts) - maxListed
			break
		}
		d.PartitionList = append(d.PartitionList, g.document(&g.parts[i]))
	}
	return d, true
}

// document describes where the group stands in a partition.
func (g *group) document(s *standing) GroupPartition {
	d := GroupPartition{Topic: s.topic, Partition: s.partition, Committed: known(s.committed), End: known(s.end), LagRecords: known(s.lag),
		LagSeconds: s.seconds, AtLeast: s.atLeast, RecordsPerSecond: knownRate(s.rate), Member: s.member}
	if g.Type == share {
		d.Committed, d.Start = nil, d.Committed
	}
	return d
}
