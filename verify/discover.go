package verify

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/kafka"
)

// Pairs returns what the route copies of the topics that its source has now. copied says which source topic's copy each target name already
// holds (see rename.Mapper.Plan); nil if that is not known.
func Pairs(ctx context.Context, src *kgo.Client, route *config.Route, copied map[string]string) ([]Pair, error) {
	topics, err := kadm.NewClient(src).ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the topics of cluster %s: %w", route.From, err)
	}
	var pairs []Pair
	for _, d := range route.Mapper.Plan(topics.Names(), copied).Take {
		pairs = append(pairs, Pair{
			Source: d.Topic, Target: d.Target,
			LocalOnly: d.KeepsName && route.Mirrored == config.MirroredSkip,
			NotHome:   true, // under whatever name
			Shared:    d.KeepsName || route.AllowExisting,
		})
	}
	return pairs, nil
}

// RouteOptions returns the options that follow from the route's configuration.
func RouteOptions(route *config.Route) Options {
	return Options{Route: route.Name, ReadCommitted: route.ReadCommitted, StartLater: route.Start != config.Start{}}
}

// Clients returns clients for both sides of the route; the caller closes them. opts are added to both, such as another kgo.Dialer.
func Clients(cfg *config.Config, route *config.Route, opts ...kgo.Opt) (src, dst *kgo.Client, err error) {
	clientID := cfg.Name + "-verify"
	if src, err = kafka.NewClient(cfg.Clusters[route.From], clientID, opts...); err != nil {
		return nil, nil, err
	}
	if dst, err = kafka.NewClient(cfg.Clusters[route.To], clientID, opts...); err != nil {
		src.Close()
		return nil, nil, err
	}
	return src, dst, nil
}
