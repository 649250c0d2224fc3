package replicate

import (
	"fmt"
	"time"

	"mirror/config/logkey"
	"mirror/offsets"
)

// An operator's pause is a record in the checkpoint topic, one in every lane, so
// that it outlives processes and reaches all of them. A partition that rests
// fetches nothing, sends nothing and holds no memory but its position; its ends
// are still watched, for the lag. When it goes on it asks the brokers first.
//
// A partition that has never begun finds its start, puts it on record and rests
// then: whatever arrives during the pause is copied after it.

// pauseChanged lets the partitions of a lane follow a pause record: of one
// topic, or of the whole route when topic is empty.
func (r *route) pauseChanged(lane int32, topic string) {
	for _, p := range r.partitions() {
		if p.lane == lane && (topic == "" || p.topic == topic) {
			p.mu.Lock()
			p.obeyPause()
			p.mu.Unlock()
		}
	}
}

// pausedBy says why the whole route rests, if it does.
func (r *route) pausedBy() (string, bool) {
	by, pause, paused := r.lanes.state[0].Pause("")
	return pauseReason(by, pause), paused
}

// pausedBy says who wants the partition to rest, if anybody does.
func (p *partition) pausedBy() (string, bool) {
	by, pause, paused := p.route.lanes.state[p.lane].Pause(p.topic)
	return pauseReason(by, pause), paused
}

// pauseReason is a pause in words for the status.
func pauseReason(key offsets.Key, pause offsets.Pause) string {
	what := "the topic was paused"
	if key.Topic == "" {
		what = "the route was paused"
	}
	return what + wish(pause.By, pause.Reason, pause.Time).Words()
}

// obeyPause brings the partition to rest, or lets it go on, as the lane says.
// What is in flight is waited for; a recovery comes to its end first, and one
// that waits for its turn decides when it has it.
func (p *partition) obeyPause() {
	why, paused := p.pausedBy()
	switch p.phase {
	case phaseOpen, phaseRetry, phaseDrain:
		if paused {
			p.suspend(verdictPause, why)
		}
	case phaseWaiting, phaseStopped:
		if paused && p.hasPosition() {
			p.rest()
		}
	case phasePaused:
		if !paused {
			p.goOn()
		}
	}
}

// hasPosition says whether the partition has begun: then there is nothing to
// find out while it rests.
func (p *partition) hasPosition() bool {
	cp, found := p.onRecord()
	return found && !cp.Asked || !found && p.offsetMap != nil
}

// onRecord is the newest generation's checkpoint.
func (p *partition) onRecord() (offsets.Checkpoint, bool) {
	_, cp, found, _ := p.route.lanes.state[p.lane].Newest(p.topic, p.number, p.target) // what is wrong with it recovery says, once it goes on
	return cp, found
}

// rest lets go of everything but the position. If the pause was taken back
// while answers were awaited, the partition goes on at once.
func (p *partition) rest() {
	why, paused := p.pausedBy()
	first, before := p.firstUncopied(), p.phase
	p.startRun(p.acked)
	if !first.IsZero() {
		p.firstTimestamp = first.UnixMilli() // the queue told it so far
	}
	p.failures, p.unknowns, p.troubleAt, p.fetchTrouble = 0, 0, time.Time{}, ""
	p.rejected, p.corruptSeen = nil, 0 // what is still so will be seen again
	if !paused {
		p.goOn()
		return
	}
	if cp, found := p.onRecord(); found && p.offsetMap == nil {
		p.acked = position{source: cp.Source, epoch: cp.SourceEpoch, last: cp.LastSource, ordinal: cp.Ordinal, target: cp.Target, targetEpoch: cp.TargetEpoch}
	}
	if before == phaseStopped {
		why += "; before that it had stopped: " + p.reason
	}
	p.phase, p.reason = phasePaused, why
	p.log.Info("paused", logkey.Partition, p.String(), logkey.Why, why)
}

// goOn asks the brokers where the partition stands, and copies from there.
func (p *partition) goOn() {
	p.log.Info("resumed", logkey.Partition, p.String())
	p.phase, p.reason = phaseStarting, ""
	p.route.recoveries.add(p)
}

// restState is the state of a partition that rests, or that will before it
// copies anything.
func (p *partition) restState() (why string, paused bool) {
	switch p.phase {
	case phasePaused:
		return p.reason, true
	case phaseStarting, phaseRecovering:
		return p.pausedBy()
	case phaseWaiting:
		if why, paused = p.pausedBy(); paused {
			why = fmt.Sprintf("%s; where it begins is not known yet: %s", why, p.reason)
		}
	}
	return why, paused
}

// lookedAt notes that the source was seen to end at end while the partition
// rests at position at.
func (p *partition) lookedAt(at, end int64, now time.Time) {
	p.deliveredAt = now
	if at == p.acked.source && at >= end {
		p.caughtUpAt = now
	}
}

// restsAtEnd says whether the partition rests and was seen not long ago to be
// where the source ends.
func (p *partition) restsAtEnd(now time.Time) bool {
	return p.phase == phasePaused && now.Sub(p.caughtUpAt) < 2*watchEvery
}
