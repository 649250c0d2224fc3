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
			if why := collision(d, group, owner, has); why != "" {
				d.Take, d.Refused, d.Reason = false, true, why
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
// topics that ask for it, owner the one that has it.
func collision(d Decision, group []Decision, owner string, has bool) string {
	if has && owner == d.Topic {
		return ""
	}
	if has {
		for _, o := range group {
			if o.Topic == owner {
				return fmt.Sprintf("topic %s (%s) would be called %s on the target, which is already the copy of topic %s (%s): that one stays; change a rule or exclude a topic",
					d.Topic, d.RuleText, d.Target, o.Topic, o.RuleText)
			}
		}
		return fmt.Sprintf("topic %s (%s) would be called %s on the target, which is already the copy of topic %s (by an earlier rule): choose another name",
			d.Topic, d.RuleText, d.Target, owner)
	}
	if len(group) == 1 {
		return ""
	}
	var others []string
	for _, o := range group {
		if o.Topic != d.Topic {
			others = append(others, fmt.Sprintf("topic %s (%s)", o.Topic, o.RuleText))
		}
	}
	return fmt.Sprintf("topic %s (%s) and %s would both be called %s on the target, so neither is copied: change a rule or exclude a topic",
		d.Topic, d.RuleText, strings.Join(shorten(others), " and "), d.Target)
}

// shorten keeps a message readable when a rule maps thousands of topics to one name.
func shorten(list []string) []string {
	const most = 3
	if len(list) <= most {
		return list
	}
	return append(slices.Clone(list[:most]), fmt.Sprintf("%d more", len(list)-most))
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
		names := make([]string, len(group))
		for i, d := range group {
			names[i] = fmt.Sprintf("%s (from %s)", d.Target, d.Topic)
		}
		out = append(out, fmt.Sprintf("target names %s differ only in '.' and '_': Kafka's metrics cannot tell them apart, and newer brokers refuse to create the second",
			strings.Join(shorten(names), " and ")))
	}
	return out
}
