package replicate

import (
	"fmt"
	"time"

	"mirror/config/logkey"
	"mirror/offsets"
)

// standing is where the target stands by its own word.
type standing struct {
	ordinal    int64 // next
	end        int64 // of the target's log, replicated
	begin      int64 // of the target's log
	bySequence bool  // the leader knows our producer: ordinal is exact
	foreign    int64 // records of others since the checkpoint
}

// resume goes on from a checkpoint.
//
// A broker that has KAFKA-15591 takes only sequence 0 as the first one of a log
// that never held a record. Where it refused ours, sequences count from the
// position: nothing is there yet that could have been numbered otherwise.
func (rc *recovery) resume(cp offsets.Checkpoint) (position, error) {
	rc.base, rc.compacted, rc.shared = cp.Base, cp.Compacted || rc.compacted, cp.Shared
	if cp.SourceTopicID != offsets.TopicID(rc.sourceID) {
		return rc.sourceRecreated(cp)
	}
	if cp.TargetTopicID != offsets.TopicID(rc.targetID) {
		return rc.targetRecreated()
	}
	if time.Since(rc.lostAt) < straggle {
		if err := rc.pause(straggle); err != nil {
			return position{}, err
		}
	}
	cut, diverged, err := rc.sourceHistory(cp)
	if err != nil {
		return position{}, err
	}
	st, err := rc.stand(cp)
	if err != nil {
		return position{}, err
	}
	if diverged {
		return rc.afterTruncation(cp, st, cut)
	}
	begin, err := rc.sourceBegin()
	if err != nil {
		return position{}, err
	}
	pos, entries, err := rc.locate(cp, st, begin)
	if err != nil {
		return position{}, err
	}
	if changed := cp.ReadCommitted != rc.r.config.ReadCommitted || cp.Filter != rc.p.filter(); changed {
		entries = append(entries, rc.drift(pos, "isolation or filter changed"))
	}
	if rc.refusedFirst && st.end == 0 && !st.bySequence {
		rc.base = pos.ordinal
		entries = append(entries, rc.checkpoint(pos))
	}
	if st.foreign > 0 {
		entries = append(entries, rc.foreign(cp.Target, st.end, pos.source))
		rc.shared = true
	}
	if len(entries) > 0 || st.ordinal < cp.Ordinal {
		if err := rc.record(pos, entries); err != nil {
			return position{}, err
		}
	}
	if rc.repeat {
		// What another process wrote under our sequences is proven to be what we
		// would have written, and the broker knows the producer by it.
		rc.knows = st.bySequence
	}
	pos.maxTimestamp = rc.acked.maxTimestamp
	return rc.passTail(pos)
}

// stand asks the target where it stands.
func (rc *recovery) stand(cp offsets.Checkpoint) (standing, error) {
	for attempt := 0; ; attempt++ {
		st, err := rc.standOnce(cp)
		if err != nil {
			return standing{}, err
		}
		expected := cp.Ordinal + st.end - cp.Target
		if !st.bySequence || rc.shared || expected == st.ordinal {
			return st, nil
		}
		if attempt < 3 { // a straggler may have been appended between the two questions
			if err := rc.pause(straggle / 2); err != nil {
				return standing{}, err
			}
			continue
		}
		if expected < st.ordinal {
			return standing{}, stopf("target %s/%d ends at offset %d, %d records short of what its leader says it took from this mirror: its log has a hole",
				rc.p.target, rc.p.number, st.end, st.ordinal-expected)
		}
		st.foreign = expected - st.ordinal
		rc.p.counters.Foreign.Add(st.foreign)
		return st, nil
	}
}

func (rc *recovery) standOnce(cp offsets.Checkpoint) (standing, error) {
	var st standing
	seq, epoch, known, err := rc.r.target.lastSequence(rc.ctx, rc.target, rc.p.target, rc.p.number, rc.producerID)
	if err != nil {
		return st, err
	}
	if st.begin, st.end, err = rc.targetEnds(); err != nil {
		return st, err
	}
	switch {
	case known && int32(epoch) > rc.generation:
		return st, rc.behind(int32(epoch))
	case known && int32(epoch) == rc.generation:
		st.ordinal, st.bySequence = offsets.OrdinalNear(seq, rc.base, cp.Ordinal)+1, true
	default:
		err = rc.standByLog(cp, &st)
	}
	return st, err
}

// behind says that the target has batches of a generation that the checkpoint
// topic does not know: either its record is still on the way, or it was lost.
func (rc *recovery) behind(generation int32) error {
	return waitf("target %s/%d has records of generation %d of this copy, and the checkpoint topic %s only knows of %d: if that stays so, the topic has lost records, and mirror checkpoints reset begins a newer generation",
		rc.p.target, rc.p.number, generation, rc.r.lanes.topic, rc.generation)
}

// standByLog finds out where the target stands when its leader has forgotten
// our producer: by the batches since the checkpoint, or by the log's length
// where some of those are gone, since a batch that is missing proves nothing.
func (rc *recovery) standByLog(cp offsets.Checkpoint, st *standing) error {
	from, err := rc.commonEnd(cp, st.end)
	if err != nil {
		return err
	}
	ordinal := cp.Ordinal - (cp.Target - from)
	scan := targetScan{next: ordinal, offset: from, whole: st.begin <= from}
	for more := true; more && scan.offset < st.end; {
		if more, err = rc.scanOnce(&scan); err != nil {
			return err
		}
	}
	if scan.newer > 0 {
		return rc.behind(scan.newer)
	}
	whole := scan.whole && scan.offset >= st.end
	st.ordinal = ordinal + st.end - from
	switch {
	case whole:
		st.ordinal = scan.next
	case rc.shared:
		return stopf("target %s/%d is written by others too, its leader has forgotten this mirror's producer, and batches since offset %d are gone: where copying goes on cannot be told", rc.p.target, rc.p.number, from)
	}
	if whole && !rc.shared {
		st.foreign = scan.foreign
		rc.p.counters.Foreign.Add(st.foreign)
	}
	return nil
}

// commonEnd is up to where the target's log is the one that the checkpoint
// speaks of: an unclean election may have cut it and let it grow again.
func (rc *recovery) commonEnd(cp offsets.Checkpoint, end int64) (int64, error) {
	common := min(cp.Target, end)
	if cp.TargetEpoch < 0 || rc.target.epoch < 0 {
		return common, nil
	}
	_, cut, err := rc.r.target.epochEnd(rc.ctx, rc.target, rc.p.target, rc.p.number, cp.TargetEpoch)
	if err != nil || cut < 0 {
		return common, err
	}
	return min(common, cut), nil
}

// sourceHistory checks that the source still has the past that was copied. cut
// is the offset where it parts from it.
func (rc *recovery) sourceHistory(cp offsets.Checkpoint) (cut int64, diverged bool, err error) {
	if cp.SourceEpoch < 0 || rc.source.epoch < 0 {
		// Without epochs only the high watermark tells, and it may be behind for a
		// moment after a leader moved: that proves nothing.
		end, err := rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, -1, false)
		if err == nil && end < cp.Source {
			err = waitf("the source's %s ends at offset %d, before offset %d that was copied already", rc.p, end, cp.Source)
		}
		return 0, false, err
	}
	_, end, err := rc.r.source.epochEnd(rc.ctx, rc.source, rc.p.topic, rc.p.number, cp.SourceEpoch)
	if err != nil || end < 0 {
		return 0, false, err
	}
	return end, end < cp.Source, nil
}

// afterTruncation goes on where the source's new history begins. What the old
// history had behind it stays on the target; the ledger says so.
func (rc *recovery) afterTruncation(cp offsets.Checkpoint, st standing, cut int64) (position, error) {
	why := fmt.Sprintf("the source's log was truncated to offset %d while %d was reached: the target keeps records that the source has lost", cut, cp.Source)
	if rc.r.config.OnLoss == "stop" {
		return position{}, stopf("%s (on_loss: stop)", why)
	}
	begin, err := rc.sourceBegin()
	if err != nil {
		return position{}, err
	}
	at := max(cut, begin)
	pos := position{source: at, epoch: -1, last: -1, ordinal: st.ordinal, target: st.end}
	rc.offsets.CutSource(at)
	key := rc.p.key(offsets.KindLoss)
	key.Generation, key.From = rc.generation, cut
	entries := []offsets.Entry{{Lane: rc.p.lane, Key: key, Value: offsets.Loss{From: cut, To: max(cp.Source, at), TargetFrom: -1, TargetTo: -1,
		Cause: "truncated", Detail: why, Time: time.Now().UTC().Truncate(time.Millisecond)}}, rc.drift(pos, "truncated")}
	return pos, rc.record(pos, entries)
}

// record puts what recovery found on record, with the map as it is now and a
// checkpoint behind it, before anything is sent from pos.
func (rc *recovery) record(pos position, entries []offsets.Entry) error {
	key := rc.p.key(offsets.KindMap)
	key.Generation = rc.generation
	for _, e := range rc.offsets.Entries(key) {
		e.Lane = rc.p.lane
		entries = append(entries, e)
	}
	for _, d := range rc.drifts {
		if d.Source > pos.source { // ordinals behind pos are other ones from now on
			stale := rc.p.key(offsets.KindDrift)
			stale.Generation, stale.From = rc.generation, d.Source
			entries = append(entries, offsets.Entry{Lane: rc.p.lane, Key: stale})
		}
	}
	if err := rc.write(append(entries, rc.checkpoint(pos))...); err != nil {
		rc.offsets.Unsaved()
		return err
	}
	rc.p.countLosses(entries)
	return nil
}

// drift says that ordinals count from pos on.
func (rc *recovery) drift(pos position, cause string) offsets.Entry {
	key := rc.p.key(offsets.KindDrift)
	key.Generation, key.From = rc.generation, pos.source
	return offsets.Entry{Lane: rc.p.lane, Key: key, Value: offsets.Drift{Source: pos.source, Ordinal: pos.ordinal, Cause: cause,
		Time: time.Now().UTC().Truncate(time.Millisecond)}}
}

// sourceRecreated begins a new copy behind the records of a source topic that
// was deleted and created again. Its producer id is another one, so nothing is
// mixed up with the old topic's sequences.
func (rc *recovery) sourceRecreated(cp offsets.Checkpoint) (position, error) {
	if rc.p.bound != nil {
		return position{}, rc.anotherSource()
	}
	_, end, err := rc.targetEnds()
	if err != nil {
		return position{}, err
	}
	begin, err := rc.sourceBegin()
	if err != nil {
		return position{}, err
	}
	var lost *offsets.Loss
	if rc.lastEnd > cp.Source {
		lost = &offsets.Loss{From: cp.Source, To: rc.lastEnd, Cause: "source_recreated", Detail: "the source topic was deleted and created again before they were copied"}
	} else if begin > 0 {
		lost = &offsets.Loss{From: 0, To: begin, Cause: "retention", Detail: "the source had dropped them before the new topic was first seen"}
	}
	rc.p.log.Warn("source topic was created again: its records are copied behind those of the old one", logkey.Partition, rc.p.String(), logkey.OldPosition, cp.Source)
	return rc.beginCopy(begin, lost, end)
}

// targetRecreated begins a new copy in a target topic that was deleted and
// created again.
func (rc *recovery) targetRecreated() (position, error) {
	begin, end, err := rc.targetEnds()
	if err != nil {
		return position{}, err
	}
	if end > begin {
		if err := rc.occupied(begin, end); err != nil {
			return position{}, err
		}
	}
	start, lost, err := rc.restart()
	if err != nil {
		return position{}, err
	}
	rc.p.log.Warn("target topic was created again: copying anew from the source's beginning", logkey.Partition, rc.p.String(), logkey.SourceOffset, start)
	return rc.beginCopy(start, lost, end)
}

// restart is where a copy begins anew: a backfill's range has its own beginning.
func (rc *recovery) restart() (int64, *offsets.Loss, error) {
	if rc.p.bound != nil {
		return rc.startOfRange()
	}
	start, err := rc.sourceBegin()
	return start, nil, err
}
