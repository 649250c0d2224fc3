package replicate

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"mirror/batch"
	"mirror/config"
	"mirror/offsets"
)

// proofRecords is how many of a copy's last records are compared, where the
// target still has so many.
const proofRecords = 100

// UnprovenError says why the place where a copy ends cannot be told. Nothing may
// be written for its partition.
type UnprovenError struct{ Why string }

func (e *UnprovenError) Error() string { return e.Why }

func unproven(format string, a ...any) error { return &UnprovenError{fmt.Sprintf(format, a...)} }

// FoundCopy is where a copy without a checkpoint ends, proven by its last records.
type FoundCopy struct {
	Generation int32
	Checkpoint offsets.Checkpoint
	Compared   int // records, the last ones of the copy, that are equal on both sides
}

// FindCopy finds out where a route's copy of one partition ends when its
// checkpoint is lost: by the last batch of this copy's own producer in the
// target's log, and by the source record that equals its last one. It reads and
// changes nothing. Nil without an error means that the target has nothing of
// this copy; *UnprovenError that it has, and that the position cannot be told.
func FindCopy(ctx context.Context, route *config.Route, source, target Cluster, t *TopicPlan, partition int32) (*FoundCopy, error) {
	rc, err := lookingRecovery(ctx, route, source, target, t, partition)
	if err != nil {
		return nil, err
	}
	begin, end, err := rc.targetEnds()
	if err != nil {
		return nil, err
	}
	tail, err := rc.findTail(begin, end)
	if err != nil || tail == nil {
		return nil, err
	}
	rc.generation, rc.shared, rc.compacted = tail.generation, tail.foreign, t.Compacted
	theirs, err := rc.lastRecords(tail)
	if err != nil {
		return nil, err
	}
	if err := rc.sourceSettled(); err != nil {
		return nil, err
	}
	last, compared, err := rc.matchTail(tail, theirs)
	if err != nil {
		return nil, err
	}
	pos := position{source: last + 1, epoch: -1, last: last, target: end}
	pos.ordinal, rc.base = numbering(last, tail.sequence, tail.generation)
	cp := rc.checkpoint(pos).Value.(offsets.Checkpoint)
	cp.Clean = false // it was not written by whoever sent the last batch
	return &FoundCopy{Generation: tail.generation, Checkpoint: cp, Compared: compared}, nil
}

// numbering is the next ordinal, and the ordinal of sequence 0, that fit the
// last record copied and its sequence. In generation 0 sequences begin at 0, and
// ordinals never exceed offsets; in later ones only the difference counts.
func numbering(last int64, sequence, generation int32) (ordinal, base int64) {
	behind := int64(offsets.Sequence(last, int64(sequence))) // drift, modulo 2^31
	if generation == 0 && behind <= last {
		return last - behind + 1, 0
	}
	return last + 1, max(last-int64(sequence), 0)
}

// lookingRecovery is a recovery that only looks, outside of a running route.
func lookingRecovery(ctx context.Context, c *config.Route, source, target Cluster, t *TopicPlan, number int32) (*recovery, error) {
	at := func(topic *Topic) (leadership, [16]byte, bool) {
		if topic == nil || int(number) >= len(topic.Partitions) || topic.Partitions[number].Leader < 0 {
			return leadership{}, [16]byte{}, false
		}
		m := topic.Partitions[number]
		return leadership{m.Leader, m.LeaderEpoch}, topic.ID, true
	}
	from, sourceID, here := at(t.Source)
	to, targetID, there := at(t.Target)
	if !here || !there {
		return nil, fmt.Errorf("%s/%d is not on both clusters, or has no leader at present", t.Decision.Topic, number)
	}
	log := slog.New(slog.DiscardHandler)
	r := &route{config: c, log: log, source: source.side(), target: target.side()}
	p := &partition{route: r, topic: t.Decision.Topic, number: number, target: t.Decision.Target, keepsName: t.KeepsName, log: log,
		lane: r.laneOf(t.Decision.Topic, number)}
	rc := &recovery{r: r, p: p, ctx: ctx, sourceID: sourceID, targetID: targetID, source: from, target: to}
	rc.producerID = p.lineage(sourceID, targetID).ProducerID()
	return rc, nil
}

// tail is the end of a copy in the target's log.
type tail struct {
	generation int32
	sequence   int32       // of the last record
	batches    []tailBatch // its last ones, in order
	records    int64       // in them, at least proofRecords unless there are fewer
	foreign    bool        // others wrote among or behind them
}

// tailBatch is where a batch is on the target.
type tailBatch struct{ first, last, records int64 }

// holds says whether a target offset belongs to one of the batches.
func (t *tail) holds(offset int64) bool {
	return slices.ContainsFunc(t.batches, func(b tailBatch) bool { return b.first <= offset && offset <= b.last })
}

func (t *tail) last() int64 { return t.batches[len(t.batches)-1].last }

// findTail looks for the last batches of this copy, from the log's end backwards
// in growing steps. Nil means that there are none.
func (rc *recovery) findTail(begin, end int64) (*tail, error) {
	sequence, epoch, known, err := rc.r.target.lastSequence(rc.ctx, rc.target, rc.p.target, rc.p.number, rc.producerID)
	if err != nil {
		return nil, err
	}
	for back := int64(lookBack); ; back *= 4 {
		from := max(begin, end-back)
		t, err := rc.tailFrom(from, end)
		if err != nil {
			return nil, err
		}
		switch {
		case t.records >= proofRecords || from == begin && t.records > 0:
			if known && (t.generation != int32(epoch) || t.sequence != sequence) {
				return nil, unproven("the target's leader took sequence %d of generation %d last, and the last batch in its log has sequence %d of generation %d",
					sequence, epoch, t.sequence, t.generation)
			}
			return t, nil
		case from == begin && known:
			return nil, unproven("the target has taken records of this copy, and none of them is left to compare")
		case from == begin:
			return nil, nil
		}
	}
}

// tailFrom reads batch headers from an offset to the log's end.
func (rc *recovery) tailFrom(from, end int64) (*tail, error) {
	t := &tail{}
	err := rc.r.target.eachBatch(rc.ctx, rc.target, rc.p.target, rc.targetID, rc.p.number, from, end, func(b batch.Batch) { t.add(b, rc.producerID) })
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (t *tail) add(b batch.Batch, producerID int64) {
	if b.ProducerID != producerID {
		t.foreign = t.foreign || t.records > 0
		return
	}
	if generation := int32(b.ProducerEpoch); generation != t.generation {
		*t = tail{generation: generation} // an older one is another copy
	}
	t.sequence = offsets.Sequence(int64(b.BaseSequence)+int64(b.LastOffsetDelta), 0)
	t.batches = append(t.batches, tailBatch{b.BaseOffset, b.LastOffset(), int64(b.Count)})
	t.records += int64(b.Count)
	for t.records-t.batches[0].records >= proofRecords {
		t.records -= t.batches[0].records
		t.batches = t.batches[1:]
	}
}

// lastRecords are the records of the copy's last batches.
func (rc *recovery) lastRecords(t *tail) ([]digest, error) {
	var theirs []digest
	reader := rc.targetReader(t.batches[0].first)
	for offset := int64(-1); offset < t.last(); {
		d, ok, err := reader.next(rc.ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if offset = d.offset; t.holds(offset) {
			theirs = append(theirs, d)
		}
	}
	if len(theirs) == 0 || theirs[len(theirs)-1].offset != t.last() {
		return nil, unproven("compaction has removed the copy's last record from the target")
	}
	return theirs[max(0, len(theirs)-proofRecords):], nil
}

// matchTail finds the source record that is the copy's last one, and how many
// records up to it are equal on both sides. Of several equal ones it is the one
// with the longest run; where that does not tell them apart, the one whose offset
// is the sequence itself.
func (rc *recovery) matchTail(t *tail, theirs []digest) (offset int64, compared int, err error) {
	from, whole, err := rc.matchFrom(t, theirs)
	if err != nil {
		return 0, 0, err
	}
	// What arrives from now on is not on the target, and would never end.
	end, err := rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, -1, rc.r.config.ReadCommitted)
	if err != nil {
		return 0, 0, err
	}
	var ours []digest // the last ones read, as many as theirs
	var best []match
	for src := rc.sourceReader(from); ; {
		d, ok, err := src.next(rc.ctx)
		if err != nil {
			return 0, 0, err
		}
		if !ok || d.offset >= end {
			break
		}
		if ours = append(ours, d); len(ours) > 2*len(theirs) {
			ours = slices.Clone(ours[len(ours)-len(theirs):])
		}
		if d.offset < int64(t.sequence) {
			continue // no record's ordinal, and so no sequence, exceeds its offset
		}
		if n := equalRun(ours, theirs); n >= rc.enough(ours, theirs, whole) && (len(best) == 0 || n >= best[0].records) {
			if len(best) > 0 && n > best[0].records {
				best = best[:0]
			}
			best = append(best, match{d.offset, n})
		}
	}
	m, numbered, err := rc.onlyMatch(t, best)
	if err == nil && numbered {
		err = rc.withoutGaps(m.offset)
	}
	return m.offset, m.records, err
}

// withoutGaps proves that the sequence of the record at offset can be the offset
// itself: the source has had nothing in front of it that was not copied. Without
// that the numbers of equal records tell nothing.
func (rc *recovery) withoutGaps(offset int64) error {
	begin, err := rc.sourceBegin()
	if err != nil {
		return err
	}
	rc.offsets = offsets.NewMap(0)
	committed := rc.r.config.ReadCommitted
	w := &walker{rc: rc, commit: committed, sieve: rc.sieve(committed, rc.p.filter())}
	if begin == 0 && rc.r.config.OnRejected != "skip" {
		if err := w.count(offset + 1); err != nil {
			return err
		}
	}
	if w.last != offset {
		return unproven("several source records equal the target's last one, and gaps in the source's log, or records that it had before, keep its sequence from telling which of them it is")
	}
	return nil
}

// enough is how many records must be equal: ten, if there are so many and the
// source still has them; in a compacted source, which may have lost those in
// front, the last one.
func (rc *recovery) enough(ours, theirs []digest, whole bool) int {
	switch {
	case rc.compacted:
		return 1
	case whole:
		return min(10, len(theirs))
	}
	return min(10, len(ours), len(theirs))
}

// match is a source record that may be the copy's last one.
type match struct {
	offset  int64
	records int
}

// onlyMatch is the one that is the copy's last record; numbered says that only its
// sequence tells it from others.
func (rc *recovery) onlyMatch(t *tail, best []match) (m match, numbered bool, err error) {
	exact := slices.IndexFunc(best, func(m match) bool { return t.generation == 0 && offsets.Sequence(m.offset, 0) == t.sequence })
	switch {
	case len(best) == 1:
		return best[0], false, nil
	case len(best) == 0:
		return match{}, false, unproven("no record of the source from there on is the last one that the target has")
	case exact >= 0:
		return best[exact], true, nil
	}
	return match{}, false, unproven("%d source records, the first at offset %d, equal the target's last one, and nothing tells them apart", len(best), best[0].offset)
}

// equalRun is how many records, counted from the last ones backwards, are equal.
func equalRun(ours, theirs []digest) int {
	n := 0
	for n < min(len(ours), len(theirs)) && ours[len(ours)-1-n].isCopiedAs(theirs[len(theirs)-1-n]) {
		n++
	}
	return n
}

// matchFrom is the first source offset that any of the records can be at: by
// their timestamps, where the target keeps those, and by their sequences, since
// no record's ordinal exceeds its offset. whole says that the source's log begins
// in front of it.
func (rc *recovery) matchFrom(t *tail, theirs []digest) (from int64, whole bool, err error) {
	begin, err := rc.sourceBegin()
	if err != nil {
		return 0, false, err
	}
	from = max(begin, int64(t.sequence)-int64(len(theirs))+1)
	oldest := theirs[0].timestamp
	for _, d := range theirs {
		if d.stamped || d.timestamp < 0 {
			return from, from > begin, nil
		}
		oldest = min(oldest, d.timestamp)
	}
	at, err := rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, oldest, false)
	if err != nil {
		return 0, false, err
	}
	if at < 0 {
		return 0, false, unproven("the source has no record as young as the last ones on the target")
	}
	from = max(from, at)
	return from, from > begin, nil
}
