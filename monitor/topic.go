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

// timings are the histograms of a topic, or the sums of those of many, as they
// stood at one moment. They are many times as large as the counters.
type timings struct{ latency, age Durations }

func (t *timings) add(o *timings) {
	t.latency.add(&o.latency)
	t.age.add(&o.age)
}

// since returns what was counted after earlier.
func (t *timings) since(earlier *timings) *timings {
	return &timings{t.latency.since(&earlier.latency), t.age.since(&earlier.age)}
}

// topicCounts are the counters of a topic at one moment.
type topicCounts struct {
	totals     Totals
	timings    timings
	partitions map[int32]Totals // of those that this process copies now
}

// counts reads what does not belong to a partition. The registry's mutex must be
// held.
func (t *Topic) counts() *topicCounts {
	c := &topicCounts{totals: t.past, partitions: make(map[int32]Totals)}
	c.timings.latency.read(&t.CopyLatency)
	c.timings.age.read(&t.RecordAge)
	return c
}

func (c *topicCounts) add(o *topicCounts) {
	c.totals.Add(&o.totals)
	c.timings.add(&o.timings)
}
