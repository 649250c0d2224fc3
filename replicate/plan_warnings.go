package replicate

import (
	"fmt"
	"slices"
	"strings"
)

// warningTopics is how many topics one line of AllWarnings names.
const warningTopics = 3

// Note is a warning about one config of a target topic.
type Note struct {
	Key     string // of the config
	Want    string // a value for it that makes the warning go away; "" when another value does not help
	Text    string // the warning
	Refuses bool   // the target takes no record at all as it is
}

// notef adds a note to the plan's warnings.
func (t *TopicPlan) notef(key, want, format string, args ...any) {
	t.warnf(format, args...)
	t.Notes = append(t.Notes, Note{Key: key, Want: want, Text: t.Warnings[len(t.Warnings)-1]})
}

// AllWarnings are the route's warnings and those of its topics. What is said of several topics comes once, with their
// names, so that 10,000 topics with one cause are one line.
func (p *RoutePlan) AllWarnings() []string {
	var texts []string
	topics := map[string][]string{}
	for _, t := range p.Topics {
		for _, w := range t.Warnings {
			if topics[w] == nil {
				texts = append(texts, w)
			}
			topics[w] = append(topics[w], t.Decision.Topic)
		}
	}
	all := slices.Clone(p.Warnings)
	for _, w := range texts {
		all = append(all, someTopics(topics[w])+": "+w)
	}
	return all
}

// someTopics writes "topic a", "topics a, b", "topics a, b, c and 7 more".
func someTopics(names []string) string {
	switch n := len(names); {
	case n == 1:
		return "topic " + names[0]
	case n > warningTopics:
		return fmt.Sprintf("topics %s and %d more", strings.Join(names[:warningTopics], ", "), n-warningTopics)
	}
	return "topics " + strings.Join(names, ", ")
}
