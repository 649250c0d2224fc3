package rename

import "slices"

// Narrow is a Mapper for other topics of the same two clusters, with other rules
// or, where rules is nil, with m's: those for an exact name that topics do not
// select are left out. What m excludes stays excluded. Errors are as New's.
func (m *Mapper) Narrow(topics []string, rules []Rule) (*Mapper, error) {
	spec := m.spec
	spec.Topics = topics
	if rules != nil {
		spec.Rules = rules
		return New(spec)
	}
	var patterns []pattern
	for _, text := range topics {
		if p, err := parsePattern(text); err == nil { // New reports the others
			patterns = append(patterns, p)
		}
	}
	selection := newSet(patterns)
	spec.Rules = slices.DeleteFunc(slices.Clone(spec.Rules), func(r Rule) bool {
		_, selected := selection.find(r.Topic)
		return r.Topic != "" && !selected
	})
	return New(spec)
}
