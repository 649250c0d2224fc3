package rename

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Plan is what a route does with the topics that its source has.
type Plan struct {
	Take     []Decision // to be copied, by topic
	Refused  []Decision // selected, but a person has to change something, by topic
	Left     []Decision // not selected, or a copy that must not be copied on, by topic
	Warnings []string   // plain sentences about names that will work badly
}

// Plan decides on all topics together. copied says which topic each target
// name already holds the copy of: that one stays and a newcomer is refused.
// Where none of several is copied yet, all of them are, since choosing one
// would depend on which was seen first.
func (m *Mapper) Plan(topics []string, copied map[string]string) Plan {
	var p Plan
	byTarget := make(map[string][]Decision)
	for _, topic := range slices.Compact(slices.Sorted(slices.Values(topics))) {
		d := m.Decide(topic)
		switch {
		case d.Take:
			byTarget[d.Target] = append(byTarget[d.Target], d)
		case d.Refused:
			p.Refused = append(p.Refused, d)
		default:
			p.Left = append(p.Left, d)
		}
	}
	for target, group := range byTarget {
		owner, has := copied[target]
		for _, d := range group {
			if d.Reason = collision(d, group, owner, has); d.Reason != "" {
				d.Take, d.Refused = false, true
				p.Refused = append(p.Refused, d)
				continue
			}
			p.Take = append(p.Take, d)
		}
	}
	byTopic := func(a, b Decision) int { return strings.Compare(a.Topic, b.Topic) }
	slices.SortFunc(p.Take, byTopic)
	slices.SortFunc(p.Refused, byTopic)
	p.Warnings = sharedMetrics(p.Take)
	return p
}

// collision says why d cannot have its target name, or "". group are all
// topics that ask for it, owner the one whose copy it is, if it is one.
func collision(d Decision, group []Decision, owner string, owned bool) string {
	switch {
	case owned && owner == d.Topic, !owned && len(group) == 1:
		return ""
	case owned:
		rule := "by an earlier rule"
		at, selected := slices.BinarySearchFunc(group, owner, func(o Decision, topic string) int { return strings.Compare(o.Topic, topic) })
		if selected {
			rule = group[at].RuleText
		}
		return fmt.Sprintf("topic %s (%s) would be called %s on the target, which is already the copy of topic %s (%s): that one stays; give topic %s another name or exclude it",
			d.Topic, d.RuleText, d.Target, owner, rule, d.Topic)
	}
	var others []string
	for _, o := range group[:min(len(group), maxNamed+1)] {
		if o.Topic != d.Topic && len(others) < maxNamed {
			others = append(others, fmt.Sprintf("topic %s (%s)", o.Topic, o.RuleText))
		}
	}
	return fmt.Sprintf("topic %s (%s) and %s would both be called %s on the target, so neither is copied; change a rule or exclude a topic",
		d.Topic, d.RuleText, enumerate(others, len(group)-1), d.Target)
}

// maxNamed is how many topics a message names, when a rule maps thousands to one name.
const maxNamed = 3

// enumerate joins the named ones of all.
func enumerate(named []string, all int) string {
	if more := all - len(named); more > 0 {
		named = append(named, fmt.Sprintf("%d more", more))
	}
	return strings.Join(named, " and ")
}

// sharedMetrics warns about target names that differ only in '.' and '_'.
// Kafka's metrics write both as '_', and a KRaft controller refuses to create
// the second of them (ReplicationControlManager.validateNewTopicNames).
func sharedMetrics(take []Decision) []string {
	byMetric := make(map[string][]Decision)
	for _, d := range take {
		if strings.ContainsAny(d.Target, "._") {
			key := strings.ReplaceAll(d.Target, ".", "_")
			byMetric[key] = append(byMetric[key], d)
		}
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(byMetric)) {
		group := byMetric[key]
		if len(group) < 2 {
			continue
		}
		var names []string
		for _, d := range group[:min(len(group), maxNamed)] {
			names = append(names, fmt.Sprintf("%s (from %s)", d.Target, d.Topic))
		}
		out = append(out, fmt.Sprintf("target names %s differ only in '.' and '_': Kafka's metrics cannot tell them apart, and newer brokers refuse to create the second",
			enumerate(names, len(group))))
	}
	return out
}
