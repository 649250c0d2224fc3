package monitor

import (
	"math"
	"time"
)

// PartitionSample is what one snapshot found of a partition that this process
// copies. It is no Point, since these are many: sinks get points of partitions
// only where metrics.partitions asks for them.
type PartitionSample struct {
	Route     string
	Topic     string // the source topic
	Partition int32
	// NaN is what is not known.
	LagRecords, LagSeconds           float64
	RecordsPerSecond, BytesPerSecond float64 // since the snapshot before
}

// counted are the counters of all topics at one snapshot.
type counted struct {
	at     time.Time
	topics map[topicKey]*topicCounts
}

// partitionSamples puts the status and the counters of two snapshots together, in
// the order of the status.
func partitionSamples(status *Status, now, before counted) []PartitionSample {
	var all []PartitionSample
	passed := now.at.Sub(before.at).Seconds()
	for i := range status.Routes {
		r := &status.Routes[i]
		for k := range r.Topics {
			t := &r.Topics[k]
			key := topicKey{r.Name, t.Source}
			ours, was := now.topics[key], before.topics[key]
			if ours == nil {
				continue
			}
			for n := range t.Partitions {
				p := &t.Partitions[n]
				totals, copied := ours.partitions[p.Partition]
				if !copied {
					continue
				}
				s := PartitionSample{Route: r.Name, Topic: t.Source, Partition: p.Partition,
					LagRecords: countOrNaN(p.LagRecords), LagSeconds: orNaN(p.LagSeconds), RecordsPerSecond: math.NaN(), BytesPerSecond: math.NaN()}
				if was != nil && passed > 0 {
					if earlier, known := was.partitions[p.Partition]; known {
						s.RecordsPerSecond = orNaN(per(totals.Records-earlier.Records, passed))
						s.BytesPerSecond = orNaN(per(totals.Bytes-earlier.Bytes, passed))
					}
				}
				all = append(all, s)
			}
		}
	}
	return all
}

// countOrNaN is NaN for -1, which is a count that is not known.
func countOrNaN(n int64) float64 {
	if n < 0 {
		return math.NaN()
	}
	return float64(n)
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
