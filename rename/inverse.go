package rename

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// inverse finds the topic that a rule gave a target name to. It exists only
// when the template and the regular expression together tell the whole name:
// the template has {topic}, or every part of the expression outside its
// groups is fixed text and every group is in the template.
type inverse struct {
	re    *regexp.Regexp // over target names; group i+1 is the value of pieces by varAt
	vars  []int          // the variable that each group of re stands for
	topic []piece        // how to put the topic together; nil when {topic} is among vars
}

// piece is a part of a topic name: fixed text, or the value of a group.
type piece struct {
	text  string
	group int // 0 for fixed text
}

func newInverse(r *rule) *inverse {
	inv := &inverse{vars: r.to.vars}
	bodies := map[int]string{wholeTopic: ".+"}
	if r.on.re != nil {
		inv.topic = pieces(r, bodies)
	}
	if !inv.complete() {
		return nil
	}
	var b strings.Builder
	b.WriteString(`\A`)
	for i, v := range r.to.vars {
		fmt.Fprintf(&b, "%s(%s)", regexp.QuoteMeta(r.to.segments[i].text), bodies[v])
	}
	b.WriteString(regexp.QuoteMeta(r.to.segments[len(r.to.vars)].text) + `\z`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil // a group that cannot stand on its own; the name is then not invertible
	}
	inv.re = re
	return inv
}

// complete reports whether the variables of the template tell all of the topic.
func (inv *inverse) complete() bool {
	known := map[int]bool{0: true}
	for _, v := range inv.vars {
		if v == wholeTopic {
			inv.topic = nil
			return true
		}
		known[v] = true
	}
	for _, p := range inv.topic {
		if !known[p.group] {
			return false
		}
	}
	return inv.topic != nil
}

// pieces takes the rule's expression apart, and notes in bodies the
// expression inside each group. It returns nil when something outside the
// groups is not fixed text.
func pieces(r *rule, bodies map[int]string) []piece {
	inner, err := between(r.Match)
	if err != nil {
		return nil
	}
	tree, err := syntax.Parse(inner, syntax.Perl)
	if err != nil {
		return nil
	}
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	out := []piece{}
	for _, part := range parts {
		switch part.Op {
		case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine:
		case syntax.OpLiteral:
			if part.Flags&syntax.FoldCase != 0 {
				return nil
			}
			out = append(out, piece{text: string(part.Rune)})
		case syntax.OpCapture:
			bodies[part.Cap] = uncaptured(part.Sub[0]).String()
			out = append(out, piece{group: part.Cap})
		default:
			return nil
		}
	}
	return out
}

// uncaptured replaces inner groups by what is in them, so that the groups of
// an inverse count the template's variables and nothing else.
func uncaptured(re *syntax.Regexp) *syntax.Regexp {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	for i, sub := range re.Sub {
		re.Sub[i] = uncaptured(sub)
	}
	return re
}

// source returns the topic that could have become target. The caller checks
// that it does.
func (inv *inverse) source(target string) (string, bool) {
	found := inv.re.FindStringSubmatch(target)
	if found == nil {
		return "", false
	}
	values := make(map[int]string, len(inv.vars))
	for i, v := range inv.vars {
		values[v] = found[i+1]
	}
	if inv.topic == nil {
		return values[wholeTopic], true
	}
	var b strings.Builder
	for _, p := range inv.topic {
		if p.group == 0 {
			b.WriteString(p.text)
		} else {
			b.WriteString(values[p.group])
		}
	}
	return b.String(), true
}

// Source is the inverse of a rename: the topic of the source cluster that the
// rules call target. It is never wrong, Decide of what it returns gives
// target, but it is silent where target does not tell the topic (a rule that
// maps many names to one, or drops a part of them). Where two topics would
// collide on target, Plan refuses them and Source names the one whose rule
// comes first.
func (m *Mapper) Source(target string) (topic string, ok bool) {
	if topic, ok := m.fixed[target]; ok {
		return topic, true
	}
	for _, r := range m.rules {
		if r.inverse == nil {
			continue
		}
		if topic, ok := r.inverse.source(target); ok {
			if d := m.Decide(topic); d.Take && d.Target == target {
				return topic, true
			}
		}
	}
	return "", false
}
