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
	"mirror/rename"
)

// settingsAge is how old known configs may be. Metadata is read at every refresh, configs of 10,000 topics are too much
// for that.
const settingsAge = time.Minute

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
	names       namesCache
	written     map[string][]string // during Sync: managed keys just recorded, which managed may not show yet
	unknown     map[string]bool     // configs whose names the target's brokers do not know
	refused     map[string]refusal  // by target topic: what it refused when the plan was last applied
}

// NewDiscovery only remembers its arguments. managed and copied are asked at every refresh; see MakePlan.
func NewDiscovery(route *config.Route, src, dst Cluster, managed func() map[string][]string, copied func() map[string]string) *Discovery {
	return &Discovery{route: route, src: src, dst: dst, managed: managed, copied: copied, now: time.Now, unknown: map[string]bool{}}
}

// PlanRoute looks at both sides of a route once and changes nothing. Unlike Refresh it looks at all of the source's topics,
// and whether target topics that are not ours hold records.
func PlanRoute(ctx context.Context, route *config.Route, src, dst Cluster, managed map[string][]string, copied map[string]string) (*RoutePlan, error) {
	d := NewDiscovery(route, src, dst, func() map[string][]string { return managed }, func() map[string]string { return copied })
	d.everything = true
	plan, err := d.Refresh(ctx)
	if err != nil {
		return nil, err
	}
	plan.sourceSettings = make(map[string]TopicSettings, len(d.srcSettings.topics))
	for name, known := range d.srcSettings.topics {
		plan.sourceSettings[name] = known.TopicSettings
	}
	return plan, d.occupied(ctx, plan, copied)
}

// LookError says which cluster could not be looked at.
type LookError struct {
	Cluster *config.Cluster
	Err     error
}

func (e *LookError) Error() string {
	return fmt.Sprintf("look at cluster %s: %v", e.Cluster.Name, e.Err)
}
func (e *LookError) Unwrap() error { return e.Err }

// Refresh looks at both sides and plans. It changes nothing. Changes that were refused when the plan was last applied
// are in the plan again, together with the reason. The error is a *LookError.
func (d *Discovery) Refresh(ctx context.Context) (*RoutePlan, error) {
	in := planInput{route: d.route, managed: d.managedKeys(), copied: d.copied(), unknown: d.unknown, held: d.held()}
	var err error
	if in.src, err = d.source(ctx, in.copied); err != nil {
		return nil, &LookError{d.src.Config, err}
	}
	in.names = d.rename(in)
	var sources, targets []string
	for _, t := range in.names.Take {
		sources, targets = append(sources, t.Topic), append(targets, t.Target)
	}
	if in.dst, err = FetchMetadata(ctx, d.dst.Client, append([]string{}, targets...)); err != nil {
		return nil, &LookError{d.dst.Config, err}
	}
	nameUser(in.dst, d.dst.Config)
	if problem := d.moved(in.src, in.dst); problem != "" {
		return &RoutePlan{Problem: problem, Source: in.src, Target: in.dst, target: d.dst.Config}, nil
	}
	if in.srcSettings, err = d.srcSettings.read(ctx, d.src, in.src, sources, d.now()); err != nil {
		return nil, &LookError{d.src.Config, err}
	}
	if in.dstSettings, err = d.dstSettings.read(ctx, d.dst, in.dst, targets, d.now()); err != nil {
		return nil, &LookError{d.dst.Config, err}
	}
	plan := makePlan(in)
	plan.target = d.dst.Config
	d.recall(plan)
	return plan, nil
}

// namesCache is what the rules made of the same topics at the last look: with 10,000 topics a third of a plan's work.
type namesCache struct {
	topics []string
	copied map[string]string
	plan   *rename.Plan
}

func (d *Discovery) rename(in planInput) *rename.Plan {
	topics := topicNames(in.src, in.copied)
	if d.names.plan == nil || !slices.Equal(topics, d.names.topics) || !maps.Equal(in.copied, d.names.copied) {
		plan := d.route.Mapper.Plan(topics, in.copied)
		d.names = namesCache{topics, maps.Clone(in.copied), &plan}
	}
	return d.names.plan
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
