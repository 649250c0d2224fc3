package replicate

import (
	"context"
	"sync"
	"time"

	"mirror/config/logkey"
	"mirror/offsets"
)

const (
	checkpointEvery = time.Second
	saveTimeout     = 2 * time.Second
)

// checkpoint is what one partition wants to put on record, or nil. What it
// returns must reach saved or unsaved.
func (p *partition) checkpoint(clean bool, now time.Time) []offsets.Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dirty && !clean || p.offsetMap == nil {
		return nil
	}
	switch p.phase {
	case phaseStarting, phaseRecovering, phaseRetired:
		return nil // recovery decides where it stands
	}
	clean = clean && (p.phase == phaseOpen || p.phase == phasePaused) && p.flying == 0
	p.dirty = false
	p.offsetMap.Add(p.acked.source, p.acked.target, 0)
	entries := []offsets.Entry{{Lane: p.lane, Key: p.key(offsets.KindCheckpoint), Value: p.checkpointAt(p.acked, clean, now)}}
	for _, e := range p.offsetMap.Entries(p.key(offsets.KindMap)) {
		e.Lane = p.lane
		entries = append(entries, e)
	}
	return entries
}

// checkpointAt is the checkpoint record for a position.
func (p *partition) checkpointAt(pos position, clean bool, now time.Time) offsets.Checkpoint {
	return offsets.Checkpoint{
		SourceTopicID: p.sourceID, TargetTopicID: p.targetID,
		Source: pos.source, SourceEpoch: pos.epoch, LastSource: pos.last, Ordinal: pos.ordinal, Base: p.base,
		Target: pos.target, TargetEpoch: p.targetLeader.epoch,
		ReadCommitted: p.config().ReadCommitted, Filter: p.filter(), Shared: p.shared, Compacted: p.compacted,
		Clean: clean, Time: now.UTC().Truncate(time.Millisecond),
	}
}

// unsaved notes that a checkpoint did not get through.
func (p *partition) unsaved() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dirty = true
	if p.offsetMap != nil {
		p.offsetMap.Unsaved()
	}
}

// checkpoints writes the checkpoints of all partitions that have moved, once a
// second.
func (r *route) checkpoints(ctx context.Context) {
	t := time.NewTicker(checkpointEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			for _, p := range r.partitions() {
				p.unpin(now)
			}
			if r.fleet.mayWrite() && !r.draining.Load() {
				if err := r.saveCheckpoints(ctx, r.partitions(), false); err != nil && ctx.Err() == nil {
					r.log.Warn("checkpoints", logkey.Err, err)
				}
			}
		}
	}
}

// saveCheckpoints writes the checkpoints of parts together. Only one call runs at
// a time: two writes of one key at once could land in any order.
func (r *route) saveCheckpoints(ctx context.Context, parts []*partition, clean bool) error {
	r.saving.Lock()
	defer r.saving.Unlock()
	now := time.Now()
	var entries []offsets.Entry
	var moved []*partition
	for _, p := range parts {
		if e := p.checkpoint(clean, now); e != nil {
			entries = append(entries, e...)
			moved = append(moved, p)
		}
	}
	wctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	err := r.lanes.write(wctx, entries...)
	if err != nil {
		for _, p := range moved {
			p.unsaved()
		}
	}
	return err
}

// ledger writes the records of barriers and lets their partitions go on.
type ledger struct {
	route *route

	mu    sync.Mutex // guards items
	items []ledgerItem
	wake  chan struct{}
}

type ledgerItem struct {
	p *partition
	o *outgoing
}

func newLedger(r *route) *ledger { return &ledger{route: r, wake: make(chan struct{}, 1)} }

func (l *ledger) submit(p *partition, o *outgoing) {
	l.mu.Lock()
	l.items = append(l.items, ledgerItem{p, o})
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *ledger) run(ctx context.Context) {
	for {
		l.mu.Lock()
		items := l.items
		l.items = nil
		l.mu.Unlock()
		for _, it := range items {
			if !retry(ctx, l.route.log, "write the loss ledger", func() error { return l.route.lanes.write(ctx, it.o.entries...) }) {
				return
			}
			it.p.countLosses(it.o.entries)
			it.p.barrierWritten(it.o)
		}
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
	}
}

// countLosses makes recorded losses visible: counters and an event each.
func (p *partition) countLosses(entries []offsets.Entry) {
	for _, e := range entries {
		loss, ok := e.Value.(offsets.Loss)
		if !ok {
			continue
		}
		p.counters.Losses.Add(1)
		p.counters.LostOffsets.Add(max(loss.To-loss.From, 0))
		p.log.Error("loss", logkey.Partition, p.String(), logkey.From, loss.From, logkey.To, loss.To, logkey.Cause, loss.Cause, logkey.Detail, loss.Detail)
	}
}
