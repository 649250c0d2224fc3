package replicate

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/batch"
	"mirror/kafka"
	"mirror/offsets"
)

// shaper turns the records of one Fetch answer into outgoing entries. It works
// on a copy of the partition's fetch-side state, outside of its lock; only one
// fetcher shapes a partition at a time.
type shaper struct {
	sieve      sieve
	key        offsets.Key // of drift and loss records
	lane       int32
	run        uint32
	producerID int64
	generation int32
	base       int64
	limit      int
	guessed    bool // limit was learnt from a refusal, not read from the target's settings
	skip       map[int64]string
	to         int64 // source offsets from here on are not wanted, 0 for no end
	budget     kafka.Budget
	now        time.Time

	// In: where shaping begins. Out: where it ended.
	cursor  int64
	epoch   int32
	ordinal int64

	items   []*outgoing
	gaps    int64 // source offsets with nothing to copy
	skipped int64 // batches that a mirror wrote
	holes   bool  // offsets were missing between or inside batches
	first   bool  // no batch was looked at yet
}

// shape goes through raw, one partition's records of a Fetch answer held by h.
// Shallow batches are patched in place. On an error everything before the bad
// batch is shaped and the cursor stands at it.
func (s *shaper) shape(p *kmsg.FetchResponseTopicPartition, h *hold) error {
	s.sieve.begin(p)
	s.first = true
	scan := batch.Scan(p.RecordBatches)
	for scan.Next() {
		if err := s.one(scan.Batch(), h); err != nil {
			return err
		}
	}
	return scan.Err()
}

// shapeSafely turns a panic over foreign bytes into an error of this partition
// alone.
func (s *shaper) shapeSafely(p *kmsg.FetchResponseTopicPartition, h *hold) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	return s.shape(p, h)
}

func (s *shaper) one(b batch.Batch, h *hold) error {
	if s.first && b.LastOffset() < s.cursor {
		return nil // an old-format answer may begin before what was asked for
	}
	if !s.first && b.BaseOffset < s.cursor && b.Magic >= 2 {
		return &batch.CorruptError{Offset: s.cursor, Why: fmt.Sprintf("a batch of offset %d follows offset %d", b.BaseOffset, s.cursor-1)}
	}
	s.first = false
	what := s.sieve.judge(b)
	if what != fateForward && !batch.VerifyCRC(b.Raw) {
		// Nothing is left out on the word of a damaged header.
		return &batch.CorruptError{Offset: b.BaseOffset, Why: "the checksum does not match"}
	}
	if first := s.within(b.BaseOffset); first > s.cursor {
		s.gaps += first - s.cursor
		s.holes = true
		s.cursor = first
	}
	next := s.within(b.LastOffset() + 1)
	if s.cursor >= next {
		what = fateEmpty // all of it is behind the end
	}
	if what == fateForward {
		if err := s.forward(b, h); err != nil {
			return err
		}
	} else {
		s.gaps += next - s.cursor
		if what == fateMirrored {
			s.skipped++
		}
	}
	s.cursor = next
	if b.BaseOffset < next {
		s.epoch = b.LeaderEpoch
	}
	if n := len(s.items); n > 0 {
		s.items[n-1].next, s.items[n-1].nextEpoch = s.cursor, s.epoch
	}
	return nil
}

// within is a source offset, or the end of what is wanted where that comes first.
func (s *shaper) within(offset int64) int64 {
	if s.to > 0 {
		return min(offset, s.to)
	}
	return offset
}

// wants says whether the record at a source offset is to be copied now.
func (s *shaper) wants(offset int64) bool {
	return offset >= s.cursor && (s.to == 0 || offset < s.to)
}

func (s *shaper) forward(b batch.Batch, h *hold) error {
	opts := batch.Options{From: s.cursor, To: s.to, MaxBytes: s.limit}
	reason := batch.Decide(b.Header, opts)
	if int64(b.Count) != int64(b.LastOffsetDelta)+1 {
		s.holes = true
	}
	if len(s.skip) > 0 && s.skips(b) {
		return s.forwardWithout(b, opts)
	}
	if reason != batch.Shallow {
		return s.deep(b, opts, reason)
	}
	item := &outgoing{raw: b.Raw, first: b.BaseOffset, last: b.LastOffset(), count: b.Count,
		firstTimestamp: firstTimestamp(b), maxTimestamp: b.MaxTimestamp}
	if err := batch.Patch(b.Raw, s.stamp()); err != nil {
		return err
	}
	item.hold = h.retain()
	s.add(item)
	return nil
}

func (s *shaper) stamp() batch.Stamp {
	return batch.Stamp{ProducerID: s.producerID, ProducerEpoch: int16(s.generation), BaseSequence: offsets.Sequence(s.ordinal, s.base)}
}

func (s *shaper) add(item *outgoing) {
	item.run = s.run
	item.ordinal = s.ordinal
	item.fetchedAt = s.now
	item.next, item.nextEpoch = item.last+1, s.epoch
	s.ordinal += int64(item.count)
	s.items = append(s.items, item)
}

// deep copies a batch by decoding it. A limit that was only guessed from an
// answer of the target splits batches and refuses no record: whether a single
// one is too large only the target says.
func (s *shaper) deep(b batch.Batch, opts batch.Options, reason batch.Reason) error {
	frames, err := batch.Reframe(b.Raw, s.stamp(), opts)
	s.addFrames(b, frames, reason)
	var big *batch.TooLargeError
	if errors.As(err, &big) && s.guessed {
		opts.From, opts.MaxBytes = big.Offset, big.Size+slackBytes
		return s.deep(b, opts, reason)
	}
	return err
}

// slackBytes is what a compressed record may take beyond its own estimate.
const slackBytes = 1024

func (s *shaper) addFrames(b batch.Batch, frames []batch.Frame, reason batch.Reason) {
	for _, f := range frames {
		s.budget.Force(int64(len(f.Raw)))
		s.add(&outgoing{raw: f.Raw, hold: newHold(nil, int64(len(f.Raw)), s.budget), first: f.First, last: f.Last,
			count: int32(f.Count), firstTimestamp: firstTimestamp(b), maxTimestamp: f.MaxTimestamp, reason: reason})
	}
}

// skips says whether the batch has a record that the target refuses and that
// on_rejected leaves out.
func (s *shaper) skips(b batch.Batch) bool {
	for o := range s.skip {
		if o <= b.LastOffset() && s.wants(o) {
			return true
		}
	}
	return false
}

// forwardWithout copies a batch without the records that the target refuses.
// Their absence cannot be seen in the source's log, so a barrier with the loss
// and the drift behind it goes first.
func (s *shaper) forwardWithout(b batch.Batch, opts batch.Options) error {
	var entries []offsets.Entry
	ordinal := s.ordinal
	err := batch.Records(b.Raw, func(r batch.Record) error {
		if !s.wants(r.Offset) {
			return nil
		}
		why, left := s.skip[r.Offset]
		if !left {
			ordinal++
			return nil
		}
		entries = append(entries, s.lossEntries(r.Offset, r.Offset+1, ordinal, causeRejected, why)...)
		return nil
	})
	if err != nil {
		return err
	}
	if len(entries) > 0 { // compaction may have removed the record meanwhile
		s.barrier(entries, s.cursor)
	}
	opts.Without = func(offset int64) bool {
		_, left := s.skip[offset]
		return left
	}
	return s.deep(b, opts, batch.Forced)
}

// barrier queues entries to be written before anything behind them is sent.
func (s *shaper) barrier(entries []offsets.Entry, next int64) {
	s.items = append(s.items, &outgoing{run: s.run, entries: entries, ordinal: s.ordinal, next: next, nextEpoch: s.epoch, fetchedAt: s.now})
}

// lossEntries are the two records of a loss: what is gone, and where ordinals
// go on behind it.
func (s *shaper) lossEntries(from, to, ordinal int64, cause, detail string) []offsets.Entry {
	return lossEntries(s.key, s.lane, offsets.Loss{From: from, To: to, TargetFrom: -1, TargetTo: -1, Cause: cause, Detail: detail, Time: s.now}, ordinal)
}

func lossEntries(key offsets.Key, lane int32, loss offsets.Loss, ordinal int64) []offsets.Entry {
	lossKey, driftKey := key, key
	lossKey.Kind, lossKey.From = "loss", loss.From
	driftKey.Kind, driftKey.From = "drift", loss.To
	return []offsets.Entry{
		{Lane: lane, Key: lossKey, Value: loss},
		{Lane: lane, Key: driftKey, Value: offsets.Drift{Source: loss.To, Ordinal: ordinal, Cause: loss.Cause, Time: loss.Time}},
	}
}

// corrupt tells damage in the source's bytes from other trouble.
func corrupt(err error) (*batch.CorruptError, bool) {
	var c *batch.CorruptError
	return c, errors.As(err, &c)
}

// firstTimestamp is about when a batch's first record was made: the base of its
// times, unless that is the delete horizon of a compacted batch, which lies in
// the future.
func firstTimestamp(b batch.Batch) int64 { return min(b.BaseTimestamp, b.MaxTimestamp) }
