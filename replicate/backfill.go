package replicate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mirror/config"
	"mirror/config/logkey"
	"mirror/offsets"
)

const (
	finishEvery = 200 * time.Millisecond // how often a backfill looks whether all of it is on record
	yieldTries  = 50                     // looks at a rival that should give way
)

// Backfill is a bounded copy of history: a route of its own, whose partitions have
// ranges, with producer ids and a checkpoint topic of its own, and with an end.
// Everything else is the route's. NewBackfill makes it, Plan looks, Run copies.
type Backfill struct {
	config *config.Config // the operator's, with all routes
	live   *config.Route  // the route whose topics are copied
	route  *config.Route  // the same with the backfill's name, topics and rules
	wish   BackfillWish
	facts  offsets.BackfillFacts
	ranges []Range                // by Plan
	mirror atomic.Pointer[Mirror] // by Run

	refused error         // why it may not begin; owned by discovery
	once    sync.Once     // closes done
	done    chan struct{} // closed when it is on record that all is copied
}

// record puts the ranges and the facts on record, unless somebody else writes the
// target partitions. What is wanted is announced first and looked for then, so
// that of two backfills that begin at once at least one sees the other.
func (b *Backfill) record(ctx context.Context, r *route) error {
	if b.refused != nil {
		return b.refused
	}
	if err := b.reserve(ctx, r.target); err != nil {
		return err
	}
	if err := r.lanes.write(ctx, b.announcement()...); err != nil {
		return err
	}
	rivals, err := b.outlast(ctx, r)
	if err != nil {
		return err
	}
	if len(rivals) > 0 {
		b.refused = stopf("%s", strings.Join(rivals, "; "))
		return b.withdraw(ctx, r)
	}
	return r.writeFacts(ctx, b.routeFacts(r.source.id, r.target.id))
}

// outlast looks for rivals, and waits for those that are going to give way.
func (b *Backfill) outlast(ctx context.Context, r *route) ([]string, error) {
	for range yieldTries {
		rivals, yields, err := b.rivals(ctx, r.source, r.target)
		if err != nil || len(rivals) == 0 || !yields {
			return rivals, err
		}
		if err := sleep(ctx, finishEvery); err != nil {
			return nil, err
		}
	}
	rivals, _, err := b.rivals(ctx, r.source, r.target) // it died before it could
	return rivals, err
}

// announcement is the ranges as records of lane 0.
func (b *Backfill) announcement() []offsets.Entry {
	var entries []offsets.Entry
	for _, g := range b.ranges {
		entries = append(entries, offsets.Entry{Key: g.claim(b.facts.ID), Value: b.value(g)})
	}
	return entries
}

func (b *Backfill) value(g Range) offsets.Backfill {
	return offsets.Backfill{SourceTopicID: g.SourceTopicID, From: g.From, To: g.To, Time: time.Now()}
}

func (b *Backfill) routeFacts(source, target string) offsets.RouteFacts {
	facts := b.facts
	return offsets.RouteFacts{SourceCluster: source, TargetCluster: target, ReadCommitted: b.route.ReadCommitted,
		FirstStart: time.Now().UTC().Truncate(time.Millisecond), Backfill: &facts}
}

// withdraw takes the announcement back. It returns why the backfill may not begin.
func (b *Backfill) withdraw(ctx context.Context, r *route) error {
	var entries []offsets.Entry
	for _, g := range b.ranges {
		entries = append(entries, offsets.Entry{Key: g.claim(b.facts.ID)})
	}
	if err := r.lanes.write(ctx, entries...); err != nil {
		return err
	}
	if err := b.unreserve(ctx, r.target); err != nil {
		return err
	}
	return b.refused
}

// run ends the backfill once everything is on record: the owner of lane 0 hands
// over to the route where that was asked for and says so, and every process of
// the fleet sees it.
func (b *Backfill) run(ctx context.Context, r *route) {
	for sleep(ctx, finishEvery) == nil {
		facts, ok := r.lanes.state[0].Route()
		if !ok || facts.Backfill == nil {
			continue
		}
		if !facts.Backfill.Abandoned.IsZero() {
			r.setTrouble(abandonedAt(facts.Backfill), true)
			return
		}
		if !facts.Backfill.Finished.IsZero() {
			b.once.Do(func() { close(b.done) })
			return
		}
		if !r.leads() || !allCopied(rangesOf(r.lanes.state)) {
			continue
		}
		if err := b.finish(ctx, r, facts); err != nil && ctx.Err() == nil {
			r.setTrouble(err.Error(), errors.As(err, new(*stopError)))
			r.log.Warn("finish the backfill", logkey.Err, err)
		}
	}
}

func (b *Backfill) finish(ctx context.Context, r *route, facts offsets.RouteFacts) error {
	if facts.Backfill.ThenLive {
		if err := b.handOver(ctx, r.target, r.lanes.state); err != nil {
			return err
		}
	}
	done := *facts.Backfill
	done.Finished = time.Now().UTC().Truncate(time.Millisecond)
	facts.Backfill = &done
	return r.lanes.write(ctx, offsets.RouteEntries(facts)...)
}

// newestCheckpoint is the checkpoint of the newest generation of a range's
// partition, with its key.
func newestCheckpoint(lanes []*offsets.Lane, g Range) (offsets.Checkpoint, offsets.Key, bool) {
	lane := lanes[offsets.LaneOf(g.Topic, g.Partition, int32(len(lanes)))]
	key, cp, ok, _ := lane.Newest(g.Topic, g.Partition, g.Target)
	return cp, key, ok
}

// bound is the range of a partition; nil where there is no end to what is copied.
// wanted is false for partitions that a backfill leaves out.
func (r *route) bound(topic string, partition int32, target string) (bound *offsets.Backfill, wanted bool) {
	if r.backfill == nil {
		return nil, true
	}
	v, ok := r.lanes.state[0].Backfill(offsets.Key{Topic: topic, Partition: partition, Target: target, Member: r.copyName()})
	return &v, ok
}

// copyName tells the producer ids of a backfill from those of its route.
func (r *route) copyName() string {
	if r.backfill == nil {
		return ""
	}
	return r.backfill.facts.ID
}

// targets are the target topics of the ranges, in order.
func (b *Backfill) targets() []string {
	names := map[string]bool{}
	for _, g := range b.ranges {
		names[g.Target] = true
	}
	return slices.Sorted(maps.Keys(names))
}
