package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"mirror/rename"
)

// checkPurpose refuses a file that gives the process nothing to do.
func (d *decoder) checkPurpose(n *yaml.Node, got found) {
	if d.cfg.Monitor.Enabled {
		return
	}
	const hint = "for example routes: [{from: west, to: east, topics: [orders]}], or monitor: {enabled: true} to only look at the clusters"
	e, there := got["routes"]
	switch {
	case !there:
		d.missing(n, "routes", hint)
	case e.value.Kind == yaml.SequenceNode && len(e.value.Content) == 0:
		d.fault(e.key, "no route is described here", hint)
	}
}

// checkRoutes checks what only shows when all clusters and routes are known.
func (d *decoder) checkRoutes() {
	names := make(map[string]*routeNodes)
	for i, r := range d.cfg.Routes {
		at := d.places[i]
		d.checkCluster(r.From, at.from)
		d.checkCluster(r.To, at.to)
		d.checkName(r, at, names)
	}
	d.checkTargets()
	d.checkReturns()
	d.checkClusters()
}

func (d *decoder) checkCluster(name string, at *yaml.Node) {
	if name == "" {
		return
	}
	if _, ok := d.cfg.Clusters[name]; !ok {
		valid := slices.Sorted(maps.Keys(d.cfg.Clusters))
		d.fault(at, fmt.Sprintf("there is no cluster %s under clusters", d.show(at)), suggest(name, valid))
	}
}

// checkName refuses routes whose checkpoint topics would have the same name,
// or names that Kafka's metrics cannot tell apart.
func (d *decoder) checkName(r *Route, at *routeNodes, names map[string]*routeNodes) {
	if r.Name == "" {
		return
	}
	key := strings.ReplaceAll(r.Name, ".", "_")
	other, taken := names[key]
	if !taken {
		names[key] = at
		return
	}
	place := at.name
	if place == nil {
		place = at.here
	}
	d.fault(place, fmt.Sprintf("two routes are called %q or differ only in '.' and '_', the other one is in line %d", r.Name, other.here.Line), "give each route a name of its own")
}

// checkTargets refuses two routes that would write one target topic, as far
// as the names are spelled out.
func (d *decoder) checkTargets() {
	type target struct{ cluster, topic string }
	type taken struct {
		route    *Route
		decision rename.Decision
	}
	by := make(map[target]taken)
	for i, r := range d.cfg.Routes {
		if r.Mapper == nil {
			continue
		}
		for _, known := range r.Mapper.Known() {
			if !known.Take {
				continue
			}
			p := target{r.To, known.Target}
			first, ok := by[p]
			if !ok {
				by[p] = taken{r, known}
				continue
			}
			d.fault(d.places[i].topic(known), fmt.Sprintf("route %s would copy topic %s (%s) and route %s topic %s (%s), both to topic %s of cluster %s",
				first.route.Name, first.decision.Topic, first.decision.RuleText, r.Name, known.Topic, known.RuleText, known.Target, r.To),
				"give one of them another name")
		}
	}
}

// checkReturns refuses a pair of routes that would bring a topic back to its
// own cluster and name, as far as the names that are spelled out and an example
// of each rule show. Where both routes keep the name it is no loop, since
// batches that a mirror wrote are left out.
func (d *decoder) checkReturns() {
	type ends struct{ from, to string }
	by := make(map[ends][]*Route)
	for _, r := range d.cfg.Routes {
		if r.Mapper != nil {
			by[ends{r.From, r.To}] = append(by[ends{r.From, r.To}], r)
		}
	}
	for i, r := range d.cfg.Routes {
		if r.Mapper == nil {
			continue
		}
		for _, there := range slices.Concat(r.Mapper.Known(), r.Mapper.Examples()) {
			if !there.Take || there.KeepsName {
				continue
			}
			for _, opposite := range by[ends{r.To, r.From}] {
				if back := opposite.Mapper.Decide(there.Target); back.Take && back.Target == there.Topic {
					d.fault(d.places[i].topic(there), fmt.Sprintf("route %s (%s) copies a topic like %s to %s, and route %s (%s) would bring it back to its own cluster and name",
						r.Name, there.RuleText, there.Topic, there.Target, opposite.Name, back.RuleText), "exclude it in one of the two routes")
				}
			}
		}
	}
}

// topic finds where a topic is spelled out.
func (at *routeNodes) topic(known rename.Decision) *yaml.Node {
	for _, n := range at.topics {
		if n.Value == known.Topic {
			return n
		}
	}
	if known.Rule >= 0 {
		return at.rules[known.Rule].whole
	}
	return at.here
}

// checkClusters warns about clusters that nothing uses, or that are easily taken
// for each other.
func (d *decoder) checkClusters() {
	used, owner := make(map[string]bool), make(map[string]string)
	for _, r := range d.cfg.Routes {
		used[r.From], used[r.To] = true, true
	}
	for _, name := range slices.Sorted(maps.Keys(d.cfg.Clusters)) {
		if !used[name] && !d.cfg.Monitor.Enabled {
			d.warn("cluster %s is used by no route", name)
		} else if !used[name] && len(d.cfg.Routes) > 0 {
			d.warn("cluster %s is used by no route; it is only looked at (monitor)", name)
		}
		for i := range name {
			if _, ok := d.cfg.Clusters[name[:i]]; ok && strings.ContainsRune("._-", rune(name[i])) {
				d.warn("cluster %s has a name that begins like a topic copied from cluster %s: topics copied from the one can be taken for those of the other", name, name[:i])
			}
		}
		for _, addr := range d.cfg.Clusters[name].Brokers {
			if other, ok := owner[addr]; ok && other != name {
				d.warn("clusters %s and %s have a broker address in common: a route between them would be refused if they are the same cluster", other, name)
				break
			}
			owner[addr] = name
		}
	}
}
