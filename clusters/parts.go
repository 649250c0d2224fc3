package clusters

import (
	"math"
	"slices"

	"mirror/monitor"
)

// Parts are the partitions of all clusters, and where groups stand in them, for the
// history. Of a cluster that cannot be looked at there are none.
func (w *Watch) Parts() []monitor.Part {
	var all [][]monitor.Part
	for _, one := range w.watchers {
		if last, state, _ := one.present(); state == OK {
			all = append(all, last.parts)
		}
	}
	return slices.Concat(all...)
}

// newParts makes what Parts tells of one cluster.
func (s *snapshot) newParts() []monitor.Part {
	var all []monitor.Part
	for _, t := range s.topics {
		for i := range t.parts {
			p := &t.parts[i]
			all = append(all, monitor.Part{Cluster: s.summary.Name, About: monitor.AboutTopic, Topic: t.Name, Partition: p.number,
				RecordsPerSecond: orNaN(p.rate), Bytes: orNaN(p.bytes()), LogRecords: orNaN(p.records()), OutOfSync: float64(p.outOfSync())})
		}
	}
	for _, g := range s.groups {
		for i := range g.parts {
			p := &g.parts[i]
			if p.lag < 0 && p.rate < 0 {
				continue
			}
			seconds := math.NaN()
			if p.seconds != nil {
				seconds = *p.seconds
			}
			all = append(all, monitor.Part{Cluster: s.summary.Name, About: monitor.AboutGroup, Group: g.Name, Topic: p.topic, Partition: p.partition,
				RecordsPerSecond: orNaN(p.rate), LagRecords: orNaN(p.lag), LagSeconds: seconds})
		}
	}
	return all
}

// orNaN is NaN for -1.
func orNaN[T int64 | float64](v T) float64 {
	if v < 0 {
		return math.NaN()
	}
	return float64(v)
}
