package replicate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirror/config/logkey"
	"mirror/offsets"
)

const (
	recoveryWorkers = 32
	recoveryTimeout = 60 * time.Second
	straggle        = 300 * time.Millisecond // requests of a closed connection may be appended so much later
)

// waitError and stopError are how a step of recovery ends the partition's turn:
// to be tried again later, or not without somebody's decision. Any other error
// is trouble with the brokers and waits, too.
type waitError struct{ why string }

func (e *waitError) Error() string { return e.why }

type stopError struct{ why string }

func (e *stopError) Error() string { return e.why }

func waitf(format string, a ...any) error { return &waitError{fmt.Sprintf(format, a...)} }
func stopf(format string, a ...any) error { return &stopError{fmt.Sprintf(format, a...)} }

// errNotOurs means that somebody else may have the partition by now, or that
// its topics changed under the recovery.
var errNotOurs = errors.New("the partition is not this process's to copy at present")

// causeRejected marks records in the loss ledger that the target refused.
const causeRejected = "rejected"

// errLaneNotRead means that the partition's lane is not replayed yet; the
// partition is queued again when it is.
var errLaneNotRead = errors.New("the lane is still being read")

// recovery finds out where one partition stands. It asks the brokers and
// proves what it concludes; it never guesses.
type recovery struct {
	r    *route
	p    *partition
	ctx  context.Context
	run  uint32
	note string // why, for the log

	// What the partition knew when its turn came.
	sourceID, targetID   [16]byte
	copiedFrom, copiedTo [16]byte
	source, target       leadership
	placed               bool     // acked is known from this ownership, which beats any checkpoint
	acked                position //
	repeat               bool     // compare the whole range that was answered as a repeat
	rejected             *rejection
	lastEnd              int64 // the source's end as last seen, -1 unknown
	lostAt               time.Time
	refusedFirst         bool // the target did not take the first sequence of a run in an empty log

	// What comes out.
	generation int32
	base       int64
	producerID int64
	offsets    *offsets.Map
	shared     bool
	compacted  bool
	knows      bool // the broker is known to know our producer
	stamped    bool // the target was seen to stamp its own time
	skip       map[int64]string
	leftOut    map[int64]bool // source offsets that the target refused
	drifts     []offsets.Drift
	askedAt    time.Time // of the checkpoint that asked for the generation that begins
}

// recoverPartition gives p its turn.
func (r *route) recoverPartition(ctx context.Context, p *partition) {
	rc := p.beginRecovery(ctx)
	if rc == nil {
		return
	}
	cctx, cancel := context.WithTimeout(ctx, recoveryTimeout)
	defer cancel()
	rc.ctx = cctx
	pos, err := rc.findSafely()
	rc.finish(pos, err)
}

// beginRecovery takes a snapshot of what recovery needs; nil means that there
// is nothing to do.
func (p *partition) beginRecovery(ctx context.Context) *recovery {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != phaseStarting || ctx.Err() != nil {
		return nil
	}
	if _, paused := p.pausedBy(); paused && p.hasPosition() {
		p.rest()
		return nil
	}
	p.phase = phaseRecovering
	p.attachProducer()
	rc := &recovery{
		r: p.route, p: p, run: p.run, note: p.reason,
		sourceID: p.sourceID, targetID: p.targetID, copiedFrom: p.copiedFrom, copiedTo: p.copiedTo, source: p.sourceLeader, target: p.targetLeader,
		placed: p.offsetMap != nil, acked: p.acked, repeat: p.doubtRepeat, rejected: p.rejected, lastEnd: p.sourceEnd, lostAt: p.lostAt, refusedFirst: p.refusedFirst,
		generation: p.generation, base: p.base, offsets: p.offsetMap, shared: p.shared, compacted: p.compacted,
		skip: p.skip, askedAt: p.askedAt,
	}
	rc.producerID = p.lineage(p.sourceID, p.targetID).ProducerID()
	return rc
}

// lineage names the copy of the partition between two topics.
func (p *partition) lineage(source, target [16]byte) offsets.Lineage {
	return offsets.Lineage{SourceCluster: p.route.source.id, SourceTopicID: source, SourceTopic: p.topic,
		Partition: p.number, Target: offsets.TopicID(target).String(), Copy: p.route.copyName()}
}

// finish opens the partition at pos or parks it.
func (rc *recovery) finish(pos position, err error) {
	p := rc.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != rc.run || p.phase != phaseRecovering {
		return
	}
	var stop *stopError
	switch {
	case errors.As(err, &stop):
		p.stop(stop.why)
	case errors.As(err, new(*waitError)):
		p.wait(err.Error(), waitRetry)
	case err != nil:
		rc.again(err)
	default:
		rc.open(pos)
	}
	p.obeyPause()
}

// again tries once more soon: most trouble with brokers is over in a moment.
func (rc *recovery) again(err error) {
	p := rc.p
	p.failures++
	d := min(backoffFirst<<min(p.failures, 10), waitRetry)
	if p.failures > 6 {
		p.wait(err.Error(), d)
	} else {
		p.park(err.Error(), d)
	}
	rc.r.sourceLeaders.refresh()
	rc.r.targetLeaders.refresh()
}

func (rc *recovery) open(pos position) {
	p := rc.p
	p.settleUnanswered(pos.ordinal, rc.placed && p.generation == rc.generation && p.copiedFrom == rc.sourceID && p.copiedTo == rc.targetID, time.Now())
	p.generation, p.base, p.producerID = rc.generation, rc.base, rc.producerID
	p.offsetMap, p.shared, p.skip = rc.offsets, rc.shared, rc.skip
	p.compacted = p.compacted || rc.compacted
	p.stamps = p.stamps || rc.stamped
	p.targetAppendTime = p.targetAppendTime || p.stamps
	p.rejected, p.doubtRepeat, p.refusedFirst = nil, false, false
	if !rc.askedAt.IsZero() {
		p.askedAt = rc.askedAt
	}
	pos.targetEpoch = rc.target.epoch
	p.copiedFrom, p.copiedTo = rc.sourceID, rc.targetID
	p.startRun(pos)
	p.known = rc.knows
	p.ackedAt = time.Now()
	p.dirty = true
	p.phase = phaseOpen
	if p.troubleAt.IsZero() {
		p.reason = "" // else it is what is wrong until something succeeds
	}
	p.attachProducer()
	p.attachFetcher()
	p.log.Debug("copying", logkey.Partition, p.String(), logkey.SourceOffset, pos.source, logkey.TargetOffset, pos.target, logkey.Ordinal, pos.ordinal, logkey.Why, rc.note)
	p.wake()
}

// findSafely turns a panic over foreign bytes into a stop of this partition
// alone.
func (rc *recovery) findSafely() (pos position, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = stopf("internal error during recovery: %v", r)
		}
	}()
	return rc.find()
}

// find is the whole of recovery.
func (rc *recovery) find() (position, error) {
	if !rc.r.laneOpen(rc.p.lane) {
		return position{}, errLaneNotRead
	}
	if rc.source.broker < 0 || rc.target.broker < 0 {
		side := rc.r.source
		if rc.source.broker >= 0 {
			side = rc.r.target
		}
		return position{}, fmt.Errorf("%s has no leader on cluster %s at present", rc.p, side.config.Name)
	}
	if err := rc.sameTopics(); err != nil {
		return position{}, err
	}
	lane := rc.r.lanes.state[rc.p.lane]
	if cp, asked := rc.asked(lane); asked {
		return rc.beginAsked(lane, cp)
	}
	if err := rc.decideRejected(); err != nil {
		return position{}, err
	}
	rc.takeGeneration(lane)
	key := rc.p.key(offsets.KindCheckpoint)
	key.Generation = rc.generation
	cp, found, err := lane.Checkpoint(key)
	if err != nil {
		if !found || errors.As(err, new(*offsets.NewerError)) {
			return position{}, stopf("the checkpoint topic %s: %v", rc.r.lanes.topic, err)
		}
		cp.Clean = false // an older record is left; it counts only with a proof
	}
	if !found && !rc.placed {
		return rc.first()
	}
	if !rc.placed {
		rc.offsets = lane.Map(key)
	} else {
		cp = rc.remembered()
	}
	rc.drifts = lane.Drifts(key)
	rc.leaveOut(lane, key)
	return rc.resume(cp)
}

// sameTopics checks that the names still mean the topics that the partition is
// about, since most questions to brokers are asked by name. At a process's start
// discovery has just looked.
func (rc *recovery) sameTopics() error {
	if !rc.placed {
		return nil
	}
	for _, s := range []struct {
		side  *side
		topic string
		id    [16]byte
	}{{rc.r.source, rc.p.topic, rc.sourceID}, {rc.r.target, rc.p.target, rc.targetID}} {
		meta, err := FetchMetadata(rc.ctx, s.side.client, []string{s.topic})
		if err != nil {
			return err
		}
		if t := meta.Topics[s.topic]; t == nil || t.Err == nil && t.ID != s.id {
			rc.r.discovery.stale()
			return fmt.Errorf("topic %s of cluster %s is gone or was created again", s.topic, s.side.config.Name)
		}
	}
	return nil
}

// remembered is the checkpoint that this process would write now: positions
// that the target acked to us are as good as any on record, and the record may
// not have been replayed yet.
func (rc *recovery) remembered() offsets.Checkpoint {
	a := rc.acked
	return offsets.Checkpoint{SourceTopicID: rc.copiedFrom, TargetTopicID: rc.copiedTo,
		Source: a.source, SourceEpoch: a.epoch, LastSource: a.last, Ordinal: a.ordinal, Base: rc.base, Target: a.target, TargetEpoch: a.targetEpoch,
		ReadCommitted: rc.r.config.ReadCommitted, Filter: rc.p.filter(), Shared: rc.shared, Compacted: rc.compacted, Clean: true}
}

// leaveOut notes the source records that are not on the target because it
// refused them.
func (rc *recovery) leaveOut(lane *offsets.Lane, key offsets.Key) {
	rc.leftOut = map[int64]bool{}
	for o := range rc.skip {
		rc.leftOut[o] = true
	}
	for _, e := range lane.Losses() {
		k := e.Key
		if e.Loss.Cause == causeRejected && k.Topic == key.Topic && k.Partition == key.Partition && k.Target == key.Target && k.Generation == key.Generation {
			for o := e.Loss.From; o < e.Loss.To; o++ {
				rc.leftOut[o] = true
			}
		}
	}
}

// write puts entries on record if the partition is still ours and this recovery
// still counts. Checkpoints that were collected before are written before.
func (rc *recovery) write(entries ...offsets.Entry) error {
	rc.r.saving.Lock()
	defer rc.r.saving.Unlock()
	rc.p.mu.Lock()
	stale := rc.p.run != rc.run || rc.p.phase != phaseRecovering
	rc.p.mu.Unlock()
	if stale || !rc.r.laneOpen(rc.p.lane) || !rc.r.fleet.mayWrite() {
		return errNotOurs
	}
	ctx, cancel := context.WithTimeout(rc.ctx, saveTimeout)
	defer cancel()
	return rc.r.lanes.write(ctx, entries...)
}

// decideRejected applies on_rejected to records that the target refused.
func (rc *recovery) decideRejected() error {
	r := rc.rejected
	if r == nil {
		return nil
	}
	culprits, err := rc.culprits(r)
	if err != nil {
		return err
	}
	if rc.r.config.OnRejected != "skip" {
		return stopf("the target refuses the record at source offset %d: %s (set on_rejected: skip to leave such records out, with an entry in the loss ledger)", culprits[0], r.message)
	}
	if rc.skip == nil {
		rc.skip = map[int64]string{}
	} else {
		skip := make(map[int64]string, len(rc.skip)+len(culprits))
		for o, why := range rc.skip {
			skip[o] = why
		}
		rc.skip = skip
	}
	for _, o := range culprits {
		rc.skip[o] = r.message
	}
	rc.p.counters.Rejected.Add(int64(len(culprits)))
	return nil
}

// culprits are the source offsets of the records that the broker named; all of
// the batch when it named none.
func (rc *recovery) culprits(r *rejection) ([]int64, error) {
	if r.first == r.last {
		return []int64{r.first}, nil
	}
	var all []int64
	reader := rc.sourceReader(r.first)
	for {
		d, ok, err := reader.next(rc.ctx)
		if err != nil {
			return nil, err
		}
		if !ok || d.offset > r.last {
			break
		}
		if _, left := rc.skip[d.offset]; !left {
			all = append(all, d.offset)
		}
	}
	if len(all) == 0 {
		return nil, waitf("the batch that the target refused is not in the source any more")
	}
	if len(r.indexes) == 0 {
		return all, nil
	}
	var named []int64
	for _, i := range r.indexes {
		if int(i) < len(all) && i >= 0 {
			named = append(named, all[i])
		}
	}
	if len(named) == 0 {
		return all, nil
	}
	return named, nil
}
