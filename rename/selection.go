package rename

import (
	"strings"
)

// Selection tells which names a list of exact names and regular expressions
// takes. It is immutable and safe for concurrent use.
type Selection struct{ set set }

// SelectTopics makes a Selection of topics, written as those of a route. A fault
// says which entry is wrong.
func SelectTopics(list []string) (*Selection, []*Fault) {
	return newSelection("topics", list, parsePattern)
}

// SelectGroups makes a Selection of consumer groups. A group may be called almost
// anything, so only what stands between two slashes is a regular expression.
func SelectGroups(list []string) (*Selection, []*Fault) {
	return newSelection("groups", list, func(text string) (pattern, error) {
		if strings.HasPrefix(text, "/") && strings.HasSuffix(text, "/") {
			return parsePattern(text)
		}
		return pattern{text: text, exact: text}, nil
	})
}

func newSelection(field string, list []string, parse func(string) (pattern, error)) (*Selection, []*Fault) {
	var faults []*Fault
	var patterns []pattern
	for i, text := range list {
		p, err := parse(text)
		if err != nil {
			faults = append(faults, &Fault{Field: field, Index: i, Msg: err.Error()})
			continue
		}
		patterns = append(patterns, p)
	}
	return &Selection{newSet(patterns)}, faults
}

// Takes reports whether the list has the name or an expression that matches all
// of it.
func (s *Selection) Takes(name string) bool {
	_, ok := s.set.find(name)
	return ok
}

// Names reports whether the list has the name itself.
func (s *Selection) Names(name string) bool {
	_, ok := s.set.exact[name]
	return ok
}
