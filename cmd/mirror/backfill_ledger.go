package main

import (
	"slices"

	"mirror/config"
	"mirror/offsets"
	"mirror/replicate"
	"mirror/verify"
)

// backfillRoute is a route under the name of one of its backfills, whose
// checkpoint topic has a ledger like a route's.
func backfillRoute(route *config.Route, id string) *config.Route {
	r := *route
	r.Name = replicate.BackfillName(route.Name, id)
	return &r
}

// ranges is what a backfill copies of each partition.
func (l *ledger) ranges() map[verify.PartitionKey]verify.Range {
	ranges := map[verify.PartitionKey]verify.Range{}
	l.eachRange(func(k offsets.Key, b offsets.Backfill) {
		ranges[verify.PartitionKey{Source: k.Topic, Target: k.Target, Partition: k.Partition}] = verify.Range{From: b.From, To: b.To}
	})
	return ranges
}

// backfillPairs names what a backfill copies, of the wanted topics or of all.
func (l *ledger) backfillPairs(route *config.Route, id string, wanted []string) ([]verify.Pair, error) {
	var pairs []verify.Pair
	l.eachRange(func(k offsets.Key, _ offsets.Backfill) {
		if len(wanted) > 0 && !slices.Contains(wanted, k.Topic) {
			return
		}
		shared, _ := l.shared(k.Topic, k.Target)
		pair := verify.Pair{Source: k.Topic, Target: k.Target, LocalOnly: k.Topic == k.Target && route.Mirrored == config.MirroredSkip, NotHome: true, Shared: shared}
		if !slices.Contains(pairs, pair) {
			pairs = append(pairs, pair)
		}
	})
	if len(pairs) == 0 {
		return nil, usageErrorf("--backfill %s: the checkpoint topic %s knows of no such backfill, or of none with these topics", shorten(id), offsets.TopicName(route.Name))
	}
	return pairs, nil
}

func (l *ledger) eachRange(do func(offsets.Key, offsets.Backfill)) {
	if len(l.lanes) == 0 {
		return
	}
	for _, k := range l.lanes[0].Backfills() {
		if b, ok := l.lanes[0].Backfill(k); ok {
			do(k, b)
		}
	}
}
