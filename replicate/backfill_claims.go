package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/batch"
	"mirror/offsets"
)

// holding is a target partition that a checkpoint topic speaks of.
type holding struct {
	topic     string // the checkpoint topic
	backfill  string // id, empty for a route
	target    string
	partition int32
	over      bool  // a backfill that is done or given up: it writes no more
	begun     bool  // it may write already
	producer  int64 // the producer id it writes with, 0 unknown
}

func (c holding) String() string {
	return holderOf(c.backfill) + " (checkpoint topic " + c.topic + ")"
}

// holderOf names whose a checkpoint topic is.
func holderOf(backfill string) string {
	if backfill == "" {
		return "a route"
	}
	return "backfill " + backfill
}

// replay reads a checkpoint topic of this cluster as it is now.
func (s *side) replay(ctx context.Context, topic string) ([]*offsets.Lane, error) {
	return offsets.Replay(ctx, s.client, topic, func(opts ...kgo.Opt) (*kgo.Client, error) {
		return s.dialer.NewClient(s.config.Brokers, opts...)
	})
}

// rivals says who else writes, or is about to write, the target partitions of the
// ranges, and what of them holds records already; nothing when they may be
// written. yields says that all of them are going to see this backfill and give
// way.
func (b *Backfill) rivals(ctx context.Context, src, dst *side) (why []string, yields bool, err error) {
	if why := b.configured(); len(why) > 0 {
		return why, false, nil
	}
	claims, err := b.claims(ctx, src, dst)
	if err != nil {
		return nil, false, err
	}
	if why, yields = b.claimed(claims); len(why) > 0 {
		return why, yields, nil
	}
	why, err = b.occupants(ctx, src, dst, claims)
	return why, false, err
}

// claimed says which target partitions belong to others, a line for each of them
// and topic. Of two backfills that have only announced themselves the one with the
// larger id gives way.
func (b *Backfill) claimed(claims map[partID][]holding) (why []string, yields bool) {
	yields = true
	partitions := map[string][]string{}
	for _, g := range b.ranges {
		for _, c := range claims[partID{g.Target, g.Partition}] {
			if c.over {
				continue
			}
			yields = yields && !c.begun && c.backfill > b.facts.ID
			line := fmt.Sprintf("%s writes target %s", c, g.Target)
			if partitions[line] == nil {
				why = append(why, line)
			}
			partitions[line] = append(partitions[line], strconv.Itoa(int(g.Partition)))
		}
	}
	for i, line := range why {
		why[i] = fmt.Sprintf("%s, partition %s", line, strings.Join(partitions[line], ", "))
	}
	return why, yields
}

// configured says which routes of the configuration copy to a target of the
// ranges, whether they have begun or not.
func (b *Backfill) configured() []string {
	var why []string
	for _, target := range b.targets() {
		for _, rc := range b.config.Routes {
			topic, ok := rc.Mapper.Source(target)
			if rc.To != b.live.To || !ok || b.facts.ThenLive && rc == b.live {
				continue
			}
			why = append(why, fmt.Sprintf("route %s copies topic %s to %s: give the backfill a target of its own with --rename, or, before the route has begun with the topic, hand over to it with --then-live",
				rc.Name, topic, target))
		}
	}
	if b.facts.ThenLive {
		why = append(why, b.notLive()...)
	}
	return why
}

// notLive says which ranges the route would not go on with.
func (b *Backfill) notLive() []string {
	var why []string
	seen := map[string]bool{}
	for _, g := range b.ranges {
		d := b.live.Mapper.Decide(g.Topic)
		if seen[g.Topic] || d.Take && d.Target == g.Target {
			continue
		}
		seen[g.Topic] = true
		would := "it does not copy the topic: " + d.Reason
		if d.Take {
			would = "it copies the topic to " + d.Target
		}
		why = append(why, fmt.Sprintf("--then-live: route %s cannot go on with %s in %s: %s", b.live.Name, g.Topic, g.Target, would))
	}
	return why
}

// claims reads all checkpoint topics of the target cluster but the backfill's own.
func (b *Backfill) claims(ctx context.Context, src, dst *side) (map[partID][]holding, error) {
	meta, err := FetchMetadata(ctx, dst.client, nil)
	if err != nil {
		return nil, err
	}
	wanted := b.targets()
	claims := map[partID][]holding{}
	for _, topic := range topicNames(meta, nil) {
		if !strings.HasPrefix(topic, offsets.TopicName("")) || topic == offsets.TopicName(b.route.Name) {
			continue
		}
		lanes, err := dst.replay(ctx, topic)
		if err != nil {
			return nil, err
		}
		if b.facts.ThenLive && topic == offsets.TopicName(b.live.Name) {
			if err := b.canGoOn(topic, src, lanes); err != nil {
				return nil, err
			}
		}
		for _, c := range claimsOf(topic, lanes) {
			if id := (partID{c.target, c.partition}); slices.Contains(wanted, c.target) && c.backfill != b.facts.ID && !holds(claims[id], c) {
				claims[id] = append(claims[id], c)
			}
		}
	}
	return claims, nil
}

// canGoOn says why the route could not go on with its checkpoint topic as it is.
func (b *Backfill) canGoOn(topic string, src *side, lanes []*offsets.Lane) error {
	if len(lanes) != b.live.Lanes {
		return &offsets.LanesError{Topic: topic, Have: len(lanes), Want: b.live.Lanes}
	}
	if facts, ok := lanes[0].Route(); ok && facts.SourceCluster != src.id {
		return stopf("route %s copied from the cluster with id %s before, and %s is %s now: it cannot go on", b.live.Name, facts.SourceCluster, b.live.From, src.id)
	}
	return nil
}

// holds says whether the same checkpoint topic has claimed the partition already,
// for the same.
func holds(have []holding, c holding) bool {
	return slices.ContainsFunc(have, func(h holding) bool {
		return h.topic == c.topic && h.backfill == c.backfill && (c.producer == 0 || c.producer == h.producer)
	})
}

// claimsOf are what one checkpoint topic claims: what was copied, what a backfill
// has announced, and what a route keeps free for a backfill.
func claimsOf(topic string, lanes []*offsets.Lane) []holding {
	if len(lanes) == 0 {
		return nil
	}
	facts, _ := lanes[0].Route()
	over := facts.Backfill.Over()
	var claims []holding
	for _, lane := range lanes {
		for _, k := range lane.Checkpoints() {
			c := holding{topic: topic, backfill: facts.BackfillID(), target: k.Target, partition: k.Partition, over: over, begun: true}
			if cp, ok, _ := lane.Checkpoint(k); ok {
				c.producer = offsets.Lineage{SourceCluster: facts.SourceCluster, SourceTopicID: cp.SourceTopicID, SourceTopic: k.Topic,
					Partition: k.Partition, Target: cp.TargetTopicID.String(), Copy: c.backfill}.ProducerID()
			}
			claims = append(claims, c)
		}
		for _, k := range lane.Backfills() {
			if _, ok := lane.Backfill(k); ok {
				claims = append(claims, holding{topic: topic, backfill: k.Member, target: k.Target, partition: k.Partition, over: over, begun: facts.Backfill != nil})
			}
		}
	}
	return claims
}

// occupants says which target partitions hold records that are not the
// backfill's: those of a mirror that nothing tells about never, others only where
// the route allows it. The first one of a topic stands for all.
func (b *Backfill) occupants(ctx context.Context, src, dst *side, claims map[partID][]holding) ([]string, error) {
	meta, err := FetchMetadata(ctx, dst.client, b.targets())
	if err != nil {
		return nil, err
	}
	var why []string
	others := map[string]int{} // by the first one's reason
	first := map[string]string{}
	for _, g := range b.ranges {
		t := meta.Topics[g.Target]
		if t == nil || int(g.Partition) >= len(t.Partitions) {
			continue // to be created
		}
		own := offsets.Lineage{SourceCluster: src.id, SourceTopicID: g.SourceTopicID, SourceTopic: g.Topic, Partition: g.Partition,
			Target: offsets.TopicID(t.ID).String(), Copy: b.facts.ID}.ProducerID()
		known := []int64{own}
		for _, c := range claims[partID{g.Target, g.Partition}] {
			known = append(known, c.producer)
		}
		m := t.Partitions[g.Partition]
		w, err := dst.occupied(ctx, leadership{m.Leader, m.LeaderEpoch}, t, g.Partition, known, b.route.AllowExisting)
		if err != nil {
			return nil, err
		}
		if w != "" && first[g.Target] == "" {
			first[g.Target], why = w, append(why, w)
		} else if w != "" {
			others[first[g.Target]]++
		}
	}
	for i, w := range why {
		if n := others[w]; n > 0 {
			why[i] = fmt.Sprintf("%s (other partitions of it that are not free: %d)", w, n)
		}
	}
	return why, nil
}

// occupied says what keeps a partition from being appended to: records that a
// mirror has written under a producer id that is not among the known ones, or any
// records where that is not allowed.
func (s *side) occupied(ctx context.Context, l leadership, t *Topic, number int32, known []int64, allowed bool) (string, error) {
	begin, err := s.listOffset(ctx, l, t.Name, number, -2, false)
	if err != nil {
		return "", err
	}
	end, err := s.listOffset(ctx, l, t.Name, number, -1, false)
	if err != nil || end <= begin {
		return "", err
	}
	writers, err := s.writers(ctx, l, t, number, begin, end)
	if err != nil {
		return "", err
	}
	for _, id := range writers {
		if _, mirror := offsets.OriginOf(id); mirror && !slices.Contains(known, id) {
			return fmt.Sprintf("target %s/%d is written by another mirror (producer id %d), of which no checkpoint topic of cluster %s tells: choose another target with --rename",
				t.Name, number, id, s.config.Name), nil
		}
	}
	if allowed {
		return "", nil
	}
	return fmt.Sprintf("target %s/%d is not empty (offsets %d to %d): choose another target with --rename, or set allow: [existing] on the route to append behind what is there",
		t.Name, number, begin, end-1), nil
}

// writers are the ids of the producers that the leader knows, and of those in the
// last batches of a log from begin to end.
func (s *side) writers(ctx context.Context, l leadership, t *Topic, number int32, begin, end int64) ([]int64, error) {
	producers, err := s.producers(ctx, l, t.Name, number)
	if err != nil {
		return nil, err
	}
	ids, err := s.tailProducers(ctx, l, t, number, max(begin, end-lookBack), end)
	for _, p := range producers {
		ids = append(ids, p.ProducerID)
	}
	return ids, err
}

// tailProducers are the producer ids in the headers of a log's last batches: a
// broker forgets a producer whose records are old at once. Somebody may write all
// the time, so what comes behind end is not waited for.
func (s *side) tailProducers(ctx context.Context, l leadership, t *Topic, number int32, offset, end int64) ([]int64, error) {
	var ids []int64
	err := s.eachBatch(ctx, l, t.Name, t.ID, number, offset, end, func(b batch.Batch) { ids = append(ids, b.ProducerID) })
	if errors.Is(err, kerr.OffsetOutOfRange) {
		return ids, nil // its beginning went meanwhile; DescribeProducers tells the rest
	}
	return ids, err
}
