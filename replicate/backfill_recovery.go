package replicate

import (
	"mirror/offsets"
)

// emptyAnswers is how many Fetches in a row must bring nothing, while the source
// reaches beyond the end of a range, before recovery asks whether there is
// anything left: an answer may also be empty because others filled it.
const emptyAnswers = 3

// startOfRange is where a backfill begins. What the source has dropped of the
// range is a loss.
func (rc *recovery) startOfRange() (int64, *offsets.Loss, error) {
	b := rc.p.bound
	if b.SourceTopicID != offsets.TopicID(rc.sourceID) {
		return 0, nil, rc.anotherSource()
	}
	begin, err := rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, -2, false)
	if err != nil || begin <= b.From {
		return b.From, nil, err
	}
	to := min(begin, b.To)
	if to == b.From {
		return to, nil, nil // an empty range
	}
	return to, &offsets.Loss{From: b.From, To: to, Cause: "retention", Detail: "the source dropped them before the backfill reached them"}, nil
}

// anotherSource stops a backfill whose range means nothing any more.
func (rc *recovery) anotherSource() error {
	return stopf("source topic %s was created again since backfill %s began: its offsets mean other records now; begin another backfill under another --id", rc.p.topic, rc.r.copyName())
}

// passTail moves to the end of a backfill's range when the source has nothing
// more before it: compaction may have removed the last records of a log for good.
// A Fetch of one partition alone is empty only if there is nothing.
func (rc *recovery) passTail(pos position) (position, error) {
	b := rc.p.bound
	if b == nil || pos.source >= b.To {
		return pos, nil
	}
	committed := rc.r.config.ReadCommitted
	a, err := rc.r.source.readAt(rc.ctx, rc.source, rc.p.topic, rc.sourceID, rc.p.number, pos.source, 1, committed)
	if err != nil || len(a.RecordBatches) > 0 {
		return pos, err
	}
	end := a.HighWatermark
	if committed && a.LastStableOffset >= 0 {
		end = a.LastStableOffset
	}
	if end >= b.To {
		pos.source = b.To
	}
	return pos, nil
}

// noteEmpty counts answers of the leader that brought nothing although the source
// reaches beyond the range.
func (p *partition) noteEmpty(size int, fromLeader bool) {
	if p.bound == nil || size > 0 || p.cursor >= p.bound.To || p.sourceEnd < p.bound.To {
		p.emptyAnswers = 0
		return
	}
	if fromLeader {
		p.emptyAnswers++
	}
	if p.emptyAnswers >= emptyAnswers {
		p.emptyAnswers = 0
		p.halt("the source seems to have nothing more before the end of the range")
	}
}

// atEnd says whether a backfill has fetched all of its range.
func (p *partition) atEnd() bool { return p.bound != nil && p.cursor >= p.bound.To }
