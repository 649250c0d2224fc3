package replicate

import (
	"context"
	"fmt"
	"time"

	"mirror/config"
	"mirror/offsets"
)

// Abandoning is a backfill that an operator wants to give up.
type Abandoning struct {
	ThenLive bool    // the route waits for it
	Ranges   []Range // how far it is
}

// abandonedAt says that a backfill was given up.
func abandonedAt(f *offsets.BackfillFacts) string {
	return fmt.Sprintf("backfill %s was given up at %s", f.ID, f.Abandoned.UTC().Format(time.RFC3339))
}

// Abandon gives a backfill of a route up for good: processes that run it end, its
// target partitions are nobody's any more, and the route that waits for it begins
// as if there had been none. What was copied stays. Before anything is written
// agree is called with what would be given up; its error ends the call.
func Abandon(ctx context.Context, cfg *config.Config, live *config.Route, id string, agree func(Abandoning) error) error {
	b, err := NewBackfill(cfg, live, BackfillWish{ID: id, Topics: []string{"/.*/"}})
	if err != nil {
		return err
	}
	src, dst, err := b.open(ctx, nil)
	if err != nil {
		return err
	}
	defer src.client.Close()
	defer dst.client.Close()
	topic := offsets.TopicName(b.route.Name)
	lanes, err := dst.replay(ctx, topic)
	if err != nil {
		return &sideError{dst, "read its checkpoint topics", err}
	}
	b.ranges = rangesOf(lanes)
	if len(b.ranges) == 0 {
		return stopf("the checkpoint topic %s knows of no backfill %s", topic, id)
	}
	facts, _ := lanes[0].Route()
	if facts.Backfill.Over() {
		return stopf("backfill %s is over already", id)
	}
	if facts.Backfill != nil {
		b.facts = *facts.Backfill
	} else {
		facts = b.routeFacts(src.id, dst.id) // it died while it announced itself
		b.facts.ThenLive = true
	}
	if err := agree(Abandoning{ThenLive: b.facts.ThenLive, Ranges: b.ranges}); err != nil {
		return err
	}
	over := b.facts
	over.Abandoned = time.Now().UTC().Truncate(time.Millisecond)
	facts.Backfill = &over
	if err := offsets.NewStore(dst.client, topic).Write(ctx, offsets.RouteEntries(facts)...); err != nil {
		return &sideError{dst, "write to its checkpoint topic " + topic, err}
	}
	return b.unreserve(ctx, dst)
}
