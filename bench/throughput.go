package main

import (
	"context"
	"fmt"
	"time"
)

// copied is what one throughput run took.
type copied struct {
	first, seconds, cpu, peak float64
}

// throughput fills the source and lets the copiers take turns.
func (b *bench) throughput(ctx context.Context, w work, r *results) error {
	progress("filling %s: %d records of %d B", w.name, w.records, w.size)
	if err := b.fill(ctx, w); err != nil {
		return err
	}
	for round := range b.rounds {
		for _, c := range b.copiers(round) {
			got, err := b.copyOnce(ctx, c, w)
			if err != nil {
				return fmt.Errorf("copy %s by %s: %w", w.name, c.name, err)
			}
			progress("%s %s: %.1f s, first record after %.2f s, %.2f CPU s, %.0f MiB", w.name, c.name, got.seconds, got.first, got.cpu, got.peak)
			r.addCopied(w, c.name, got)
		}
	}
	return nil
}

func (b *bench) copyOnce(ctx context.Context, c copier, w work) (copied, error) {
	j := job{id: b.next(), topic: w.name, codec: w.codec}
	topic := c.targetName(j.id, w.name)
	if !c.creates {
		if err := createTopic(ctx, b.east, topic); err != nil {
			return copied{}, err
		}
	}
	p, err := c.start(ctx, j)
	if err != nil {
		return copied{}, err
	}
	defer p.stop()
	first, last, err := b.target.wait(ctx, p, topic, w.records, stallLimit)
	if err != nil {
		return copied{}, err
	}
	got := copied{first: first.Sub(p.started).Seconds(), seconds: last.Sub(p.started).Seconds()}
	if got.cpu, err = p.cpu(); err != nil {
		return copied{}, err
	}
	if got.peak, err = p.peak(); err != nil {
		return copied{}, err
	}
	if c.name == "mirror" {
		// More than there is would be repeats; a moment later they would be there.
		time.Sleep(time.Second)
		if n, err := b.target.records(ctx, topic); err != nil || n != w.records {
			return got, fmt.Errorf("%d records on the target, want %d (%v)", n, w.records, err)
		}
	}
	p.stop()
	return got, b.target.remove(ctx, topic)
}
