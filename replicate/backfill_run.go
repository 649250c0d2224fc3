package replicate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mirror/config"
	"mirror/offsets"
)

// Run copies until all of it is on record, with other processes that run the same
// backfill. It returns ctx's error when ctx ends first: the same backfill goes on
// from there. Another error says why it cannot go on.
func (b *Backfill) Run(ctx context.Context, o Options) error {
	cfg := *b.config
	cfg.Routes = []*config.Route{b.route}
	m, err := New(&cfg, o)
	if err != nil {
		return err
	}
	r := m.routes[0]
	r.backfill = b
	b.mirror.Store(m)
	work, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- m.Run(work) }()
	stuck := b.watch(work, r)
	stop()
	if err := <-ended; err != nil {
		return err
	}
	select {
	case <-b.done:
		return nil
	default:
	}
	if stuck != nil {
		return stuck
	}
	return ctx.Err()
}

// watch waits for the end: everything is on record, ctx has ended, or nothing of
// it can go on without a decision.
func (b *Backfill) watch(ctx context.Context, r *route) error {
	for {
		select {
		case <-b.done:
			return nil
		default:
		}
		if why := b.stuck(r); why != "" {
			return errors.New(why)
		}
		if sleep(ctx, finishEvery) != nil {
			return nil
		}
	}
}

// stuck says why nothing can go on any more.
func (b *Backfill) stuck(r *route) string {
	r.mu.Lock()
	trouble, fatal := r.trouble, r.fatal
	r.mu.Unlock()
	if fatal {
		return trouble
	}
	if !r.factsKnown() {
		return ""
	}
	var why []string
	for _, g := range rangesOf(r.lanes.state) {
		if g.copied() {
			continue
		}
		p := r.partition(g.Topic, g.Partition)
		if p == nil {
			return "" // another process has it, or it has not begun
		}
		p.mu.Lock()
		stopped, reason := p.phase == phaseStopped, p.reason
		p.mu.Unlock()
		if !stopped {
			return ""
		}
		why = append(why, fmt.Sprintf("%s: %s", g, reason))
	}
	return strings.Join(why, "; ")
}

// BackfillProgress is how far a backfill is.
type BackfillProgress struct {
	Topics []BackfillTopic // sorted by name
	Losses []offsets.LossEntry
	Ended  time.Time // when it was on record that all is copied; zero before
}

// BackfillTopic is the progress of one topic.
type BackfillTopic struct {
	Source, Target   string
	Partitions, Done int
	Copied, Total    int64 // source offsets
	Bytes            int64 // copied by this process
	Reasons          []string
}

// Progress is how far the backfill is by what this process knows: its own
// partitions as they are now, others by their checkpoints.
func (b *Backfill) Progress() BackfillProgress {
	var progress BackfillProgress
	m := b.mirror.Load()
	if m == nil {
		return progress
	}
	r := m.routes[0]
	if !r.factsKnown() {
		return progress
	}
	if facts, ok := r.lanes.state[0].Route(); ok && facts.Backfill != nil {
		progress.Ended = facts.Backfill.Finished
	}
	for _, lane := range r.lanes.state {
		progress.Losses = append(progress.Losses, lane.Losses()...)
	}
	for _, g := range rangesOf(r.lanes.state) {
		n := len(progress.Topics)
		if n == 0 || progress.Topics[n-1].Source != g.Topic || progress.Topics[n-1].Target != g.Target {
			progress.Topics = append(progress.Topics, BackfillTopic{Source: g.Topic, Target: g.Target})
			n++
		}
		r.addRange(&progress.Topics[n-1], g)
	}
	return progress
}

func (r *route) addRange(t *BackfillTopic, g Range) {
	at := g.Position
	if p := r.partition(g.Topic, g.Partition); p != nil {
		p.mu.Lock()
		at = max(at, min(p.acked.source, g.To))
		if reason := p.reason; reason != "" && (p.phase == phaseWaiting || p.phase == phaseStopped) {
			t.Reasons = append(t.Reasons, fmt.Sprintf("%s: %s", g, reason))
		} else if p.fetchTrouble != "" {
			t.Reasons = append(t.Reasons, fmt.Sprintf("%s: %s", g, p.fetchTrouble))
		}
		p.mu.Unlock()
		t.Bytes += p.counters.Bytes.Load()
	}
	t.Partitions++
	t.Total += g.To - g.From
	t.Copied += at - g.From
	if g.copied() {
		t.Done++
	}
}

// Trouble is why the backfill as a whole does not go on at present, or "".
func (b *Backfill) Trouble() string {
	m := b.mirror.Load()
	if m == nil {
		return ""
	}
	if reason := m.routes[0].notReady(); reason != "still starting" {
		return reason
	}
	return ""
}
