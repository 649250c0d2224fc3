package replicate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
)

const (
	// settingsAge is how old known configs may be. Metadata is read at every refresh, configs of 10,000 topics are too
	// much for that.
	settingsAge = time.Minute
	// settleTime is how long a change is waited for to be visible in the target's metadata.
	settleTime = 2 * time.Second
)

// Cluster is one side of a route.
type Cluster struct {
	Config *config.Cluster
	Client *kgo.Client
	ID     string // the id it had when the route started; "" while unknown
}

// Discovery looks at both sides of a route and plans. It keeps what is expensive to read. One goroutine at a time may
// use it.
type Discovery struct {
	route    *config.Route
	src, dst Cluster
	managed  func() map[string][]string
	copied   func() map[string]string
	now      func() time.Time

	everything  bool // look at all of the source's topics even where the route names a few
	srcSettings settingsCache
	dstSettings settingsCache
	unknown     map[string]bool    // configs whose names the target's brokers do not know
	refused     map[string]refusal // by target topic: what it refused when the plan was last applied
}

// NewDiscovery only remembers its arguments. managed and copied are asked at every refresh; see MakePlan.
func NewDiscovery(route *config.Route, src, dst Cluster, managed func() map[string][]string, copied func() map[string]string) *Discovery {
	return &Discovery{route: route, src: src, dst: dst, managed: managed, copied: copied, now: time.Now, unknown: map[string]bool{}}
}

// PlanRoute looks at both sides of a route once and changes nothing.
func PlanRoute(ctx context.Context, route *config.Route, src, dst Cluster, managed map[string][]string, copied map[string]string) (*RoutePlan, error) {
	d := NewDiscovery(route, src, dst, func() map[string][]string { return managed }, func() map[string]string { return copied })
	d.everything = true
	return d.Refresh(ctx)
}

// Refresh looks at both sides and plans. It changes nothing. Changes that were refused when the plan was last applied
// are in the plan again, together with the reason. The error is about a whole cluster and names it.
func (d *Discovery) Refresh(ctx context.Context) (*RoutePlan, error) {
	in := planInput{route: d.route, managed: d.managed(), copied: d.copied(), unknown: d.unknown, held: d.held()}
	var err error
	if in.src, err = d.source(ctx, in.copied); err != nil {
		return nil, fmt.Errorf("look at cluster %s: %w", d.route.From, err)
	}
	names := in.rename()
	in.names = &names
	var sources, targets []string
	for _, t := range names.Take {
		sources, targets = append(sources, t.Topic), append(targets, t.Target)
	}
	if in.dst, err = FetchMetadata(ctx, d.dst.Client, append([]string{}, targets...)); err != nil {
		return nil, fmt.Errorf("look at cluster %s: %w", d.route.To, err)
	}
	nameUser(in.dst, d.dst.Config)
	if problem := d.moved(in.src, in.dst); problem != "" {
		return &RoutePlan{Problem: problem, Source: in.src, Target: in.dst, target: d.dst.Config}, nil
	}
	if in.srcSettings, err = d.srcSettings.read(ctx, d.src, in.src, sources, d.now()); err != nil {
		return nil, fmt.Errorf("look at cluster %s: %w", d.route.From, err)
	}
	if in.dstSettings, err = d.dstSettings.read(ctx, d.dst, in.dst, targets, d.now()); err != nil {
		return nil, fmt.Errorf("look at cluster %s: %w", d.route.To, err)
	}
	plan := makePlan(in)
	plan.target = d.dst.Config
	d.recall(plan)
	return plan, nil
}

// source reads the source's topics. Topics that the route names, and topics copied before, are asked for by name where
// the list of all topics lacks them: only so does a broker say that they are there but not for us to see.
func (d *Discovery) source(ctx context.Context, copied map[string]string) (*Metadata, error) {
	literal := literalTopics(d.route)
	named := append(slices.Collect(maps.Values(copied)), literal...)
	slices.Sort(named)
	named = slices.Compact(named)
	var md *Metadata
	var err error
	if len(literal) > 0 && len(literal) == len(d.route.Topics) && !d.everything {
		md, err = FetchMetadata(ctx, d.src.Client, named)
	} else if md, err = FetchMetadata(ctx, d.src.Client, nil); err == nil {
		missing := slices.DeleteFunc(named, func(name string) bool { return md.Topics[name] != nil })
		if len(missing) > 0 {
			var more *Metadata
			if more, err = FetchMetadata(ctx, d.src.Client, missing); err == nil {
				md.merge(more)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	nameUser(md, d.src.Config)
	return md, nil
}

// nameUser makes errors of missing permissions name the user that lacks them.
func nameUser(md *Metadata, cluster *config.Cluster) {
	for _, t := range md.Topics {
		if errors.Is(t.Err, kerr.TopicAuthorizationFailed) {
			t.Err = &deniedError{op: "Describe", topic: t.Name, cluster: cluster, cause: t.Err}
		}
	}
}

// moved says that an address leads to another cluster than before, whose topics have nothing to do with what was copied.
func (d *Discovery) moved(src, dst *Metadata) string {
	for _, side := range []struct {
		cluster Cluster
		now     string
		name    string
	}{{d.src, src.ClusterID, d.route.From}, {d.dst, dst.ClusterID, d.route.To}} {
		if side.cluster.ID != "" && side.now != "" && side.cluster.ID != side.now {
			return fmt.Sprintf("the brokers of cluster %s now belong to the cluster with id %s, and to %s before; correct the brokers list, or restart the mirror if the change is meant",
				side.name, side.now, side.cluster.ID)
		}
	}
	return ""
}

// Sync refreshes, applies the plan and, when that changed something, looks again until the changes are visible (two
// seconds at most). It returns the last plan. What the target refused is in the plan as its topics' problems, and the
// rest of the plan stands.
func (d *Discovery) Sync(ctx context.Context, record RecordFunc) (*RoutePlan, error) {
	plan, err := d.Refresh(ctx)
	if err != nil || !plan.Changes() {
		return plan, err
	}
	a := newApplication(d.dst.Client, plan, record)
	if err := a.run(ctx); err != nil {
		return nil, err
	}
	for target, old := range d.refused {
		if a.refused[target].alter == "" && old.alter != "" {
			a.refused[target] = refusal{a.refused[target].create, a.refused[target].extend, old.alter} // still held
		}
	}
	d.refused = a.refused
	maps.Copy(d.unknown, a.unknown)
	if len(d.awaited(plan)) == 0 {
		d.recall(plan)
		return plan, nil
	}
	return d.settle(ctx, plan)
}

// settle refreshes until the changes of a plan are visible. They take some milliseconds to reach every broker.
func (d *Discovery) settle(ctx context.Context, plan *RoutePlan) (*RoutePlan, error) {
	wait := 10 * time.Millisecond
	for end := d.now().Add(settleTime); ; wait *= 2 {
		d.dstSettings.forget(d.awaited(plan))
		var err error
		if plan, err = d.Refresh(ctx); err != nil {
			return nil, err
		}
		if len(d.awaited(plan)) == 0 || d.now().Add(wait).After(end) {
			return plan, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// awaited are the target topics with changes that were not refused, and those that are too new to be judged.
func (d *Discovery) awaited(plan *RoutePlan) []string {
	var targets []string
	for _, t := range plan.Topics {
		if t.unread || len(t.Action) > 0 && d.refused[t.Decision.Target] == (refusal{}) {
			targets = append(targets, t.Decision.Target)
		}
	}
	return targets
}

// held are the target topics that refused a change of their configs, with the reason. They are not asked again before
// their configs are read again.
func (d *Discovery) held() map[string]string {
	held := map[string]string{}
	due := d.dstSettings.due(d.now())
	for target, r := range d.refused {
		if due {
			r.alter = ""
			d.refused[target] = r
		}
		if r.alter != "" {
			held[target] = r.alter
		}
	}
	return held
}

// recall puts what was refused before into a new plan that still wants it.
func (d *Discovery) recall(plan *RoutePlan) {
	for i := range plan.Topics {
		t := &plan.Topics[i]
		d.refused[t.Decision.Target].addTo(t)
	}
}
