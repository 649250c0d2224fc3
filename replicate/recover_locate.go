package replicate

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/batch"
	"mirror/config/logkey"
	"mirror/offsets"
)

// locate maps the target's standing back to a source offset and proves it. The
// entries that come with the position must be on record before anything is
// sent from it.
func (rc *recovery) locate(cp offsets.Checkpoint, st standing, begin int64) (position, []offsets.Entry, error) {
	pos := position{source: cp.Source, epoch: cp.SourceEpoch, last: cp.LastSource, ordinal: st.ordinal, target: st.end}
	ahead := st.ordinal - cp.Ordinal
	if ahead > 0 {
		if err := rc.sourceSettled(); err != nil {
			return position{}, nil, err
		}
	}
	switch {
	case ahead < 0:
		return rc.rewind(cp, st, begin)
	case rc.compacted && ahead > 0:
		return rc.locateCompacted(cp, st, begin)
	case cp.Source < begin:
		return rc.lostHead(cp, st, begin)
	case ahead > 0:
		w := rc.walkFrom(cp, rc.drifts, st.ordinal)
		if err := w.count(st.ordinal - w.ordinal); err != nil {
			return position{}, nil, err
		}
		pos.source, pos.epoch, pos.last = w.offset, w.epoch, w.last
	}
	if ahead == 0 && cp.Clean && st.end == cp.Target && !rc.repeat {
		return pos, nil, nil
	}
	return pos, nil, rc.prove(cp, st, pos)
}

// prove compares the last record copied on both sides; after an answer that was
// a repeat, every record since the position that was acked to us.
func (rc *recovery) prove(cp offsets.Checkpoint, st standing, pos position) error {
	if rc.repeat && pos.ordinal > cp.Ordinal && !rc.shared {
		return rc.proveRange(cp, pos)
	}
	if pos.last < 0 || st.end <= st.begin || rc.shared || rc.compacted {
		return nil // nothing was copied yet, or nothing of it is left to compare
	}
	theirs, err := rc.recordAt(rc.targetReader(st.end-1), st.end-1)
	if err != nil {
		return err
	}
	ours, err := rc.recordAt(rc.sourceReader(pos.last), pos.last)
	if err != nil {
		return err
	}
	if theirs == nil || ours == nil {
		if st.bySequence || st.ordinal == cp.Ordinal {
			return nil // retention took the record; the sequence, or the checkpoint itself, says the same
		}
		return stopf("the record at source offset %d or at offset %d of %s/%d is gone, so that the position cannot be proven", pos.last, st.end-1, rc.p.target, rc.p.number)
	}
	if !ours.isCopiedAs(*theirs) {
		return stopf("the last record on target %s/%d (offset %d) is not the one at source offset %d: somebody else writes there, or the checkpoint topic belongs to another copy",
			rc.p.target, rc.p.number, st.end-1, pos.last)
	}
	return nil
}

// proveRange compares all records between the acked position and pos.
func (rc *recovery) proveRange(cp offsets.Checkpoint, pos position) error {
	src, dst := rc.sourceReader(cp.Source), rc.targetReader(cp.Target)
	for range pos.ordinal - cp.Ordinal {
		ours, ok, err := src.next(rc.ctx)
		if err != nil {
			return err
		}
		theirs, ok2, err := dst.next(rc.ctx)
		if err != nil {
			return err
		}
		rc.stamped = rc.stamped || theirs.stamped
		if !ok || !ok2 || !ours.isCopiedAs(theirs) {
			return stopf("target %s/%d has at offset %d another record than the source at %d, under this mirror's own sequence", rc.p.target, rc.p.number, theirs.offset, ours.offset)
		}
	}
	return nil
}

// recordAt reads the record at offset, nil when it is gone.
func (rc *recovery) recordAt(r *reader, offset int64) (*digest, error) {
	r.bytes = 64 << 10 // the broker gives at least one whole batch
	d, ok, err := r.next(rc.ctx)
	if err != nil || !ok || d.offset != offset {
		return nil, err
	}
	return &d, nil
}

// walker counts forwardable records in the source's log by batch headers.
type walker struct {
	rc      *recovery
	sieve   sieve
	offset  int64 // next
	ordinal int64 // of the record at offset
	target  int64 // where that record is on the target, for the offset map
	epoch   int32
	last    int64
	commit  bool
}

// walkFrom is where counting to an ordinal begins: at the checkpoint, or at
// the last jump of drift in front of it, which the log alone would not show.
func (rc *recovery) walkFrom(cp offsets.Checkpoint, drifts []offsets.Drift, ordinal int64) *walker {
	w := &walker{rc: rc, offset: cp.Source, ordinal: cp.Ordinal, target: cp.Target, epoch: cp.SourceEpoch, last: cp.LastSource,
		commit: cp.ReadCommitted, sieve: rc.sieve(cp.ReadCommitted, cp.Filter)}
	for _, d := range drifts {
		if d.Source >= w.offset && d.Ordinal <= ordinal && d.Ordinal >= w.ordinal {
			w.target += d.Ordinal - w.ordinal
			w.offset, w.ordinal, w.epoch, w.last = d.Source, d.Ordinal, -1, -1
		}
	}
	return w
}

// count moves over n forwardable records.
func (w *walker) count(n int64) error {
	for n > 0 {
		from := w.offset
		a, err := w.rc.r.source.readAt(w.rc.ctx, w.rc.source, w.rc.p.topic, w.rc.sourceID, w.rc.p.number, w.offset, readBytes, w.commit)
		if errors.Is(err, kerr.OffsetOutOfRange) {
			return stopf("the source's log ends or begins at another place than where %s was copied to (offset %d is out of range)", w.rc.p, w.offset)
		}
		if err != nil {
			return err
		}
		w.sieve.begin(a)
		scan := batch.Scan(a.RecordBatches)
		for n > 0 && scan.Next() {
			if n, err = w.step(scan.Batch(), n); err != nil {
				return err
			}
		}
		if err := scan.Err(); err != nil {
			return fmt.Errorf("count records of %s: %w", w.rc.p, err)
		}
		if w.offset == from {
			return waitf("the target has %d records more of %s than the source has up to offset %d", n, w.rc.p, w.offset)
		}
	}
	return nil
}

// step moves over one batch, or into it as far as n reaches.
func (w *walker) step(b batch.Batch, n int64) (int64, error) {
	if b.LastOffset() < w.offset {
		return n, nil
	}
	if w.sieve.judge(b) != fateForward {
		w.offset, w.epoch = b.LastOffset()+1, b.LeaderEpoch
		return n, nil
	}
	if b.Magic == 2 && int64(b.Count) == int64(b.LastOffsetDelta)+1 {
		first := max(w.offset, b.BaseOffset)
		have := min(b.LastOffset()+1-first, n)
		w.took(first, have)
		if have == b.LastOffset()+1-first {
			w.epoch = b.LeaderEpoch
		}
		return n - have, nil
	}
	from := w.offset
	err := batch.Records(b.Raw, func(r batch.Record) error {
		if r.Offset >= from && n > 0 {
			w.took(r.Offset, 1)
			n--
		}
		return nil
	})
	if err == nil && n > 0 {
		w.offset, w.epoch = b.LastOffset()+1, b.LeaderEpoch
	}
	return n, err
}

func (w *walker) took(first, n int64) {
	_ = w.rc.offsets.Add(first, w.target, n) // a map that disagrees answers earlier, never later
	w.offset, w.last = first+n, first+n-1
	w.ordinal += n
	w.target += n
}

// sourceSettled waits until the source shows consumers all that its leader has:
// just after a leader moved the high watermark may be behind, and records that
// were copied already would seem to be missing.
func (rc *recovery) sourceSettled() error {
	if rc.source.epoch < 0 {
		return nil
	}
	_, end, err := rc.r.source.epochEnd(rc.ctx, rc.source, rc.p.topic, rc.p.number, rc.source.epoch)
	if err != nil {
		return err
	}
	for range 100 {
		hw, err := rc.r.source.listOffset(rc.ctx, rc.source, rc.p.topic, rc.p.number, -1, false)
		if err != nil || hw >= end {
			return err
		}
		if err := rc.pause(20 * time.Millisecond); err != nil {
			return err
		}
	}
	return waitf("the source's %s has records up to offset %d that are not replicated yet", rc.p, end-1)
}

// lostHead handles a source that has dropped records behind the checkpoint.
// Counting is impossible then. Our last records on the target show the position
// if the source still has them; if the records since the checkpoint cannot reach
// to where the source begins now, the range between is a loss.
func (rc *recovery) lostHead(cp offsets.Checkpoint, st standing, begin int64) (position, []offsets.Entry, error) {
	const counted = "counted from the target after the source lost its beginning"
	ahead := st.ordinal - cp.Ordinal
	least := cp.Source + ahead // gaps can only move the position further
	pos := position{source: begin, epoch: -1, last: -1, ordinal: st.ordinal, target: st.end}
	if ahead > 0 {
		last, found, err := rc.findLast(cp, st, max(begin, least-1), ahead)
		if err != nil {
			return position{}, nil, err
		}
		if found {
			pos.source, pos.last = last+1, last
			return pos, []offsets.Entry{rc.drift(pos, counted)}, nil
		}
	}
	switch {
	case least > begin:
		return position{}, nil, stopf("the source has dropped records of %s up to offset %d, and none of those behind it is the last one that the target has: where copying goes on cannot be told", rc.p, begin-1)
	case least == begin:
		return pos, []offsets.Entry{rc.drift(pos, counted)}, nil
	case rc.r.config.OnLoss == "stop":
		return position{}, nil, stopf("source offsets %d to %d of %s were dropped before they were copied (on_loss: stop)", least, begin-1, rc.p)
	}
	lost := offsets.Loss{From: least, To: begin, Cause: "retention", Detail: "the source dropped them before they were copied"}
	return pos, rc.loss(lost, st.ordinal), nil
}

// findLast looks for the last record that the target has of this copy among the
// first n source records from an offset on. Several equal records prove nothing.
func (rc *recovery) findLast(cp offsets.Checkpoint, st standing, from, n int64) (offset int64, found bool, err error) {
	scan := targetScan{offset: max(cp.Target, st.begin)}
	for more := true; more && scan.offset < st.end; {
		if more, err = rc.scanOnce(&scan); err != nil {
			return 0, false, err
		}
	}
	if scan.own == 0 {
		return 0, false, stopf("the records of %s that the target has got since the checkpoint are gone from both sides: where copying goes on cannot be told", rc.p)
	}
	theirs, err := rc.recordAt(rc.targetReader(scan.lastOwn), scan.lastOwn)
	if err != nil || theirs == nil {
		return 0, false, err
	}
	src := rc.sourceReader(from)
	for range n {
		ours, ok, err := src.next(rc.ctx)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			break
		}
		if !ours.isCopiedAs(*theirs) {
			continue
		}
		if found {
			return 0, false, stopf("source offsets %d and %d of %s hold the same record as the target's last one: where copying goes on cannot be told", offset, ours.offset, rc.p)
		}
		offset, found = ours.offset, true
	}
	return offset, found, nil
}

// locateCompacted finds the position in a source whose records compaction may
// have removed meanwhile: behind the last source record that the target has
// got since the checkpoint, matched in order.
func (rc *recovery) locateCompacted(cp offsets.Checkpoint, st standing, begin int64) (position, []offsets.Entry, error) {
	var have []digest
	dst := rc.targetReader(cp.Target)
	for {
		d, ok, err := dst.next(rc.ctx)
		if err != nil {
			return position{}, nil, err
		}
		if !ok || d.offset >= st.end {
			break
		}
		have = append(have, d)
	}
	pos := position{source: max(cp.Source, begin), epoch: -1, last: cp.LastSource, ordinal: st.ordinal, target: st.end}
	src := rc.sourceReader(pos.source)
	for at := 0; at < len(have); {
		ours, ok, err := src.next(rc.ctx)
		if err != nil {
			return position{}, nil, err
		}
		if !ok {
			break
		}
		next := at
		for next < len(have) && !ours.isCopiedAs(have[next]) {
			next++
		}
		if next == len(have) {
			break // not on the target: here copying goes on
		}
		at = next + 1
		pos.source, pos.last = ours.offset+1, ours.offset
	}
	return pos, []offsets.Entry{rc.drift(pos, "matched by content in a compacted topic")}, nil
}

// rewind copies again what the target has lost: its log ends below what the
// checkpoint says.
func (rc *recovery) rewind(cp offsets.Checkpoint, st standing, begin int64) (position, []offsets.Entry, error) {
	source, exact, ok := rc.offsets.SourceOf(st.end)
	if !ok || !exact {
		return position{}, nil, stopf("target %s/%d has lost records: it ends at offset %d and %d were written; the offset map does not say exactly which source offset that is", rc.p.target, rc.p.number, st.end, cp.Target)
	}
	rc.p.log.Warn("the target has lost records that it had taken; copying them again", logkey.Partition, rc.p.String(), logkey.TargetEnd, st.end, logkey.TargetWas, cp.Target, logkey.SourceOffset, source)
	rc.offsets.CutTarget(st.end)
	pos := position{source: source, epoch: -1, last: source - 1, ordinal: st.ordinal, target: st.end}
	if source >= begin {
		return pos, nil, nil // the records get the ordinals that they had
	}
	pos.source, pos.last = begin, -1
	if rc.r.config.OnLoss == "stop" {
		return position{}, nil, stopf("the target lost records and the source has dropped offsets %d to %d of them (on_loss: stop)", source, begin-1)
	}
	return pos, rc.loss(offsets.Loss{From: source, To: begin, Cause: "retention", Detail: "the target lost them and the source has dropped them since"}, st.ordinal), nil
}
