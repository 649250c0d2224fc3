package config

import (
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"mirror/rename"
)

// Groups says which consumer groups have their positions carried over to the
// target.
type Groups struct {
	Include, Exclude []string
	Interval         time.Duration // between two looks at the positions

	included, excluded *rename.Selection // compiled from Include and Exclude
}

// InternalGroup says that a group is never carried over: names that begin with
// __ are those of Kafka and of mirror itself.
func InternalGroup(name string) bool { return strings.HasPrefix(name, "__") }

// Takes says whether the positions of a group are carried over.
func (g *Groups) Takes(name string) bool {
	return !InternalGroup(name) && g.included.Takes(name) && !g.excluded.Takes(name)
}

// Named are the groups that are selected by their names.
func (g *Groups) Named() []string { return g.taken(g.included.Exact()) }

// Examples are made-up names of groups that the expressions select.
func (g *Groups) Examples() []string { return g.taken(g.included.Examples()) }

func (g *Groups) taken(names []string) []string {
	var taken []string
	for _, name := range names {
		if g.Takes(name) {
			taken = append(taken, name)
		}
	}
	return taken
}

// AllGroups selects all groups that there are.
func AllGroups() *Groups {
	g := newGroups()
	g.Include = []string{everyName}
	g.included, _ = rename.SelectGroups(g.Include)
	return g
}

// OnlyGroups selects groups by names and regular expressions between slashes.
func OnlyGroups(list []string) (*Groups, error) {
	g := newGroups()
	var faults []*rename.Fault
	if g.included, faults = rename.SelectGroups(list); len(faults) > 0 {
		return nil, fmt.Errorf("%s", faults[0].Msg)
	}
	g.Include = list
	return g, nil
}

func newGroups() *Groups {
	g := &Groups{Interval: 10 * time.Second}
	g.included, _ = rename.SelectGroups(nil)
	g.excluded, _ = rename.SelectGroups(nil)
	return g
}

// groupsField turns the positions of groups on by being there.
func (d *decoder) groupsField(into **Groups) field {
	return field{key: "groups", kind: mappingKind(func() []field { return d.groupFields(newGroups()) }),
		read: func(e entry) { *into = d.groups(e) }}
}

func (d *decoder) groupFields(g *Groups) []field {
	const words = "a list of names and /regular expressions/"
	return []field{
		{key: "include", kind: textsKind(words, 1), required: "include: [\"/.*/\"] selects all groups",
			read: func(e entry) { d.includedGroups(e, g) }},
		{key: "exclude", kind: textsKind(words, 0), standard: []string{},
			read: func(e entry) { d.selection(e, &g.Exclude, &g.excluded, rename.SelectGroups) }},
		d.durationField("interval", &g.Interval, minGroups),
	}
}

func (d *decoder) groups(e entry) *Groups {
	g := newGroups()
	if e.value.Tag == "!!bool" {
		d.fault(e.value, "a mapping (key: value) is wanted here, this is true or false", "groups: {include: [\"/.*/\"]} turns it on for all groups; without the key it is off")
		return g
	}
	fields := d.groupFields(g)
	got := d.mapping("routes.sync.groups", e, fields...)
	if e.value.Kind == yaml.MappingNode {
		d.require(e.key, got, fields)
	}
	return g
}

func (d *decoder) includedGroups(e entry, g *Groups) {
	d.selection(e, &g.Include, &g.included, rename.SelectGroups)
	if e.value.Kind == yaml.SequenceNode && len(g.Include) == 0 {
		d.fault(e.value, "no groups are selected", "include: [\"/.*/\"] selects all groups")
	}
	for i, name := range g.Include {
		if InternalGroup(name) {
			n := e.value.Content[i]
			d.fault(n, fmt.Sprintf("group %s can never be carried over: names that begin with __ are internal", d.show(n)), "remove it")
		}
	}
}
