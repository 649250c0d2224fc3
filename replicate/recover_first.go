package replicate

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"mirror/offsets"
)

// lookBack is how many offsets at a target partition's end are searched for
// batches of this copy.
const lookBack = 10_000

// first begins a copy that has no checkpoint: the start checkpoint is acked
// before the first fetch.
func (rc *recovery) first() (position, error) {
	facts, ok := rc.r.lanes.state[0].Route()
	if !ok {
		return position{}, waitf("the route's first start is not on record yet")
	}
	if err := rc.reserved(); err != nil {
		return position{}, err
	}
	begin, end, err := rc.targetEnds()
	if err != nil {
		return position{}, err
	}
	if end > begin {
		if err := rc.occupied(begin, end); err != nil {
			return position{}, err
		}
	}
	rc.shared = end > begin
	start, lost, err := rc.start(facts)
	if err != nil {
		return position{}, err
	}
	if err := rc.reserved(); err != nil { // asking both clusters took its time
		return position{}, err
	}
	return rc.beginCopy(start, lost, end)
}

// occupied says why a target partition that has records already is not written
// to, and the way out: ours never without their checkpoint, others' only where
// that is allowed.
func (rc *recovery) occupied(begin, end int64) error {
	_, _, known, err := rc.r.target.lastSequence(rc.ctx, rc.target, rc.p.target, rc.p.number, rc.producerID)
	if err != nil {
		return err
	}
	last := targetScan{offset: max(begin, end-lookBack)}
	for more := true; more && !known; known = last.own > 0 || last.newer > 0 {
		if more, err = rc.scanOnce(&last); err != nil {
			return err
		}
	}
	if known {
		return waitf("target %s/%d has records of this very copy (offsets %d to %d), but the checkpoint topic %s knows nothing of them: mirror checkpoints rebuild finds out from both logs where the copy ends, and it goes on there",
			rc.p.target, rc.p.number, begin, end-1, rc.r.lanes.topic)
	}
	if rc.r.config.AllowExisting {
		return nil
	}
	return waitf("target %s/%d is not empty (offsets %d to %d) and this mirror did not write it: mirror adopt goes on where another mirror's copy ends, allow: [existing] on route %s appends behind what is there, and a rename rule maps the topic to another name",
		rc.p.target, rc.p.number, begin, end-1, rc.r.config.Name)
}

// beginCopy writes the start checkpoint, with the loss of what the source had
// already dropped and with other entries that belong to it, and returns the
// position it stands for.
func (rc *recovery) beginCopy(start int64, lost *offsets.Loss, targetEnd int64, also ...offsets.Entry) (position, error) {
	pos := position{source: start, epoch: -1, last: -1, ordinal: start, target: targetEnd}
	rc.base = 0
	if rc.generation > 0 {
		rc.base = start // the broker wants a new epoch to begin at sequence 0
	}
	rc.offsets = offsets.NewMap(0)
	entries := append(rc.forget(), also...)
	if lost != nil {
		if rc.r.config.OnLoss == "stop" {
			return position{}, stopf("source offsets %d to %d of %s are gone: %s (on_loss: stop)", lost.From, lost.To-1, rc.p, lost.Detail)
		}
		entries = append(entries, rc.loss(*lost, start)[0]) // the checkpoint says where ordinals begin, no drift need
	}
	entries = append(entries, rc.checkpoint(pos))
	if err := rc.write(entries...); err != nil {
		return position{}, err
	}
	rc.p.countLosses(entries)
	return pos, nil
}

// forget takes back what an older copy under the same key has on record: its
// drift and map speak of offsets that mean something else now. The loss ledger
// stays.
func (rc *recovery) forget() []offsets.Entry {
	key := rc.p.key(offsets.KindCheckpoint)
	key.Generation = rc.generation
	var entries []offsets.Entry
	for _, k := range rc.r.lanes.state[rc.p.lane].Keys(key) {
		if k.Kind == offsets.KindDrift || k.Kind == offsets.KindMap {
			entries = append(entries, offsets.Entry{Lane: rc.p.lane, Key: k})
		}
	}
	return entries
}

// start is where the configuration lets the copy begin. It counts only for
// partitions that were there at the route's first start ever; what appears
// later begins at offset 0, so that nothing of it is missed.
func (rc *recovery) start(facts offsets.RouteFacts) (int64, *offsets.Loss, error) {
	if rc.p.bound != nil {
		return rc.startOfRange()
	}
	begin, err := rc.sourceBegin()
	if err != nil {
		return 0, nil, err
	}
	if !knownAtStart(facts, rc.p.topic, rc.p.number) {
		if begin > 0 {
			return begin, &offsets.Loss{From: 0, To: begin, Cause: "retention", Detail: "the source had dropped them before the partition was first seen"}, nil
		}
		return 0, nil, nil
	}
	want := rc.r.config.Start
	committed := rc.r.config.ReadCommitted
	switch {
	case want.Latest:
		end, err := rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, -1, committed)
		return end, nil, err
	case !want.Time.IsZero():
		at, err := rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, want.Time.UnixMilli(), committed)
		if err == nil && at < 0 {
			at, err = rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, -1, committed)
		}
		return at, nil, err
	}
	return begin, nil, nil
}

// startTopic is how a topic and its number of partitions at the route's first
// start are kept in the route's facts. A colon is not legal in a topic's name.
func startTopic(topic string, partitions int) string {
	return topic + ":" + strconv.Itoa(partitions)
}

func knownAtStart(facts offsets.RouteFacts, topic string, number int32) bool {
	return slices.ContainsFunc(facts.Topics, func(s string) bool {
		if len(s) <= len(topic) || s[:len(topic)] != topic || s[len(topic)] != ':' {
			return false
		}
		n, err := strconv.Atoi(s[len(topic)+1:])
		return err == nil && int(number) < n
	})
}

// sourceBegin is where the source's log begins now. What it has dropped behind the
// end of a backfill's range is no loss of the backfill.
func (rc *recovery) sourceBegin() (int64, error) {
	begin, err := rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, -2, false)
	if b := rc.p.bound; b != nil {
		begin = min(begin, b.To)
	}
	return begin, err
}

// targetEnds samples both ends of the target partition once the high watermark
// has reached the end: what is above it can still be taken back by a failover.
func (rc *recovery) targetEnds() (begin, end int64, err error) {
	begin, err = rc.r.target.listOffset(rc.ctx, rc.target, rc.p.target, rc.p.number, -2, false)
	if err != nil {
		return 0, 0, err
	}
	if end, err = rc.logEnd(); err != nil {
		return 0, 0, err
	}
	return begin, end, rc.replicated(end)
}

// logEnd is the end of the target leader's log. Only OffsetForLeaderEpoch tells
// it; ListOffsets answers the high watermark.
func (rc *recovery) logEnd() (int64, error) {
	if rc.target.epoch < 0 {
		return rc.r.target.listOffset(rc.ctx, rc.target, rc.p.target, rc.p.number, -1, false)
	}
	for range 50 {
		_, end, err := rc.r.target.epochEnd(rc.ctx, rc.target, rc.p.target, rc.p.number, rc.target.epoch)
		if err != nil {
			return 0, err
		}
		if end >= 0 {
			return end, nil
		}
		if err := rc.pause(50 * time.Millisecond); err != nil {
			return 0, err
		}
	}
	return 0, waitf("the leader of target %s/%d does not know its own epoch %d yet", rc.p.target, rc.p.number, rc.target.epoch)
}

// replicated waits until the high watermark has reached end.
func (rc *recovery) replicated(end int64) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		hw, err := rc.r.target.listOffset(rc.ctx, rc.target, rc.p.target, rc.p.number, -1, false)
		if err != nil {
			return err
		}
		if hw >= end {
			return nil
		}
		if time.Now().After(deadline) {
			return waitf("target %s/%d has records up to offset %d of which those from %d are not replicated yet: are its replicas up?", rc.p.target, rc.p.number, end-1, hw)
		}
		if err := rc.pause(10 * time.Millisecond); err != nil {
			return err
		}
	}
}

func (rc *recovery) pause(d time.Duration) error {
	return sleep(rc.ctx, d)
}

// checkpoint is the record of pos with what recovery knows.
func (rc *recovery) checkpoint(pos position) offsets.Entry {
	key := rc.p.key(offsets.KindCheckpoint)
	key.Generation = rc.generation
	return offsets.Entry{Lane: rc.p.lane, Key: key, Value: offsets.Checkpoint{
		SourceTopicID: rc.sourceID, TargetTopicID: rc.targetID,
		Source: pos.source, SourceEpoch: pos.epoch, LastSource: pos.last, Ordinal: pos.ordinal, Base: rc.base,
		Target: pos.target, TargetEpoch: rc.target.epoch,
		ReadCommitted: rc.r.config.ReadCommitted, Filter: rc.p.filter(), Shared: rc.shared, Compacted: rc.compacted,
		Clean: true, Time: time.Now().UTC().Truncate(time.Millisecond)}}
}

// loss are the records of a loss found by recovery; ordinals go on behind it.
func (rc *recovery) loss(l offsets.Loss, ordinal int64) []offsets.Entry {
	key := rc.p.key(offsets.KindLoss)
	key.Generation = rc.generation
	l.TargetFrom, l.TargetTo, l.Time = -1, -1, time.Now().UTC().Truncate(time.Millisecond)
	return lossEntries(key, rc.p.lane, l, ordinal)
}

// foreign is the record of target offsets that somebody else wrote.
func (rc *recovery) foreign(from, to, source int64) offsets.Entry {
	key := rc.p.key(offsets.KindLoss)
	key.Generation, key.From, key.TargetFrom = rc.generation, source, from
	return offsets.Entry{Lane: rc.p.lane, Key: key, Value: offsets.Loss{From: source, To: source, TargetFrom: from, TargetTo: to, Cause: "foreign_writer",
		Detail: fmt.Sprintf("somebody else wrote to %s/%d, or a batch of ours was repeated, between these target offsets", rc.p.target, rc.p.number),
		Time:   time.Now().UTC().Truncate(time.Millisecond)}}
}
