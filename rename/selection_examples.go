package rename

import (
	"regexp/syntax"
	"slices"
)

// Exact are the names that the list has themselves, sorted.
func (s *Selection) Exact() []string {
	var names []string
	for name := range s.set.exact {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Examples are made-up names, one for each expression that one can be made for.
func (s *Selection) Examples() []string {
	var names []string
	for _, p := range s.set.res {
		if tree, err := syntax.Parse(p.text[1:len(p.text)-1], syntax.Perl); err == nil {
			if name := example(tree); name != "" && p.matches(name) {
				names = append(names, name)
			}
		}
	}
	return names
}
