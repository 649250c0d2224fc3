package replicate

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/offsets"
	"mirror/rename"
)

const (
	backfillLanes = 4                // how many processes can share a backfill
	planPatience  = 10 * time.Second // how long a plan waits for a cluster to answer
)

// BackfillWish is what an operator asks for.
type BackfillWish struct {
	ID         string
	Arguments  string        // what is asked for as a text: another wish under the same id is refused
	Topics     []string      // as in a route: names, or regular expressions between slashes
	Rename     []rename.Rule // nil: the route's
	Partitions []int32       // nil: all
	From, To   Bound
	Rate       int64 // bytes per second of all processes together, 0: the route's
	ThenLive   bool  // the route goes on where the backfill ends
}

// NewBackfill makes a backfill of a route of the configuration, without
// connecting. Errors are about the wish.
func NewBackfill(cfg *config.Config, live *config.Route, wish BackfillWish) (*Backfill, error) {
	route := *live
	route.Name = BackfillName(live.Name, wish.ID)
	route.Topics, route.Lanes = wish.Topics, backfillLanes
	if wish.Rename != nil {
		route.Rename = wish.Rename
	}
	if wish.Rate > 0 {
		route.Limits.BytesPerSecond = wish.Rate
	}
	if err := rename.CheckName(offsets.TopicName(route.Name)); err != nil {
		return nil, fmt.Errorf("the backfill's checkpoint topic would be %q: %w", offsets.TopicName(route.Name), err)
	}
	var err error
	if route.Mapper, err = live.Mapper.Narrow(wish.Topics, wish.Rename); err != nil {
		return nil, err
	}
	return &Backfill{config: cfg, live: live, route: &route, wish: wish, done: make(chan struct{}),
		facts: offsets.BackfillFacts{ID: wish.ID, Arguments: wish.Arguments, ThenLive: wish.ThenLive}}, nil
}

// BackfillName is what a backfill is called in place of its route: its checkpoint
// topic, and with it its group, is named after it.
func BackfillName(route, id string) string { return route + ".backfill." + id }

// BackfillPlan is what a backfill would do, or has done.
type BackfillPlan struct {
	Began    time.Time // zero: not yet
	Finished time.Time // zero: not yet
	Ranges   []Range   // what is copied of each partition, sorted by topic and partition
	Topics   []TopicPlan
	Losses   []offsets.LossEntry
	Notes    []string // what is not as asked for
	Problems []string // why it cannot begin, and the way out
	Mismatch string   // another wish began under the same id
	Speed    float64  // bytes a second that one connection to the source brought in a sample, 0 unknown
}

// Plan looks at both clusters and changes nothing. A backfill that has begun keeps
// its ranges. Run must follow a Plan without Problems and Mismatch.
func (b *Backfill) Plan(ctx context.Context, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (*BackfillPlan, error) {
	src, dst, err := b.open(ctx, dial)
	if err != nil {
		return nil, err
	}
	defer src.client.Close()
	defer dst.client.Close()
	lanes, err := dst.replay(ctx, offsets.TopicName(b.route.Name))
	if err != nil {
		return nil, &sideError{dst, "read its checkpoint topics", err}
	}
	if len(lanes) > 0 {
		if facts, ok := lanes[0].Route(); ok {
			return b.resumed(ctx, src, facts, lanes)
		}
	}
	return b.fresh(ctx, src, dst)
}

// open connects to both sides; their clients must be closed.
func (b *Backfill) open(ctx context.Context, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (src, dst *side, err error) {
	var sides []*side
	for _, name := range []string{b.live.From, b.live.To} {
		s, err := newSide(b.config.Clusters[name], "mirror-"+b.config.Name, dial, kgo.RetryTimeout(planPatience),
			kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite(), kgo.ProducerLinger(0))
		if err == nil {
			if err = s.learnID(ctx); err != nil {
				s.client.Close()
				err = &sideError{s, "connect", err}
			}
		}
		if err != nil {
			for _, s := range sides {
				s.client.Close()
			}
			return nil, nil, err
		}
		sides = append(sides, s)
	}
	return sides[0], sides[1], nil
}

// resumed is the plan of a backfill that has begun.
func (b *Backfill) resumed(ctx context.Context, src *side, facts offsets.RouteFacts, lanes []*offsets.Lane) (*BackfillPlan, error) {
	p := &BackfillPlan{Began: facts.FirstStart, Ranges: rangesOf(lanes)}
	b.ranges = p.Ranges
	for _, lane := range lanes {
		p.Losses = append(p.Losses, lane.Losses()...)
	}
	switch {
	case facts.BackfillID() != b.facts.ID:
		p.Mismatch = fmt.Sprintf("the checkpoint topic %s belongs to %s", offsets.TopicName(b.route.Name), holderOf(facts.BackfillID()))
		return p, nil
	case !facts.Backfill.Abandoned.IsZero():
		p.Mismatch = abandonedAt(facts.Backfill) + ": give another --id"
		return p, nil
	case facts.Backfill.Arguments != b.facts.Arguments:
		p.Mismatch = fmt.Sprintf("backfill %s began with other arguments (%s): repeat those, or give another --id", b.facts.ID, facts.Backfill.Arguments)
		return p, nil
	case facts.SourceCluster != src.id:
		p.Problems = append(p.Problems, fmt.Sprintf("backfill %s copied from the cluster with id %s, and %s is %s now: give another --id", b.facts.ID, facts.SourceCluster, b.live.From, src.id))
		return p, nil
	}
	if p.Finished = facts.Backfill.Finished; !p.Finished.IsZero() {
		return p, nil
	}
	var err error
	p.Speed, err = estimate(ctx, src, p.Ranges)
	return p, err
}

// fresh is the plan of a backfill that has not begun.
func (b *Backfill) fresh(ctx context.Context, src, dst *side) (*BackfillPlan, error) {
	look, err := PlanRoute(ctx, b.route, src.cluster(), dst.cluster(), nil, nil)
	if err != nil {
		return nil, err
	}
	p := &BackfillPlan{Topics: look.Topics, Problems: b.unselected(look)}
	if p.Ranges, p.Notes, err = b.freeze(ctx, src, look); err != nil {
		return nil, &sideError{src, "look at its offsets", err}
	}
	b.ranges = p.Ranges
	if len(p.Ranges) == 0 && len(p.Problems) == 0 {
		p.Problems = append(p.Problems, "none of the topics has such a partition")
	}
	rivals, _, err := b.rivals(ctx, src, dst)
	if err != nil {
		return nil, &sideError{dst, "look for other writers", err}
	}
	p.Problems = append(p.Problems, rivals...)
	p.Speed, err = estimate(ctx, src, p.Ranges)
	return p, err
}

// unselected says which of the wanted topics cannot be copied.
func (b *Backfill) unselected(look *RoutePlan) []string {
	if look.Problem != "" {
		return []string{look.Problem}
	}
	var why []string
	planned := map[string]bool{}
	for i := range look.Topics {
		t := &look.Topics[i]
		planned[t.Decision.Topic] = true
		if t.Problem != "" {
			why = append(why, t.Problem)
		}
	}
	for _, d := range look.Refused {
		planned[d.Topic] = true
		why = append(why, fmt.Sprintf("topic %s cannot be copied: %s", d.Topic, d.Reason))
	}
	for _, name := range b.wish.Topics {
		left := slices.IndexFunc(look.Left, func(d rename.Decision) bool { return d.Topic == name })
		switch {
		case strings.HasPrefix(name, "/") || planned[name]:
		case left >= 0:
			why = append(why, fmt.Sprintf("topic %s is not copied: %s", name, look.Left[left].Reason))
		default:
			why = append(why, fmt.Sprintf("cluster %s has no topic %s", b.live.From, name))
		}
	}
	if len(planned) == 0 && len(why) == 0 {
		why = append(why, fmt.Sprintf("cluster %s has no topic that matches %s", b.live.From, strings.Join(b.wish.Topics, ", ")))
	}
	return why
}
