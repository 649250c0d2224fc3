package replicate

import (
	"fmt"
	"math"
	"time"

	"mirror/config/logkey"
	"mirror/offsets"
)

// A generation is one copy of a partition from a place that an operator chose.
// Its number is the producer epoch: once the target has taken a batch of it, the
// target refuses whatever an older one still sends. A command asks for a new one
// by a checkpoint that is marked so; the owner of the lane begins it.

// generationSeen lets a partition of this process follow a checkpoint of a later
// generation.
func (r *route) generationSeen(key offsets.Key) {
	p := r.partition(key.Topic, key.Partition)
	if p == nil || p.target != key.Target {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	cp, _ := p.onRecord()
	asked := cp.Asked && !cp.Time.Equal(p.askedAt)
	const why = "a new generation of the copy was asked for"
	switch {
	case p.phase == phaseStarting, p.phase == phaseRetired:
		// Recovery sees it when it has its turn.
	case p.phase == phaseRecovering && !asked:
		// What this process's own recovery has just begun.
	case !asked && key.Generation <= p.generation:
	case p.phase == phaseStopped:
		p.toRecovery(why) // whatever stopped it was about the older generation
	default:
		p.suspend(verdictRecover, why)
	}
}

// asked is the checkpoint by which a command asks for a generation that nobody
// has begun.
func (rc *recovery) asked(lane *offsets.Lane) (offsets.Checkpoint, bool) {
	_, cp, found, err := lane.Newest(rc.p.topic, rc.p.number, rc.p.target)
	if !found || err != nil || !cp.Asked || rc.placed && cp.Time.Equal(rc.askedAt) {
		return cp, false
	}
	same := cp.SourceTopicID == offsets.TopicID(rc.sourceID) && cp.TargetTopicID == offsets.TopicID(rc.targetID)
	return cp, same // of topics that were created again since, the position says nothing
}

// takeGeneration goes over to the newest generation on record: what this process
// knows of an older one does not count any more.
func (rc *recovery) takeGeneration(lane *offsets.Lane) {
	newest := lane.Generation(rc.p.topic, rc.p.number, rc.p.target)
	if !rc.placed || newest > rc.generation {
		rc.generation, rc.placed = newest, false
	}
}

// beginAsked begins the generation that cp asks for, at the end of the target's
// log. Its number is above all that this process has begun and the target has
// seen, also when two operators ask at once.
func (rc *recovery) beginAsked(lane *offsets.Lane, cp offsets.Checkpoint) (position, error) {
	generation := lane.Generation(rc.p.topic, rc.p.number, rc.p.target)
	if rc.placed {
		generation = max(generation, rc.generation+1)
	}
	_, epoch, known, err := rc.r.target.lastSequence(rc.ctx, rc.target, rc.p.target, rc.p.number, rc.producerID)
	if err != nil {
		return position{}, err
	}
	if known {
		generation = max(generation, int32(epoch)+1)
	}
	if generation > math.MaxInt16 {
		return position{}, stopf("%s has used up all %d generations: copy the topic under another name", rc.p, math.MaxInt16)
	}
	skipped := rc.skipped(lane, cp, generation)
	rc.generation, rc.askedAt = generation, cp.Time
	rc.shared, rc.compacted, rc.skip = cp.Shared, cp.Compacted || rc.compacted, nil
	_, end, err := rc.targetEnds()
	if err != nil {
		return position{}, err
	}
	begin, err := rc.sourceBegin()
	if err != nil {
		return position{}, err
	}
	start, lost := cp.Source, (*offsets.Loss)(nil)
	if begin > start {
		lost = &offsets.Loss{From: start, To: begin, Cause: "retention", Detail: "the source dropped them before the new generation began"}
		start = begin
	}
	rc.p.log.Warn("a new generation of the copy begins behind what is on the target", logkey.Partition, rc.p.String(),
		logkey.Generation, generation, logkey.SourceOffset, start, logkey.TargetOffset, end)
	return rc.beginCopy(start, lost, end, append(skipped, rc.forgetOlder(lane)...)...)
}

// skipped is the loss of what a new generation that begins further on leaves out.
// It is written before the older checkpoint that it is found by is taken back.
func (rc *recovery) skipped(lane *offsets.Lane, cp offsets.Checkpoint, generation int32) []offsets.Entry {
	reached := int64(-1)
	if rc.placed {
		reached = rc.acked.source
	} else {
		for _, key := range rc.older(lane, generation) {
			if old, ok, _ := lane.Checkpoint(key); ok && key.Kind == offsets.KindCheckpoint && !old.Asked {
				reached = old.Source // of the newest, which comes last
			}
		}
	}
	if reached < 0 || reached >= cp.Source {
		return nil
	}
	key := rc.p.key(offsets.KindLoss)
	key.Generation, key.From = generation, reached
	return []offsets.Entry{{Lane: rc.p.lane, Key: key, Value: offsets.Loss{From: reached, To: cp.Source, TargetFrom: -1, TargetTo: -1, Cause: "skipped",
		Detail: fmt.Sprintf("mirror checkpoints reset let the copy go on at offset %d", cp.Source), Time: time.Now().UTC().Truncate(time.Millisecond)}}}
}

// older are the keys of what is on record of older generations.
func (rc *recovery) older(lane *offsets.Lane, than int32) []offsets.Key {
	key := rc.p.key(offsets.KindCheckpoint)
	key.Generation = than
	return lane.Older(key)
}

// forgetOlder takes back what older generations have on record but for their
// losses: it speaks of other sequences and of other places on the target.
func (rc *recovery) forgetOlder(lane *offsets.Lane) []offsets.Entry {
	var entries []offsets.Entry
	for _, k := range rc.older(lane, rc.generation) {
		if k.Kind != offsets.KindLoss {
			entries = append(entries, offsets.Entry{Lane: rc.p.lane, Key: k})
		}
	}
	return entries
}
