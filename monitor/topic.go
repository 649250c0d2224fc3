package monitor

import "time"

// Topic is what this process counts for a topic of a route as a whole.
type Topic struct {
	Route string
	Topic string // the source topic

	CopyLatency Histogram // of records: from the answer that brought them to the target's ack
	RecordAge   Histogram // of records: from their timestamp to the target's ack

	past Totals // of partitions that were removed; guarded by the registry's mutex
}

// Copied notes that a batch of n records was acked: latency after the source
// delivered it, and age after the timestamp of its oldest record, which counts
// for all of them. Where the age is not known it is negative, and left out.
func (p *Partition) Copied(n int64, latency, age time.Duration) {
	p.of.CopyLatency.Observe(latency, n)
	if age >= 0 {
		p.of.RecordAge.Observe(age, n)
	}
}

// topicCounts are the counters of a topic at one moment.
type topicCounts struct {
	totals     Totals
	latency    Durations
	age        Durations
	partitions map[int32]Totals // of those that this process copies now
}

// counts reads what does not belong to a partition. The registry's mutex must be
// held.
func (t *Topic) counts() *topicCounts {
	c := &topicCounts{totals: t.past, partitions: make(map[int32]Totals)}
	c.latency.read(&t.CopyLatency)
	c.age.read(&t.RecordAge)
	return c
}

func (c *topicCounts) add(o *topicCounts) {
	c.totals.Add(&o.totals)
	c.latency.add(&o.latency)
	c.age.add(&o.age)
}
