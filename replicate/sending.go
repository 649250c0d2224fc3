package replicate

import "time"

// take hands the next batch to producer w, or nil when the partition has
// nothing to send now.
func (p *partition) take(w *producer, now time.Time) *outgoing {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.producer != w || !p.moving() || p.sent >= len(p.queue) || now.Before(p.notBefore) || p.route.draining.Load() {
		return nil
	}
	if !p.route.fleet.mayWrite() {
		w.add(p) // whoever lost touch with its group sends nothing until it is back
		return nil
	}
	o := p.queue[p.sent]
	if o.barrier() {
		p.passBarrier(o)
		return nil
	}
	if p.sent >= p.width(now) {
		return nil
	}
	if o.attempts == 0 {
		o.expected = p.expected
		p.expected += int64(o.count)
	}
	o.attempts++
	o.inFlight, o.targetID = true, p.targetID
	p.sent++
	p.flying++
	return o
}

// waiting is how many entries of the queue have not been sent.
func (p *partition) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue) - p.sent
}

// passBarrier writes a barrier's records once everything before it is acked.
func (p *partition) passBarrier(o *outgoing) {
	if p.sent > 0 || o.submitted {
		return
	}
	o.submitted = true
	p.route.ledger.submit(p, o)
}

// barrierWritten lets the queue go on behind o.
func (p *partition) barrierWritten(o *outgoing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.run != p.run || len(p.queue) == 0 || p.queue[0] != o {
		return
	}
	p.queue = p.queue[1:]
	p.acked.source, p.acked.epoch = o.next, o.nextEpoch
	p.acked.ordinal = o.ordinal
	p.dirty = true
	p.settle(time.Now())
}

// width is how many batches may be in flight now: five while the broker is
// known to know our producer, one while that is in doubt. A broker that does
// not know a producer takes any first sequence from it, so a batch lost on the
// way would be skipped over by those behind it.
func (p *partition) width(now time.Time) int {
	if p.phase == phaseRetry || p.doubtful(now) {
		return 1
	}
	return window
}

// doubtful says whether the target's leader may have forgotten our producer,
// or forget it before an answer is in: nothing acked in this run, idle for
// half of the expiry, or batches whose own timestamps are older than half of
// it, since brokers expire producers by record timestamp.
func (p *partition) doubtful(now time.Time) bool {
	if !p.known || p.compacted {
		return true
	}
	half := p.route.producerExpiry() / 2
	if now.Sub(p.ackedAt) > half {
		return true
	}
	if p.targetAppendTime {
		return false // then the broker goes by its own clock
	}
	oldest := now.Add(-half).UnixMilli()
	if p.acked.maxTimestamp < oldest {
		return true
	}
	for _, o := range p.queue[:min(p.sent+1, len(p.queue))] {
		if !o.barrier() && o.maxTimestamp < oldest {
			return true
		}
	}
	return false
}

// attachProducer moves the partition to the producer of its target's leader.
// Only when nothing is in flight: order holds within one connection only.
func (p *partition) attachProducer() {
	if p.flying > 0 {
		return
	}
	p.producer = p.route.producers.of(p.targetLeader.broker)
}

// setTargetLeader takes news from the metadata.
func (p *partition) setTargetLeader(l leadership) {
	if l == p.targetLeader || l.epoch < p.targetLeader.epoch {
		return
	}
	first := p.targetLeader.broker < 0 && p.targetLeader.epoch < 0
	moved := l.broker != p.targetLeader.broker
	p.targetLeader = l
	if doubtful := p.doubtful(time.Now()); p.moving() && !first && (doubtful || p.flying > 0 && moved) {
		v := verdictRetry
		if doubtful {
			v = verdictRecover
		}
		p.suspend(v, "the target partition's leader moved")
		return
	}
	p.known = false // the new leader may not know us; the next ack tells
	p.attachProducer()
	p.wake()
}

// settle is called whenever the head of the queue is gone: it finds out
// whether the partition is caught up, or stops for a recovery that waited for
// the queue.
func (p *partition) settle(now time.Time) {
	if len(p.queue) == 0 {
		if p.haltWhy != "" && p.phase != phaseDrain {
			p.suspend(verdictRecover, p.haltWhy)
			return
		}
		if p.sourceEnd >= 0 && p.acked.source >= p.sourceEnd {
			p.caughtUpAt = now
			if p.phase == phaseOpen {
				p.healthy() // recovery found everything there: no ack will say so
			}
		}
	}
	p.wake()
}
