package replicate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/config"
	"mirror/offsets"
)

// occupied says of each target topic that is not ours whether it holds records already: the partitions that do are not
// written to before somebody decides. The daemon finds that out partition by partition, when it is about to copy one.
func (d *Discovery) occupied(ctx context.Context, plan *RoutePlan, copied map[string]string) error {
	var targets []string
	foreign := map[string]*TopicPlan{}
	for i := range plan.Topics {
		t := &plan.Topics[i]
		if t.Existing && t.Problem == "" && !d.route.AllowExisting && copied[t.Decision.Target] != t.Decision.Topic {
			targets = append(targets, t.Decision.Target)
			foreign[t.Decision.Target] = t
		}
	}
	if len(targets) == 0 {
		return nil
	}
	admin := kadm.NewClient(d.dst.Client)
	starts, err := admin.ListStartOffsets(ctx, targets...)
	if err != nil {
		return &LookError{d.dst.Config, fmt.Errorf("list offsets: %w", err)}
	}
	ends, err := admin.ListEndOffsets(ctx, targets...)
	if err != nil {
		return &LookError{d.dst.Config, fmt.Errorf("list offsets: %w", err)}
	}
	for target, t := range foreign {
		held := t.held(d.dst.Config, starts[target], ends[target])
		if len(held) > 0 {
			t.Occupied = d.explainOccupied(ctx, t, held)
		}
	}
	return nil
}

// held are the ranges of the target partitions that hold records and would be copied to.
func (t *TopicPlan) held(cluster *config.Cluster, starts, ends map[int32]kadm.ListedOffset) map[int32][2]int64 {
	held := map[int32][2]int64{}
	for n, end := range ends {
		if int(n) >= len(t.Source.Partitions) {
			continue // nothing is copied there
		}
		start := starts[n]
		switch err := errors.Join(start.Err, end.Err); {
		case errors.Is(err, kerr.TopicAuthorizationFailed):
			t.warnf("whether the target topic is empty is not known: %s", deniedAt("Describe", t.Decision.Target, cluster))
			return nil
		case err != nil:
			t.warnf("whether partition %d of the target topic is empty is not known: %v", n, err)
		case end.Offset > start.Offset:
			held[n] = [2]int64{start.Offset, end.Offset}
		}
	}
	return held
}

// explainOccupied says whose the records are, as far as the log tells, and what can be done.
func (d *Discovery) explainOccupied(ctx context.Context, t *TopicPlan, held map[int32][2]int64) string {
	total := int64(0)
	for _, r := range held {
		total += r[1] - r[0]
	}
	number := slices.Min(slices.Collect(maps.Keys(held)))
	amount := fmt.Sprintf("%s in %s", count(int(total), "offset"), count(len(held), "partition"))
	target, topic, route := t.Decision.Target, t.Decision.Topic, d.route.Name
	switch own, same := d.writtenBy(ctx, t, number, held[number]); {
	case own:
		return fmt.Sprintf("target topic %s holds records of this very copy (%s), but the checkpoint topic %s knows nothing of them, and these partitions wait: "+
			"mirror checkpoints rebuild --route %s finds out from both logs where the copy ends", target, amount, offsets.TopicName(route), route)
	case same:
		return fmt.Sprintf("target topic %[1]s holds records that a mirror has written from cluster %[2]s (%[3]s), under another route or from a topic %[4]s that is gone, and these partitions wait: "+
			"where they are a copy of %[4]s, mirror adopt --route %[5]s goes on behind it; allow: [existing] appends without looking; rename gives %[4]s another name",
			target, d.route.From, amount, topic, route)
	}
	return fmt.Sprintf("target topic %[1]s holds records that route %[2]s did not copy (%[3]s), MirrorMaker's or somebody else's, and these partitions wait: "+
		"where they are a copy of %[4]s, mirror adopt --route %[2]s goes on behind it; allow: [existing] appends without looking; rename gives %[4]s another name",
		target, route, amount, topic)
}

// writtenBy says whether this very copy wrote a partition, or at least a mirror that reads the same cluster. Where that
// cannot be told, because a leader does not answer or Read is not allowed, nobody is named.
func (d *Discovery) writtenBy(ctx context.Context, t *TopicPlan, number int32, held [2]int64) (own, same bool) {
	rc, err := lookingRecovery(ctx, d.route, d.src, d.dst, t, number)
	if err != nil {
		return false, false
	}
	writers, err := rc.r.target.writers(ctx, rc.target, t.Target, number, held[0], held[1])
	if err != nil {
		return false, false
	}
	for _, id := range writers {
		origin, mirror := offsets.OriginOf(id)
		own = own || id == rc.producerID
		same = same || mirror && origin == rc.r.source.origin
	}
	return own, same
}
