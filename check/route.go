package check

import (
	"context"
	"fmt"
	"slices"

	"mirror/config"
	"mirror/offsets"
	"mirror/replicate"
)

// routeCheck is the check of one route.
type routeCheck struct {
	route          *config.Route
	source, target *cluster
	history        func(ctx context.Context, target *config.Cluster, route *config.Route) (History, error)

	findings findings
	plan     *replicate.RoutePlan
	sources  map[string]*topicRights // rights on the source's topics
	targets  map[string]*topicRights
}

// look looks at everything that concerns the route and not only its clusters.
func (r *routeCheck) look(ctx context.Context) []Finding {
	for _, c := range []*cluster{r.source, r.target} {
		if !c.usable() {
			r.findings.skip("route.clusters", fmt.Sprintf("not checked, since cluster %s could not be looked at", c.config.Name))
			return r.findings
		}
	}
	if r.route.Watch {
		r.lookAtWatched(ctx)
		return r.findings
	}
	for _, step := range []func(context.Context) bool{r.lookAtCheckpoints, r.lookAtPermissions, r.lookAtGroupPositions, r.lookAtTopics, r.lookAtExpiry} {
		if !step(ctx) || ctx.Err() != nil {
			break
		}
	}
	return r.findings
}

// broken adds the finding of a cluster that stopped answering; the check of the route ends there.
func (r *routeCheck) broken(c *cluster, err error, what string) bool {
	r.findings.failAs(kindOf(err), "route.clusters", c.explain(err, what))
	return false
}

// makePlan plans as the daemon would.
func (r *routeCheck) makePlan(ctx context.Context, history History) bool {
	side := func(c *cluster) replicate.Cluster {
		return replicate.Cluster{Config: c.config, Client: c.client, ID: c.id}
	}
	plan, err := replicate.PlanRoute(ctx, r.route, side(r.source), side(r.target), history.Managed, history.Copied)
	if err != nil {
		r.findings.failAs(kindOf(err), "route.plan", "cannot plan: "+err.Error())
		return false
	}
	if plan.Problem != "" {
		r.findings.fail("route.clusters", plan.Problem)
		return false
	}
	if was := history.SourceCluster; was != "" && was != r.source.id {
		r.findings.fail("route.clusters", fmt.Sprintf("route %s has copied from the cluster with id %s, and %s is %s now: what was copied has nothing to do with it", r.route.Name, was, r.route.From, r.source.id),
			"correct the brokers of cluster "+r.route.From, "or give the route another name, so that it begins anew")
		return false
	}
	r.findings.ok("route.clusters", fmt.Sprintf("%s and %s are two clusters", r.route.From, r.route.To))
	r.plan = plan
	return true
}

// lookAtPermissions asks for every permission on the topics of both sides.
func (r *routeCheck) lookAtPermissions(ctx context.Context) bool {
	var sources, targets []string
	for i := range r.plan.Topics {
		t := &r.plan.Topics[i]
		if t.Source != nil {
			sources, targets = append(sources, t.Decision.Topic), append(targets, t.Decision.Target)
		}
	}
	var err error
	needs := sourceNeeds(r.route)
	if r.sources, err = r.source.rights(ctx, sources, operationsOf(needs)); err != nil {
		return r.broken(r.source, err, "ask for permissions")
	}
	r.source.judgeNeeds(&r.findings, "source", needs, sources, r.sources)
	needs = targetNeeds(r.route)
	if r.targets, err = r.target.rights(ctx, targets, operationsOf(needs)); err != nil {
		return r.broken(r.target, err, "ask for permissions")
	}
	r.target.judgeNeeds(&r.findings, "target", needs, targets, r.targets)
	return r.lookAtLaterTopics(ctx)
}

// lookAtLaterTopics asks for permissions on topics that the route's expressions would select and that are not there:
// whoever granted single topics has not granted those.
func (r *routeCheck) lookAtLaterTopics(ctx context.Context) bool {
	var sources, targets []string
	for _, d := range r.route.Mapper.Examples() {
		if r.plan.Source.Topics[d.Topic] == nil && r.sources[d.Topic] == nil {
			sources, targets = append(sources, d.Topic), append(targets, d.Target)
		}
	}
	if len(sources) == 0 || !slices.ContainsFunc(r.route.Topics, func(t string) bool { return t[0] == '/' }) {
		return true
	}
	for _, side := range []struct {
		cluster *cluster
		prefix  string
		needs   []need
		names   []string
	}{{r.source, "source", sourceNeeds(r.route), sources}, {r.target, "target", targetNeeds(r.route), targets}} {
		rights, err := side.cluster.rights(ctx, side.names, operationsOf(side.needs))
		if err != nil {
			return r.broken(side.cluster, err, "ask for permissions")
		}
		r.judgeLater(side.cluster, side.prefix, side.needs, side.names, rights)
	}
	return true
}

func (r *routeCheck) judgeLater(c *cluster, prefix string, needs []need, names []string, rights map[string]*topicRights) {
	var lacking, where []string
	for _, n := range needs {
		for _, name := range names {
			if n.required && rights[name].ops[n.op] == denied {
				if !slices.Contains(lacking, n.op) {
					lacking = append(lacking, n.op)
				}
				if !slices.Contains(where, name) {
					where = append(where, name)
				}
			}
		}
	}
	if len(lacking) == 0 {
		return
	}
	g := c.grant("", "topic", "PREFIX")
	lines := grantLines(g.brokers, g.Principal, lacking, g.Resource, g.Names)
	r.findings.warn(prefix+".acl.later", fmt.Sprintf("topics that appear later (one called %s, for example) would wait: %s may not %s there", some(where), c.who(), some(lacking)),
		lines[0]+" --resource-pattern-type prefixed")
}

func (r *routeCheck) checkpointTopic() string { return offsets.TopicName(r.route.Name) }
