package monitor

import "mirror/batch"

// Totals are the counters of a partition, or the sums of those of many, as they
// stood at one moment. The fields are those of Partition.
type Totals struct {
	Records, Bytes, Shallow             int64
	Deep                                [batch.Reasons]int64
	Gaps, Losses, LostOffsets, Skipped  int64
	Repeats, Foreign, Rejected, Retries int64
	Recoveries                          int64
}

// read loads the counters of p.
func (t *Totals) read(p *Partition) {
	*t = Totals{
		Records: p.Records.Load(), Bytes: p.Bytes.Load(), Shallow: p.Shallow.Load(),
		Gaps: p.Gaps.Load(), Losses: p.Losses.Load(), LostOffsets: p.LostOffsets.Load(), Skipped: p.Skipped.Load(),
		Repeats: p.Repeats.Load(), Foreign: p.Foreign.Load(), Rejected: p.Rejected.Load(), Retries: p.Retries.Load(),
		Recoveries: p.Recoveries.Load(),
	}
	for reason := range p.Deep {
		t.Deep[reason] = p.Deep[reason].Load()
	}
}

// Add adds the counters of o.
func (t *Totals) Add(o *Totals) {
	t.Records += o.Records
	t.Bytes += o.Bytes
	t.Shallow += o.Shallow
	for reason := range t.Deep {
		t.Deep[reason] += o.Deep[reason]
	}
	t.Gaps += o.Gaps
	t.Losses += o.Losses
	t.LostOffsets += o.LostOffsets
	t.Skipped += o.Skipped
	t.Repeats += o.Repeats
	t.Foreign += o.Foreign
	t.Rejected += o.Rejected
	t.Retries += o.Retries
	t.Recoveries += o.Recoveries
}
