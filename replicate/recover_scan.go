package replicate

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/batch"
	"mirror/offsets"
)

// targetScan looks through the target's log for batches of this copy.
type targetScan struct {
	offset  int64 // next
	next    int64 // ordinal behind the last batch of ours
	own     int64 // records of ours
	lastOwn int64 // target offset of the last of them
	foreign int64 // records of others
	newer   int32 // a generation of ours that is newer than the one looked for, 0 none
	whole   bool  // nothing was missing on the way
}

// scanOnce reads one answer of the target's log on; false means its end.
func (rc *recovery) scanOnce(s *targetScan) (bool, error) {
	a, err := rc.r.target.readAt(rc.ctx, rc.target, rc.p.target, rc.targetID, rc.p.number, s.offset, readBytes, false)
	if errors.Is(err, kerr.OffsetOutOfRange) {
		begin, err := rc.r.target.listOffset(rc.ctx, rc.target, rc.p.target, rc.p.number, -2, false)
		more := begin > s.offset
		s.whole = s.whole && !more
		s.offset = max(begin, s.offset)
		return more, err
	}
	if err != nil {
		return false, err
	}
	from := s.offset
	scan := batch.Scan(a.RecordBatches)
	for scan.Next() {
		if b := scan.Batch(); b.LastOffset() >= s.offset {
			rc.scanBatch(s, b)
		}
	}
	return s.offset > from, scan.Err()
}

func (rc *recovery) scanBatch(s *targetScan, b batch.Batch) {
	if b.BaseOffset > s.offset || b.Count != b.LastOffsetDelta+1 {
		s.whole = false
	}
	if b.ProducerID == rc.producerID && int32(b.ProducerEpoch) > rc.generation {
		s.newer = int32(b.ProducerEpoch)
	}
	if b.ProducerID == rc.producerID && int32(b.ProducerEpoch) == rc.generation {
		last := offsets.Sequence(int64(b.BaseSequence)+int64(b.LastOffsetDelta), 0)
		s.next = offsets.OrdinalNear(last, rc.base, s.next) + 1
		s.own += int64(b.Count)
		s.lastOwn = b.LastOffset()
	} else {
		s.foreign += b.LastOffset() + 1 - max(b.BaseOffset, s.offset)
	}
	s.offset = b.LastOffset() + 1
}
