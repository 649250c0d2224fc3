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
	d := BrokerDetail{Broker: *b, Partitions: []BrokerPartition{}}
	for _, t := range v.last.topics {
		for i := range t.parts {
			p := &t.parts[i]
			at := slices.Index(p.replicas, id)
			if at < 0 || len(d.Partitions) == maxListed {
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
	d := TopicDetail{Topic: t.Topic, PartitionList: make([]TopicPartition, 0, len(t.parts)), GroupList: v.last.readers(name), Mirrored: []Mirrored{}}
	for i := range t.parts {
		d.PartitionList = append(d.PartitionList, t.parts[i].document())
	}
	d.Configs, d.ConfigsReason = v.watcher.topicConfigs(ctx, name)
	return d, true
}

func (p *partition) document() TopicPartition {
	d := TopicPartition{Partition: p.number, Leader: p.leader, Replicas: append([]int32{}, p.replicas...), InSync: append([]int32{}, p.inSync...),
		Start: known(p.start), End: known(p.end)}
	for _, size := range p.sizes {
		d.Bytes = sum(d.Bytes, known(size))
	}
	if p.rate >= 0 {
		d.RecordsPerSecond = &p.rate
	}
	return d
}

// readers lists the groups that read a topic.
func (s *snapshot) readers(topic string) []TopicGroup {
	list := []TopicGroup{}
	for _, g := range s.groups {
		if _, reads := slices.BinarySearch(g.topics, topic); !reads {
			continue
		}
		r := TopicGroup{Group: g.Name}
		for i := range g.parts {
			if p := &g.parts[i]; p.topic == topic {
				r.LagRecords = sum(r.LagRecords, known(p.lag))
				r.LagSeconds, r.AtLeast = furthest(r.LagSeconds, r.AtLeast, p)
			}
		}
		for i := range g.members {
			if slices.ContainsFunc(g.members[i].Assigned, func(a Assigned) bool { return a.Topic == topic }) {
				r.Members++
			}
		}
		list = append(list, r)
	}
	return list
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
		p := &g.parts[i]
		at := GroupPartition{Topic: p.topic, Partition: p.partition, Committed: known(p.committed), End: known(p.end),
			LagRecords: known(p.lag), LagSeconds: p.seconds, AtLeast: p.atLeast, Member: p.member}
		if g.Type == share {
			at.Committed, at.Start = nil, at.Committed
		}
		d.PartitionList = append(d.PartitionList, at)
	}
	return d, true
}
