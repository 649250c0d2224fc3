package convert

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// world is the input, taken apart: what is said of everything, of each cluster
// and of each way.
type world struct {
	all      settings
	clusters []*cluster
	routes   []*route
	notes    notes // of lines that belong to no block of the output
}

func (w *world) cluster(name string) *cluster {
	for _, c := range w.clusters {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (w *world) addCluster(name string) *cluster {
	c := &cluster{name: name, own: &settings{}, all: &w.all}
	w.clusters = append(w.clusters, c)
	return c
}

// way returns the route between two clusters, a new one the first time.
func (w *world) way(from, to string) *route {
	for _, r := range w.routes {
		if r.from == from && r.to == to {
			return r
		}
	}
	r := &route{from: from, to: to, own: &settings{}, all: &w.all, source: w.cluster(from), target: w.cluster(to)}
	w.routes = append(w.routes, r)
	return r
}

// readMM2 takes apart the properties of MirrorMaker's dedicated mode.
func readMM2(data []byte) (*world, error) {
	list, err := parseProperties(data)
	if err != nil {
		return nil, err
	}
	w := &world{}
	if err := w.findClusters(list); err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.key != "clusters" {
			w.sort(p)
		}
	}
	return w, w.keepEnabled()
}

func (w *world) findClusters(properties []property) error {
	at := slices.IndexFunc(properties, func(p property) bool { return p.key == "clusters" })
	if at < 0 {
		return errors.New("there is no setting \"clusters\": this is not a configuration of MirrorMaker 2's dedicated mode (connect-mirror-maker.sh)")
	}
	for _, name := range list(properties[at].value) {
		if w.cluster(name) == nil {
			w.addCluster(name)
		}
	}
	if len(w.clusters) < 2 {
		return fmt.Errorf("line %d: clusters names %d of them, and copying needs two", properties[at].line, len(w.clusters))
	}
	return nil
}

// sort puts a setting where its prefix says. The longest name of a cluster
// counts, since one can begin like another.
func (w *world) sort(p property) {
	if from, rest, arrow := strings.Cut(p.key, "->"); arrow {
		if to := w.prefix(rest); to != nil && w.cluster(from) != nil {
			w.way(from, to.name).own.add(p, rest[len(to.name)+1:])
			return
		}
		w.notes.secretDropped(p, "it names a cluster that is not in clusters")
		return
	}
	if c := w.prefix(p.key); c != nil {
		c.own.add(p, p.key[len(c.name)+1:])
		return
	}
	w.all.add(p, p.key)
}

func (w *world) prefix(key string) *cluster {
	var best *cluster
	for _, c := range w.clusters {
		if strings.HasPrefix(key, c.name+".") && (best == nil || len(c.name) > len(best.name)) {
			best = c
		}
	}
	return best
}

// keepEnabled leaves out the ways that MirrorMaker does not copy.
func (w *world) keepEnabled() error {
	var kept []*route
	for _, r := range w.routes {
		p, ok := r.own.get("enabled")
		if ok && strings.EqualFold(p.value, "true") {
			kept = append(kept, r)
			continue
		}
		p.key = r.from + "->" + r.to
		if !ok {
			p.line = r.own.list[0].line
		}
		p.value = ""
		w.notes.unneeded(p, "this way is not enabled, and so there is no route for it")
	}
	w.routes = kept
	if len(kept) == 0 {
		return errors.New("no way between two clusters is enabled (like west->east.enabled = true), so there is nothing to copy")
	}
	return nil
}
