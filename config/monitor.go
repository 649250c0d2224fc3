package config

import (
	"time"

	"mirror/rename"
)

// Monitor says what is looked at in the clusters themselves: brokers, topics and
// consumer groups, whether or not they have to do with a route.
type Monitor struct {
	Enabled   bool
	Interval  time.Duration // between two looks at a cluster
	Topics    []string
	Groups    []string
	MaxTopics int // a cluster with more topics of these is not looked at topic by topic
	MaxGroups int // the groups beyond these, by name, are left out

	TopicSelection *rename.Selection // compiled from Topics
	GroupSelection *rename.Selection // compiled from Groups
}

// everyName selects everything.
const everyName = "/.*/"

func newMonitor() Monitor {
	m := Monitor{Enabled: true, Interval: 30 * time.Second, Topics: []string{everyName}, Groups: []string{everyName},
		MaxTopics: 2000, MaxGroups: 500}
	m.TopicSelection, _ = rename.SelectTopics(m.Topics)
	m.GroupSelection, _ = rename.SelectGroups(m.Groups)
	return m
}

func (d *decoder) monitorField() field {
	m := &d.cfg.Monitor
	const words = "a list of names and /regular expressions/"
	return d.mappingField("monitor",
		d.boolField("enabled", &m.Enabled),
		d.durationField("interval", &m.Interval, minLook),
		field{key: "topics", kind: textsKind(words, 0), standard: m.Topics,
			read: func(e entry) { d.selection(e, &m.Topics, &m.TopicSelection, rename.SelectTopics) }},
		field{key: "groups", kind: textsKind(words, 0), standard: m.Groups,
			read: func(e entry) { d.selection(e, &m.Groups, &m.GroupSelection, rename.SelectGroups) }},
		d.intField("max_topics", &m.MaxTopics, 1, maxLookTopics),
		d.intField("max_groups", &m.MaxGroups, 1, maxLookGroups))
}

// selection reads a list of patterns and compiles it.
func (d *decoder) selection(e entry, list *[]string, into **rename.Selection, compile func([]string) (*rename.Selection, []*rename.Fault)) {
	texts, nodes := d.texts(e.value)
	compiled, faults := compile(texts)
	for _, f := range faults {
		if n := nodes[f.Index]; !d.told[place{n.Line, n.Column}] {
			d.fault(n, f.Msg, "")
		}
	}
	*list, *into = texts, compiled
}
