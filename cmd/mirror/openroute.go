package main

import (
	"context"
	"fmt"

	"mirror/config"
	"mirror/replicate"
)

// openRoute is one route with both of its clusters and its ledger, for commands
// that need all of them. It only reads until somebody writes to the ledger.
type openRoute struct {
	route          *config.Route
	source, target *cluster // source is nil for who needs only the target
	ledger         *ledger
}

// openSides opens both clusters of a route and reads its ledger. close must be called.
func openSides(ctx context.Context, cfg *config.Config, route *config.Route) (*openRoute, error) {
	source, target, err := connectRoute(ctx, cfg, route)
	if err != nil {
		return nil, err
	}
	l, err := openLedger(ctx, target, route)
	if err != nil {
		source.close()
		target.close()
		return nil, err
	}
	return &openRoute{route: route, source: source, target: target, ledger: l}, nil
}

// openNamed opens the named route, or the only one. close must be called.
func openNamed(ctx context.Context, path, name string) (*openRoute, error) {
	cfg, route, err := loadRoute(path, name)
	if err != nil {
		return nil, err
	}
	return openSides(ctx, cfg, route)
}

// openTarget opens the target and the ledger of the named route, or of the only
// one, for commands that put something on record. close must be called.
func openTarget(ctx context.Context, path, name string) (*config.Config, *openRoute, error) {
	cfg, route, err := loadRoute(path, name)
	if err != nil {
		return nil, nil, err
	}
	target, err := connect(ctx, cfg.Clusters[route.To])
	if err != nil {
		return nil, nil, err
	}
	l, err := openLedger(ctx, target, route)
	if err != nil {
		target.close()
		return nil, nil, err
	}
	return cfg, &openRoute{route: route, target: target, ledger: l}, nil
}

func (r *openRoute) close() {
	r.ledger.close()
	if r.source != nil {
		r.source.close()
	}
	r.target.close()
}

// planRoute plans as the daemon would at its next refresh: with what the route's
// checkpoint topic remembers.
func (r *openRoute) planRoute(ctx context.Context) (*replicate.RoutePlan, error) {
	plan, err := replicate.PlanRoute(ctx, r.route, r.source.side(), r.target.side(), r.ledger.managed(), r.ledger.copied())
	if err != nil {
		return nil, withCode(clusterCode(err), fmt.Errorf("plan %s: %w", routeTitle(r.route), err))
	}
	return plan, nil
}

// runnablePlan is planRoute for commands that change where a route stands, which
// makes no sense where it cannot run.
func (r *openRoute) runnablePlan(ctx context.Context) (*replicate.RoutePlan, error) {
	plan, err := r.planRoute(ctx)
	if err == nil && plan.Problem != "" {
		err = withCode(exitFailed, fmt.Errorf("route %s cannot run: %s", r.route.Name, plan.Problem))
	}
	return plan, err
}

// knownTopic is the other knownTopic, which asks the source over its open connection.
func (r *openRoute) knownTopic(ctx context.Context, topic string) error {
	return knownTopic(r.route, r.ledger, topic, func() ([]string, error) { return r.source.topicNames(ctx) })
}
