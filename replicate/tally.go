package replicate

import (
	"time"

	"mirror/batch"
)

// tally is what the counters need to know of a batch.
type tally struct {
	ordinal        int64 // of its first record
	records, bytes int64
	reason         batch.Reason
	firstTimestamp int64
	fetchedAt      time.Time
}

func (o *outgoing) tally() tally {
	return tally{o.ordinal, int64(o.count), int64(len(o.raw)), o.reason, o.firstTimestamp, o.fetchedAt}
}

// count adds a batch that is on the target to the counters.
func (p *partition) count(t tally, now time.Time) {
	c := p.counters
	c.Records.Add(t.records)
	c.Bytes.Add(t.bytes)
	if t.reason == 0 {
		c.Shallow.Add(1)
	} else {
		c.Deep[t.reason].Add(1)
	}
	age := time.Duration(-1)
	if t.firstTimestamp >= 0 {
		age = max(now.Sub(time.UnixMilli(t.firstTimestamp)), 0)
	}
	c.Copied(t.records, now.Sub(t.fetchedAt), age)
}

// remember notes a batch that was sent and is dropped without having been acked,
// while the target may have it all the same. One that was refused is not there by
// us: if recovery finds it, another process has written and counted it. There are never more than a window of
// them, since nothing is sent before a recovery has settled them.
func (p *partition) remember(o *outgoing) {
	if (o.perhaps || o.inFlight) && !o.barrier() {
		p.unanswered = append(p.unanswered, o.tally())
	}
}

// settleUnanswered counts the batches of which recovery has proven that the target
// has them: all below the ordinal where copying goes on. same says that the
// ordinals mean what they did when the batches were sent. What another process
// seems to have written under the same sequences is not counted.
func (p *partition) settleUnanswered(next int64, same bool, now time.Time) {
	for _, t := range p.unanswered {
		if same && !p.othersWrote && t.ordinal >= p.acked.ordinal && t.ordinal+t.records <= next {
			p.count(t, now)
		}
	}
	p.unanswered, p.othersWrote = nil, false
}
