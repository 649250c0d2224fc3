package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mirror/offsets"
)

// Bound is one end of what a backfill copies. The zero value is the first record
// that the source has.
type Bound struct {
	Latest bool      // behind the last record
	Offset int64     // -1 unless an offset is meant
	Time   time.Time // the first record at or after it; zero when not used
}

// Range is what a backfill copies of one partition, frozen when it first began.
type Range struct {
	Topic         string // of the source
	Partition     int32
	Target        string // topic
	SourceTopicID [16]byte
	From, To      int64 // source offsets, without To
	Position      int64 // the next source offset
	Placed        bool  // a checkpoint says so; an empty range is done only then
	Bytes         int64 // about how much is left to copy, -1 unknown
}

// Left is how many source offsets are still to be copied.
func (g Range) Left() int64 { return g.To - g.Position }

func (g Range) copied() bool { return g.Placed && g.Position >= g.To }

func (g Range) String() string { return fmt.Sprintf("%s/%d", g.Topic, g.Partition) }

func (g Range) key(kind string) offsets.Key {
	return offsets.Key{Kind: kind, Topic: g.Topic, Partition: g.Partition, Target: g.Target}
}

// claim is the key of the range's own record.
func (g Range) claim(id string) offsets.Key {
	k := g.key(offsets.KindBackfill)
	k.Member = id
	return k
}

// rangesOf are the ranges that a backfill's checkpoint topic has on record, with
// their positions, in order.
func rangesOf(lanes []*offsets.Lane) []Range {
	if len(lanes) == 0 {
		return nil
	}
	var ranges []Range
	for _, k := range lanes[0].Backfills() {
		v, ok := lanes[0].Backfill(k)
		if !ok {
			continue
		}
		g := Range{Topic: k.Topic, Partition: k.Partition, Target: k.Target, SourceTopicID: v.SourceTopicID, From: v.From, To: v.To, Position: v.From, Bytes: -1}
		if cp, _, ok := newestCheckpoint(lanes, g); ok {
			g.Position, g.Placed = min(cp.Source, g.To), true
		}
		ranges = append(ranges, g)
	}
	return ranges
}

// allCopied says whether the checkpoints of all ranges have reached their ends.
func allCopied(ranges []Range) bool {
	return !slices.ContainsFunc(ranges, func(g Range) bool { return !g.copied() })
}

// freeze turns the wish into offsets of every partition. The end is never beyond
// what the source shows at this moment: with read_committed that is where the
// first transaction that is still open begins, and a note says so.
func (b *Backfill) freeze(ctx context.Context, src *side, plan *RoutePlan) (ranges []Range, notes []string, err error) {
	var mu sync.Mutex // guards ranges and notes
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(recoveryWorkers)
	for i := range plan.Topics {
		t := &plan.Topics[i]
		if t.Source == nil {
			continue
		}
		for _, m := range t.Source.Partitions {
			if b.wish.Partitions != nil && !slices.Contains(b.wish.Partitions, m.Partition) {
				continue
			}
			group.Go(func() error {
				g := Range{Topic: t.Decision.Topic, Partition: m.Partition, Target: t.Decision.Target, SourceTopicID: t.Source.ID, Bytes: -1}
				note, err := b.freezeRange(ctx, src, leadership{m.Leader, m.LeaderEpoch}, &g)
				mu.Lock()
				defer mu.Unlock()
				ranges = append(ranges, g)
				if note != "" {
					notes = append(notes, note)
				}
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(ranges, func(a, b Range) int {
		if c := strings.Compare(a.Topic, b.Topic); c != 0 {
			return c
		}
		return int(a.Partition - b.Partition)
	})
	slices.Sort(notes)
	return ranges, notes, nil
}

func (b *Backfill) freezeRange(ctx context.Context, src *side, l leadership, g *Range) (note string, err error) {
	offset := func(timestamp int64, committed bool) int64 {
		if err != nil {
			return 0
		}
		var at int64
		at, err = src.listOffset(ctx, l, g.Topic, g.Partition, timestamp, committed)
		return at
	}
	committed := b.route.ReadCommitted
	begin, end, stable := offset(-2, false), offset(-1, false), offset(-1, committed)
	place := func(bound Bound, earliest int64) int64 {
		switch {
		case bound.Latest:
			return end
		case !bound.Time.IsZero():
			if at := offset(bound.Time.UnixMilli(), committed); at >= 0 {
				return at
			}
			return end
		case bound.Offset >= 0:
			return bound.Offset
		}
		return earliest
	}
	from, to := place(b.wish.From, begin), place(b.wish.To, begin)
	if err != nil {
		return "", err
	}
	switch {
	case to > end:
		note = fmt.Sprintf("%s ends at offset %d: nothing is copied beyond it", g, end)
	case to > stable && !(b.facts.ThenLive && b.wish.To.Latest): // the route copies the rest
		note = fmt.Sprintf("%s: transactions are still open from offset %d on: it is copied up to there, without %d of the offsets asked for", g, stable, to-stable)
	}
	g.To = min(to, stable)
	g.From = min(from, g.To)
	g.Position = g.From
	return note, nil
}
