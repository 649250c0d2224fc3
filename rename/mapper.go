// Package rename decides which topics a route copies and what they are called
// on the target: selection, rules, the way back from a target name to its
// topic, and what must be refused (two topics with one target name, names that
// Kafka does not accept, copies that would be copied back and forth for ever).
//
// Everything here depends on names alone; nothing is read from a cluster.
package rename

import (
	"errors"
	"fmt"
	"slices"
)

// Spec is what a route says about names.
type Spec struct {
	Source, Target string   // names of the route's clusters
	Topics         []string // exact names, or regular expressions between slashes that match the whole name
	Exclude        []string // the same, taken away again
	Rules          []Rule   // in order; topics that none matches follow DefaultTo
}

// Decision is what happens to one topic of the source.
type Decision struct {
	Topic     string
	Target    string // name on the target; "" when the topic is not selected
	Take      bool   // it is copied
	Refused   bool   // it is selected but cannot be copied as the rules stand; a person has to change something
	Rule      int    // index of the rule that named it, -1 for the default
	RuleText  string // that rule in words; "" when the topic is not selected
	Reason    string // why it is not taken, in plain words
	KeepsName bool   // Target is Topic
}

// Mapper applies a Spec. It is immutable and safe for concurrent use.
type Mapper struct {
	spec    Spec
	topics  set
	exclude set
	exact   map[string]*rule  // rules for one exact name
	rules   []*rule           // all rules in order, the default last
	known   []Decision        // of the names that the Spec spells out, in order of mention
	fixed   map[string]string // target name to topic, of those of known that are taken
}

// New makes a Mapper, or reports everything that is wrong with the Spec as
// *Fault values joined with errors.Join.
func New(spec Spec) (*Mapper, error) {
	spec.Topics, spec.Exclude, spec.Rules = slices.Clone(spec.Topics), slices.Clone(spec.Exclude), slices.Clone(spec.Rules)
	m := &Mapper{spec: spec, exact: make(map[string]*rule), fixed: make(map[string]string)}
	faults := append(m.parseClusters(), m.parseSelection()...)
	faults = append(faults, m.parseRules()...)
	if len(faults) == 0 {
		faults = m.checkKnown()
	}
	if len(faults) == 0 {
		return m, nil
	}
	all := make([]error, len(faults))
	for i, f := range faults {
		all[i] = f
	}
	return nil, errors.Join(all...)
}

func (m *Mapper) parseClusters() []*Fault {
	var faults []*Fault
	for _, c := range []struct{ field, name string }{{"source", m.spec.Source}, {"target", m.spec.Target}} {
		if err := CheckName(c.name); err != nil {
			faults = append(faults, &Fault{Field: c.field, Index: -1, Msg: "cluster name: " + err.Error()})
		}
	}
	return faults
}

func (m *Mapper) parseSelection() []*Fault {
	var faults []*Fault
	parse := func(field string, list []string) set {
		var out []pattern
		for i, text := range list {
			p, err := parsePattern(text)
			if err != nil {
				faults = append(faults, &Fault{Field: field, Index: i, Msg: err.Error()})
				continue
			}
			if why, internal := Internal(p.exact); internal && field == "topics" {
				faults = append(faults, &Fault{Field: field, Index: i, Msg: fmt.Sprintf("topic %s can never be copied: %s", p.exact, why)})
				continue
			}
			out = append(out, p)
		}
		return newSet(out)
	}
	if len(m.spec.Topics) == 0 {
		faults = append(faults, &Fault{Field: "topics", Index: -1, Msg: "no topics are selected; \"/.*/\" selects all"})
	}
	m.topics = parse("topics", m.spec.Topics)
	m.exclude = parse("exclude", m.spec.Exclude)
	return faults
}

// Decide says what happens to a topic, by its name alone. Whether another
// topic has the same target name is decided by Plan.
func (m *Mapper) Decide(topic string) Decision {
	d := Decision{Topic: topic, Rule: -1}
	if d.Reason = m.unselected(topic); d.Reason != "" {
		return d
	}
	r, groups := m.ruleFor(topic)
	d.Rule, d.RuleText = r.index, r.text
	d.Target = r.to.expand(topic, groups)
	d.KeepsName = d.Target == topic
	if d.Reason = m.returning(topic, d.Target); d.Reason != "" {
		d.Refused = true
		return d
	}
	if d.Reason = looping(r, topic, groups); d.Reason != "" {
		return d
	}
	if d.Reason = unusable(d.Target); d.Reason != "" {
		d.Refused = true
		return d
	}
	d.Take = true
	return d
}

// unselected says why the route does not take a topic, or "" when it does.
func (m *Mapper) unselected(topic string) string {
	if why, internal := Internal(topic); internal {
		return why + ", and so never copied"
	}
	if _, ok := m.topics.find(topic); !ok {
		return "no entry of topics matches it"
	}
	if p, ok := m.exclude.find(topic); ok {
		return fmt.Sprintf("excluded by %q", p.text)
	}
	return ""
}

// ruleFor returns the first rule that matches, with the texts of its groups.
func (m *Mapper) ruleFor(topic string) (*rule, []string) {
	exact := m.exact[topic]
	for _, r := range m.rules {
		if r.on.exact != "" && r != exact {
			continue
		}
		if groups, ok := r.match(topic); ok {
			return r, groups
		}
	}
	return m.rules[len(m.rules)-1], nil // not reached: the default matches all
}

// unusable says why a name cannot be that of a copy, or "".
func unusable(target string) string {
	if err := CheckName(target); err != nil {
		return fmt.Sprintf("its name on the target cannot be used: %v; change the rule or exclude the topic", err)
	}
	if why, internal := Internal(target); internal {
		return fmt.Sprintf("its name on the target would be %s: %s; change the rule or exclude the topic", target, why)
	}
	return ""
}
