package check

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"mirror/config"
)

// Options say what to check.
type Options struct {
	Config *config.Config
	// Routes of the configuration; only their clusters are looked at, or all when the
	// configuration has no routes.
	Routes []*config.Route
	// Patience is how long a cluster may take to answer the first request.
	Patience time.Duration
	// History reads what a route's checkpoint topic remembers. It is called for routes whose checkpoint topic may be read.
	History func(ctx context.Context, target *config.Cluster, route *config.Route) (History, error)
}

// History is what a route has on record about its past. The zero value is that of a route that never ran.
type History struct {
	SourceCluster string              // the id of the cluster it copied from; "" for none
	Managed       map[string][]string // config keys that it manages, by target topic
	Copied        map[string]string   // source topics by target topic
}

// Run looks at everything. What is wrong is in the report; the error is that of an ended ctx, or of a configuration that
// no client can be made of.
func Run(ctx context.Context, o Options) (*Report, error) {
	clusters, err := newClusters(o)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range clusters {
			c.close()
		}
	}()
	var looking sync.WaitGroup
	for _, c := range clusters {
		looking.Go(func() { c.look(ctx, o.Patience) })
	}
	looking.Wait()
	report := &Report{Mirror: o.Config.Name, Clusters: []ClusterReport{}, Routes: []RouteReport{}}
	byName := map[string]*cluster{}
	for _, c := range clusters {
		byName[c.config.Name] = c
		report.Clusters = append(report.Clusters, c.report())
	}
	for _, route := range o.Routes {
		if ctx.Err() != nil {
			break
		}
		r := &routeCheck{route: route, source: byName[route.From], target: byName[route.To], history: o.History}
		report.Routes = append(report.Routes, RouteReport{Name: route.Name, From: route.From, To: route.To, Findings: r.look(ctx)})
	}
	return report, ctx.Err()
}

// newClusters makes clients of the clusters that the routes use, in the order in which they name them. A mirror without
// routes uses all to look at them.
func newClusters(o Options) ([]*cluster, error) {
	var clusters []*cluster
	index := map[string]*cluster{}
	use := func(name string) (*cluster, error) {
		if c := index[name]; c != nil {
			return c, nil
		}
		c, err := newCluster(o.Config.Clusters[name], "mirror-"+o.Config.Name, o.Patience)
		if err == nil {
			c.watched = o.Config.Monitor.Enabled
			index[name] = c
			clusters = append(clusters, c)
		}
		return c, err
	}
	fail := func(err error) ([]*cluster, error) {
		for _, made := range clusters {
			made.close()
		}
		return nil, err
	}
	for _, route := range o.Routes {
		for _, name := range []string{route.From, route.To} {
			c, err := use(name)
			if err != nil {
				return fail(err)
			}
			c.isSource = c.isSource || name == route.From
			c.isTarget = c.isTarget || name == route.To
		}
	}
	if len(o.Config.Routes) > 0 {
		return clusters, nil
	}
	for _, name := range slices.Sorted(maps.Keys(o.Config.Clusters)) {
		if _, err := use(name); err != nil {
			return fail(err)
		}
	}
	return clusters, nil
}
