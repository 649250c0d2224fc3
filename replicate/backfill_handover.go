package replicate

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/offsets"
)

// laneOfRoute is the lane of a range in the route's checkpoint topic.
func (b *Backfill) laneOfRoute(g Range) int32 {
	return offsets.LaneOf(g.Topic, g.Partition, int32(b.live.Lanes))
}

// routeStore opens the route's checkpoint topic for writing, and creates it where
// the route never ran.
func (b *Backfill) routeStore(ctx context.Context, dst *side) (*offsets.Store, error) {
	topic := offsets.TopicName(b.live.Name)
	if _, err := offsets.EnsureTopic(ctx, kadm.NewClient(dst.client), topic, b.live.Lanes, b.live.TopicDefaults.ReplicationFactor); err != nil {
		return nil, &sideError{dst, "prepare the checkpoint topic " + topic, err}
	}
	return offsets.NewStore(dst.client, topic), nil
}

// reserve tells the route, running or not, that it begins with these partitions
// only where the backfill ends.
func (b *Backfill) reserve(ctx context.Context, dst *side) error {
	if !b.facts.ThenLive {
		return nil
	}
	store, err := b.routeStore(ctx, dst)
	if err != nil {
		return err
	}
	var entries []offsets.Entry
	for _, g := range b.ranges {
		entries = append(entries, offsets.Entry{Lane: b.laneOfRoute(g), Key: g.claim(b.facts.ID), Value: b.value(g)})
	}
	return store.Write(ctx, entries...)
}

// unreserve takes back what reserve wrote, where it is still there.
func (b *Backfill) unreserve(ctx context.Context, dst *side) error {
	if !b.facts.ThenLive {
		return nil
	}
	lanes, err := dst.replay(ctx, offsets.TopicName(b.live.Name))
	if err != nil || len(lanes) != b.live.Lanes {
		return err
	}
	var entries []offsets.Entry
	for _, g := range b.ranges {
		if b.reserves(lanes, g) {
			entries = append(entries, offsets.Entry{Lane: b.laneOfRoute(g), Key: g.claim(b.facts.ID)})
		}
	}
	return offsets.NewStore(dst.client, offsets.TopicName(b.live.Name)).Write(ctx, entries...)
}

// reserves says whether a range is kept free for this backfill.
func (b *Backfill) reserves(lanes []*offsets.Lane, g Range) bool {
	_, ok := lanes[b.laneOfRoute(g)].Backfill(g.claim(b.facts.ID))
	return ok
}

// handOver lets the route begin where the backfill ended: with a checkpoint as if
// the route itself had copied so far, the offset map, the losses and the topics'
// managed configs. What is handed over already is left alone, since the route may
// have moved on.
func (b *Backfill) handOver(ctx context.Context, dst *side, own []*offsets.Lane) error {
	store, err := b.routeStore(ctx, dst)
	if err != nil {
		return err
	}
	lanes, err := dst.replay(ctx, offsets.TopicName(b.live.Name))
	if err != nil {
		return err
	}
	var entries []offsets.Entry
	for target, c := range own[0].Configs() {
		if _, has := lanes[0].Config(target); !has {
			entries = append(entries, offsets.Entry{Key: offsets.Key{Kind: offsets.KindConfig, Target: target}, Value: c})
		}
	}
	for _, g := range rangesOf(own) {
		if !b.reserves(lanes, g) {
			continue
		}
		of, err := b.handed(g, own, lanes)
		if err != nil {
			return err
		}
		entries = append(entries, of...)
	}
	return store.Write(ctx, entries...)
}

// handed are the records that hand one range over. The checkpoint comes behind
// what belongs to it, and last the reservation goes.
func (b *Backfill) handed(g Range, own, lanes []*offsets.Lane) ([]offsets.Entry, error) {
	n := b.laneOfRoute(g)
	free := offsets.Entry{Lane: n, Key: g.claim(b.facts.ID)}
	if cp, _, begun := newestCheckpoint(lanes, g); begun {
		if cp.Source < g.To {
			return nil, stopf("route %s has begun with %s by itself, at source offset %d, while backfill %s copied it: the target topic %s has records of both, and should be copied anew",
				b.live.Name, g, cp.Source, b.facts.ID, g.Target)
		}
		return []offsets.Entry{free}, nil // handed over, but the process died before the last record
	}
	cp, key, ok := newestCheckpoint(own, g)
	if !ok {
		return nil, fmt.Errorf("hand over %s: its checkpoint is gone", g)
	}
	lane := own[offsets.LaneOf(g.Topic, g.Partition, int32(len(own)))]
	var entries []offsets.Entry
	put := func(kind string, from, targetFrom int64, value any) {
		k := g.key(kind)
		k.From, k.TargetFrom = from, targetFrom
		entries = append(entries, offsets.Entry{Lane: n, Key: k, Value: value})
	}
	for _, e := range lane.Losses() {
		if e.Key.Topic == g.Topic && e.Key.Partition == g.Partition && e.Key.Target == g.Target {
			put(offsets.KindLoss, e.Key.From, e.Key.TargetFrom, e.Loss)
		}
	}
	for _, d := range lane.Drifts(key) {
		put(offsets.KindDrift, d.Source, 0, d)
	}
	m := lane.Map(key)
	m.Unsaved()
	for _, e := range m.Entries(g.key(offsets.KindMap)) {
		e.Lane = n
		entries = append(entries, e)
	}
	// The route's producer is another one, so its sequences may begin anywhere;
	// and it has sent nothing yet, which is what clean means.
	cp.Base, cp.Clean = 0, true
	put(offsets.KindCheckpoint, 0, 0, cp)
	return append(entries, free), nil
}

// reserved makes a route wait for the backfill that copies a partition's history
// first.
func (rc *recovery) reserved() error {
	if rc.r.backfill != nil {
		return nil
	}
	lane := rc.r.lanes.state[rc.p.lane]
	for _, k := range lane.Backfills() {
		v, ok := lane.Backfill(k)
		if ok && k.Topic == rc.p.topic && k.Partition == rc.p.number && k.Target == rc.p.target {
			return waitf("backfill %s copies source offsets %d to %d of it first, and the route goes on from there; to give it up: mirror backfill --route %s --id %s --abandon",
				k.Member, v.From, v.To-1, rc.r.config.Name, k.Member)
		}
	}
	return nil
}
