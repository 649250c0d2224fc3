package convert

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mirror/config"
	"mirror/rename"
)

// Result is what a conversion gives.
type Result struct {
	YAML    []byte   // the configuration, which the loader accepts
	Routes  []string // names of its routes
	Dropped []string // what the input asked for and the output does not do, a sentence each
}

// File converts the configuration of MirrorMaker 2, name being what the comments
// call it by. It recognises the format by itself: Strimzi's resource is YAML and
// says "kind: KafkaMirrorMaker2", anything else are properties.
//
// An error says what the input lacks for any output at all. It never repeats a
// value that could be a secret.
func File(name string, data []byte) (Result, error) {
	if len(data) > maxInput {
		return Result{}, fmt.Errorf("%s has more than %d MiB, which is no configuration", name, maxInput>>20)
	}
	w, err := read(data)
	if err == nil {
		err = w.convert()
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", name, err)
	}
	result := w.result(filepath.Base(name))
	if _, err := config.Parse("mirror.yaml", result.YAML, anyVariable); err != nil {
		return Result{}, fmt.Errorf("%s: what comes of it cannot be loaded; mend these things in the input, or take the output by hand\n%w", name, err)
	}
	return result, nil
}

// maxInput bounds the input in bytes, far above any real configuration.
const maxInput = 4 << 20

func read(data []byte) (*world, error) {
	if isStrimzi(data) {
		return readStrimzi(data)
	}
	return readMM2(data)
}

// anyVariable stands in for the environment that the output will be loaded in.
func anyVariable(string) (string, bool) { return "variable:9092", true }

// convert makes the clusters and routes of the output.
func (w *world) convert() error {
	var used []*cluster
	for _, c := range w.clusters {
		needed := slices.ContainsFunc(w.routes, func(r *route) bool { return r.source == c || r.target == c })
		if !needed {
			w.notes.unneeded(property{key: "cluster " + c.name}, "no route reads or writes it, and so it is left out")
			continue
		}
		if err := usableName(c.name); err != nil {
			return err
		}
		if err := c.read(); err != nil {
			return err
		}
		used = append(used, c)
	}
	w.clusters = used
	for _, r := range w.routes {
		if err := r.read(); err != nil {
			return err
		}
	}
	if err := w.separateTargets(); err != nil {
		return err
	}
	for _, c := range w.clusters {
		for _, p := range c.own.list {
			if !c.own.used[p.key] {
				c.notes.explain(p)
			}
		}
	}
	for _, p := range w.all.list {
		if !w.all.used[p.key] {
			w.notes.explain(p)
		}
	}
	return nil
}

// usableName refuses the names of clusters that mirror cannot have: they are part
// of the copies' names, so another name would mean other topics.
func usableName(name string) error {
	if err := rename.CheckName(name); err != nil {
		return fmt.Errorf("cluster %q: %w; choose another alias", shown(name), err)
	}
	if why, internal := rename.Internal(name + ".x"); internal {
		return fmt.Errorf("cluster %s: %s, and so would be every topic copied from it; choose another alias", name, why)
	}
	return nil
}

// separateTargets takes care of topics that two routes would copy to one name,
// which MirrorMaker does without a word where names are kept.
func (w *world) separateTargets() error {
	type target struct{ cluster, topic string }
	taken := make(map[target]*route)
	for _, r := range w.routes {
		for _, topic := range slices.Clone(r.topics) {
			if strings.HasPrefix(topic, "/") {
				continue
			}
			at := target{r.to, strings.NewReplacer("{source}", r.from, "{topic}", topic).Replace(r.template)}
			if other := taken[at]; other != nil {
				r.leaveOut(topic, other.name())
				continue
			}
			taken[at] = r
		}
		if len(r.topics) == 0 {
			return fmt.Errorf("nothing is left to copy from %s to %s: another way copies to all of its names; give them other names", r.from, r.to)
		}
	}
	return nil
}

func (w *world) result(name string) Result {
	var out Result
	for _, r := range w.routes {
		out.Routes = append(out.Routes, r.name())
	}
	collect := func(list notes) {
		for _, n := range list {
			if n.dropped {
				out.Dropped = append(out.Dropped, n.place()+": "+n.why)
			}
		}
	}
	collect(w.notes)
	for _, c := range w.clusters {
		collect(c.notes)
	}
	for _, r := range w.routes {
		collect(r.notes)
	}
	out.YAML = []byte(w.write(name, len(out.Dropped)))
	return out
}

func (w *world) write(name string, dropped int) string {
	out := &writer{}
	out.comment(0, fmt.Sprintf("Made by mirror convert of %s, a configuration of MirrorMaker 2.", oneLine(name)))
	switch dropped {
	case 0:
		out.comment(0, "Nothing that it asks for was dropped.")
	case 1:
		out.comment(0, "One thing that it asks for was dropped: look for DROPPED.")
	default:
		out.comment(0, fmt.Sprintf("%d things that it asks for were dropped: look for DROPPED.", dropped))
	}
	out.line(0, "#")
	out.comment(0, "To take over: stop MirrorMaker 2, then")
	for _, r := range w.routes {
		out.comment(0, "  mirror adopt --route "+r.name())
	}
	out.comment(0, "  mirror run")
	if len(w.notes) > 0 {
		out.line(0, "#")
		out.comment(0, "Lines that belong to no cluster or route below:")
		out.notes(0, w.notes)
	}
	out.line(0, "")
	out.line(0, "clusters:")
	for _, c := range w.clusters {
		out.cluster(c)
	}
	out.line(0, "")
	out.line(0, "routes:")
	for _, r := range w.routes {
		out.route(r)
	}
	return out.b.String()
}
