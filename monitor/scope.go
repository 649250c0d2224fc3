package monitor

import (
	"strconv"
)

// level says what a scope or a metric is about.
type level uint8

const (
	ofRoute level = iota
	ofTopic
	ofPartition
	ofCluster
	ofBroker
	ofClusterTopic
	ofGroup
	levels
)

// prefix is how the names of a level's metrics begin. Each level has names of its
// own, so that a sum over one name never counts a record twice.
func (l level) prefix() string {
	return [levels]string{"mirror_route_", "mirror_", "mirror_partition_",
		"mirror_cluster_", "mirror_cluster_broker_", "mirror_cluster_topic_", "mirror_cluster_group_"}[l]
}

// labels are the names of the labels that identify a scope of this level.
func (l level) labels() []string {
	return [levels][]string{{"route"}, {"route", "topic"}, {"route", "topic", "partition"},
		{"cluster"}, {"cluster", "broker"}, {"cluster", "topic"}, {"cluster", "group"}}[l]
}

// scope is all that is known at one moment of a route, a topic or a partition, or
// of a cluster or what is in it.
type scope struct {
	level  level
	labels Labels

	// What this process counts; nil where it has nothing to do with it.
	totals  *Totals
	timings *timings // nil for partitions, too

	// What the status says.
	state      State
	lagRecords int64            // -1: unknown
	lagSeconds *float64         // nil: unknown
	retention  *float64         // seconds until the source may delete what is not copied; nil: nothing to fear, or unknown
	partition  *PartitionStatus // nil but for partitions
	route      *RouteStatus     // nil but for routes

	figures *Figures // of clusters and what is in them; nil for all others, as the rest is for these

	pace pace // filled in by the sampler
}

// scopes puts the counters and the status together: each route, followed by its
// topics, each followed by its partitions if these are asked for.
func scopes(counts map[topicKey]*topicCounts, status *Status, partitions bool) []*scope {
	var all []*scope
	for i := range status.Routes {
		r := &status.Routes[i]
		sum := new(topicCounts)
		route := &scope{level: ofRoute, labels: Labels{{"route", r.Name}}, state: r.State,
			lagRecords: -1, lagSeconds: r.LagSeconds, route: r, totals: &sum.totals, timings: &sum.timings}
		all = append(all, route)
		named := make(map[string]bool, len(r.Topics))
		for k := range r.Topics {
			t := &r.Topics[k]
			if named[t.Source] {
				continue // a route has one copy of a topic; a second entry only says why not
			}
			named[t.Source] = true
			c := counts[topicKey{r.Name, t.Source}]
			topic := newTopicScope(route.labels, t, c)
			all = append(all, topic)
			route.retention = soonest(route.retention, topic.retention)
			if topic.lagRecords >= 0 {
				route.lagRecords = max(route.lagRecords, 0) + topic.lagRecords
			}
			if c != nil {
				sum.add(c)
			}
			if partitions {
				all = appendPartitions(all, topic.labels, t, c)
			}
		}
		// Topics that are gone stay in the route's sums, which never go back.
		for key, c := range counts {
			if key.route == r.Name && !named[key.topic] {
				sum.add(c)
			}
		}
	}
	return all
}

func newTopicScope(labels Labels, t *TopicStatus, c *topicCounts) *scope {
	s := &scope{level: ofTopic, labels: labels.With("topic", t.Source), state: t.State}
	if c != nil {
		s.totals, s.timings = &c.totals, &c.timings
	}
	s.lagRecords, s.lagSeconds = t.Lag()
	for i := range t.Partitions {
		s.retention = soonest(s.retention, t.Partitions[i].RetentionSeconds)
	}
	return s
}

// soonest returns the smaller time; an unknown one never hides a known one.
func soonest(a, b *float64) *float64 {
	if a == nil || (b != nil && *b < *a) {
		return b
	}
	return a
}

func appendPartitions(all []*scope, labels Labels, t *TopicStatus, c *topicCounts) []*scope {
	for i := range t.Partitions {
		p := &t.Partitions[i]
		if p.Partition < 0 {
			continue // stands for a topic that has none to show
		}
		s := &scope{level: ofPartition, labels: labels.With("partition", strconv.Itoa(int(p.Partition))), state: p.State,
			lagRecords: p.LagRecords, lagSeconds: p.LagSeconds, retention: p.RetentionSeconds, partition: p}
		if c != nil {
			if totals, ours := c.partitions[p.Partition]; ours {
				s.totals = &totals
			}
		}
		all = append(all, s)
	}
	return all
}
