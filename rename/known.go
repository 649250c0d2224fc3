package rename

import (
	"fmt"
	"strings"
)

// parseRules compiles the rules and refuses those that can never be used.
func (m *Mapper) parseRules() []*Fault {
	var faults []*Fault
	for i, r := range m.spec.Rules {
		c, bad := newRule(r, i, m.spec.Source, m.spec.Target)
		if bad != nil {
			faults = append(faults, bad...)
			continue
		}
		if earlier := m.shadows(c); earlier != nil {
			faults = append(faults, &Fault{Field: "rename", Index: i,
				Msg: fmt.Sprintf("this rule is never used: %s comes first and matches all of it; remove one or change the order", earlier.text)})
			continue
		}
		if c.on.exact != "" {
			m.exact[c.on.exact] = c
		}
		m.rules = append(m.rules, c)
	}
	byDefault, bad := newRule(Rule{To: DefaultTo}, -1, m.spec.Source, m.spec.Target)
	if bad == nil { // otherwise the names of the clusters are at fault, which is reported there
		m.rules = append(m.rules, byDefault)
	}
	return faults
}

// shadows returns the earlier rule that takes every topic that c could take,
// as far as that is certain.
func (m *Mapper) shadows(c *rule) *rule {
	for _, earlier := range m.rules {
		switch {
		case earlier.catchAll():
			return earlier
		case c.on.exact != "":
			if earlier.on.matches(c.on.exact) {
				return earlier
			}
		case c.on.re != nil && earlier.on.text == c.on.text:
			return earlier
		}
	}
	return nil
}

// Known returns the decisions for the topics that the Spec spells out: exact
// names among the topics and in rules. They can be judged without a cluster.
func (m *Mapper) Known() []Decision { return append([]Decision(nil), m.known...) }

// checkKnown judges the names that are spelled out, because a mistake with
// them is certain before any cluster was asked.
func (m *Mapper) checkKnown() []*Fault {
	var faults []*Fault
	seen := make(map[string]bool)
	add := func(field string, i int, topic string) {
		if topic == "" || seen[topic] {
			return
		}
		seen[topic] = true
		d := m.Decide(topic)
		m.known = append(m.known, d)
		if f := m.judge(d, field); f != nil {
			f.Index = i
			faults = append(faults, f)
		}
	}
	for i, text := range m.spec.Topics {
		if !strings.Contains(text, "/") {
			add("topics", i, text)
		}
	}
	for i, r := range m.spec.Rules {
		add("rename", i, r.Topic)
	}
	return append(faults, m.checkWholeNames()...)
}

// judge says what is wrong with a topic that is spelled out in field, and
// remembers its target otherwise.
func (m *Mapper) judge(d Decision, field string) *Fault {
	if d.Take {
		other, taken := m.fixed[d.Target]
		if !taken {
			m.fixed[d.Target] = d.Topic
			return nil
		}
		o := m.Decide(other)
		return &Fault{Field: field, Msg: fmt.Sprintf("topic %s (%s) and topic %s (%s) would both be called %s on the target; give one of them another name",
			o.Topic, o.RuleText, d.Topic, d.RuleText, d.Target)}
	}
	if field == "rename" && d.RuleText == "" {
		return &Fault{Field: field, Key: "topic", Msg: fmt.Sprintf("this rule is never used: topic %s is not copied: %s", d.Topic, d.Reason)}
	}
	if _, excluded := m.exclude.find(d.Topic); excluded {
		return nil // whoever wrote the one wrote the other, and it is harmless
	}
	return &Fault{Field: field, Msg: fmt.Sprintf("topic %s cannot be copied: %s", d.Topic, d.Reason)}
}

// checkWholeNames refuses rules that keep names within one cluster.
func (m *Mapper) checkWholeNames() []*Fault {
	if m.spec.Source != m.spec.Target {
		return nil
	}
	var faults []*Fault
	for i, r := range m.rules {
		keeps := len(r.to.vars) == 1 && r.to.vars[0] == wholeTopic && r.to.fixed() == 0
		if keeps {
			faults = append(faults, &Fault{Field: "rename", Index: i, Key: "to",
				Msg: fmt.Sprintf("topics would be copied onto themselves: source and target are both cluster %s and this rule keeps their names", m.spec.Source)})
		}
	}
	return faults
}
