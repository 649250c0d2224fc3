package replicate

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/config"
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
		t.occupied(d.route, d.dst.Config, starts[target], ends[target])
	}
	return nil
}

func (t *TopicPlan) occupied(route *config.Route, cluster *config.Cluster, starts, ends map[int32]kadm.ListedOffset) {
	partitions, offsets := 0, int64(0)
	for n, end := range ends {
		if int(n) >= len(t.Source.Partitions) {
			continue // nothing is copied there
		}
		start := starts[n]
		switch err := errors.Join(start.Err, end.Err); {
		case errors.Is(err, kerr.TopicAuthorizationFailed):
			t.warnf("whether the target topic is empty is not known: %s", deniedAt("Describe", t.Decision.Target, cluster))
			return
		case err != nil:
			t.warnf("whether partition %d of the target topic is empty is not known: %v", n, err)
			continue
		}
		if held := end.Offset - start.Offset; held > 0 {
			partitions, offsets = partitions+1, offsets+held
		}
	}
	if partitions > 0 {
		t.Occupied = fmt.Sprintf("target topic %[1]s holds records that route %[2]s did not copy (%[3]s in %[4]s), MirrorMaker's or somebody else's, and these partitions wait: "+
			"where they are a copy of %[5]s, mirror adopt --route %[2]s goes on behind it; allow: [existing] appends without looking; rename gives %[5]s another name",
			t.Decision.Target, route.Name, count(int(offsets), "offset"), count(partitions, "partition"), t.Decision.Topic)
	}
}
