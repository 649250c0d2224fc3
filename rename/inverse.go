package rename

import (
	"regexp/syntax"
	"strings"
)

// inverse finds the topic that a rule gave a target name to. It exists only
// when the template and the regular expression together tell the whole name:
// the template has {topic}, or every part of the expression outside its
// groups is fixed text and every group is in the template.
type inverse struct {
	to    template
	topic []piece // how to put the topic together
}

// piece is a part of a topic name: fixed text, or the value of a variable.
type piece struct {
	text     string
	variable int // as in template.vars; -1 for fixed text
}

func newInverse(r *rule) *inverse {
	known := make(map[int]bool)
	for _, v := range r.to.vars {
		known[v] = true
	}
	if known[wholeTopic] {
		return &inverse{r.to, []piece{{variable: wholeTopic}}}
	}
	topic := pieces(r)
	for _, p := range topic {
		if p.variable >= 0 && !known[p.variable] {
			return nil
		}
	}
	if topic == nil {
		return nil
	}
	return &inverse{r.to, topic}
}

// pieces takes the rule's expression apart. It returns nil when there is
// none, or when something outside the groups is not fixed text.
func pieces(r *rule) []piece {
	if r.on.re == nil {
		return nil
	}
	tree, err := syntax.Parse(r.Match[1:len(r.Match)-1], syntax.Perl)
	if err != nil {
		return nil
	}
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	var out []piece
	for _, part := range parts {
		switch part.Op {
		case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText:
		case syntax.OpCapture:
			out = append(out, piece{variable: part.Cap})
		case syntax.OpLiteral:
			if part.Flags&syntax.FoldCase != 0 {
				return nil
			}
			out = append(out, piece{text: string(part.Rune), variable: -1})
		default:
			return nil
		}
	}
	return out
}

// maxSplits bounds how many ways of cutting a target name are tried. Two
// groups side by side have 250 at most.
const maxSplits = 20_000

// find returns the first topic that could have become target and that accept
// confirms. "b.a.a" made by "{2}.{1}" can be cut in two ways, of which only
// one is what the expression would have found.
func (inv *inverse) find(target string, accept func(topic string) bool) (topic string, ok bool) {
	rest, begins := strings.CutPrefix(target, inv.to.segments[0].text)
	if !begins {
		return "", false
	}
	tries := 0
	values := make(map[int]string, len(inv.to.vars))
	var cut func(i int, rest string) bool
	cut = func(i int, rest string) bool {
		if i == len(inv.to.vars) {
			tries++
			topic = inv.join(values)
			return rest == "" && accept(topic)
		}
		v, after := inv.to.vars[i], inv.to.segments[i+1].text
		value, fixed := values[v]
		for n := 0; n <= len(rest) && tries < maxSplits; n++ {
			if !strings.HasPrefix(rest[n:], after) || fixed && rest[:n] != value {
				continue
			}
			if i == len(inv.to.vars)-1 && n+len(after) != len(rest) {
				continue
			}
			values[v] = rest[:n]
			if cut(i+1, rest[n+len(after):]) {
				return true
			}
		}
		if !fixed {
			delete(values, v)
		}
		return false
	}
	if cut(0, rest) {
		return topic, true
	}
	return "", false
}

func (inv *inverse) join(values map[int]string) string {
	var b strings.Builder
	for _, p := range inv.topic {
		b.WriteString(p.text)
		if p.variable >= 0 {
			b.WriteString(values[p.variable])
		}
	}
	return b.String()
}

// Source is the inverse of a rename: the topic of the source cluster that the
// rules call target. It is never wrong, Decide of what it returns gives
// target, but it is silent where target does not tell the topic (a rule that
// maps many names to one, or drops a part of them). Where two topics would
// collide on target, Plan refuses them and Source names one of them.
func (m *Mapper) Source(target string) (topic string, ok bool) {
	if topic, ok := m.fixed[target]; ok {
		return topic, true
	}
	for _, r := range m.rules {
		if r.inverse == nil {
			continue
		}
		topic, ok := r.inverse.find(target, func(topic string) bool {
			d := m.Decide(topic)
			return d.Take && d.Target == target && CheckName(topic) == nil
		})
		if ok {
			return topic, true
		}
	}
	return "", false
}
