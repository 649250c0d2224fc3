package clusters

import (
	"strconv"

	"mirror/monitor"
)

// Observed is what is known of all clusters, for metrics and history. Of a cluster
// that cannot be looked at it is only that: older numbers are no longer true.
func (w *Watch) Observed() []monitor.Observed {
	var all []monitor.Observed
	for _, one := range w.watchers {
		last, state, _ := one.present()
		switch state {
		case OK:
			all = last.appendObserved(all)
		case Unreachable:
			down := monitor.NewFigures()
			down.Set(monitor.Up, 0)
			all = append(all, monitor.Observed{Cluster: one.cluster.Name, About: monitor.AboutCluster, Figures: down})
		}
	}
	return all
}

func (s *snapshot) appendObserved(all []monitor.Observed) []monitor.Observed {
	add := func(about monitor.About, name string, set func(f *monitor.Figures)) {
		o := monitor.Observed{Cluster: s.summary.Name, About: about, Name: name, Figures: monitor.NewFigures()}
		set(&o.Figures)
		all = append(all, o)
	}
	add(monitor.AboutCluster, "", func(f *monitor.Figures) {
		c := &s.summary
		f.Set(monitor.Up, 1)
		for which, n := range map[monitor.Figure]int{monitor.Brokers: c.BrokerCount, monitor.Topics: c.TopicCount, monitor.Partitions: c.PartitionCount,
			monitor.Groups: c.GroupCount, monitor.UnderReplicated: c.UnderReplicated, monitor.Offline: c.Offline} {
			f.Set(which, float64(n))
		}
		set(f, monitor.RecordsPerSecond, c.RecordsPerSecond)
		set(f, monitor.Bytes, c.Bytes)
		set(f, monitor.LagSeconds, c.LagSeconds)
	})
	for i := range s.brokers {
		b := &s.brokers[i]
		add(monitor.AboutBroker, strconv.Itoa(int(b.ID)), func(f *monitor.Figures) {
			f.Set(monitor.Leaders, float64(b.Leaders))
			f.Set(monitor.Replicas, float64(b.Replicas))
			f.Set(monitor.UnderReplicated, float64(b.UnderReplicated))
			set(f, monitor.RecordsPerSecond, b.RecordsPerSecond)
			set(f, monitor.Bytes, b.Bytes)
			set(f, monitor.DiskUsed, b.DiskUsed)
		})
	}
	for _, t := range s.topics {
		add(monitor.AboutTopic, t.Name, func(f *monitor.Figures) {
			f.Set(monitor.UnderReplicated, float64(t.UnderReplicated))
			f.Set(monitor.Offline, float64(t.Offline))
			f.Set(monitor.Partitions, float64(t.Partitions))
			set(f, monitor.LagSeconds, t.LagSeconds)
			set(f, monitor.RecordsPerSecond, t.RecordsPerSecond)
			set(f, monitor.Bytes, t.Bytes)
			set(f, monitor.LogRecords, t.Records)
		})
	}
	for _, g := range s.groups {
		add(monitor.AboutGroup, g.Name, func(f *monitor.Figures) {
			f.Set(monitor.Members, float64(g.Members))
			set(f, monitor.LagRecords, g.LagRecords)
			set(f, monitor.LagSeconds, g.LagSeconds)
			set(f, monitor.RecordsPerSecond, g.RecordsPerSecond)
		})
	}
	return all
}

// set notes a number that is known.
func set[T int64 | float64](f *monitor.Figures, which monitor.Figure, value *T) {
	if value != nil {
		f.Set(which, float64(*value))
	}
}
