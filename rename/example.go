package rename

import (
	"regexp/syntax"
	"strings"
)

// Examples returns the decisions for made-up topics, one for each expression
// and one for catch-alls, as far as the route takes them. Together with Known
// they let rules be judged that no exact name appears in.
func (m *Mapper) Examples() []Decision {
	exprs := make([]string, 0, len(m.rules))
	for _, r := range m.rules {
		exprs = append(exprs, r.Match)
	}
	for _, p := range m.topics.res {
		exprs = append(exprs, p.text)
	}
	seen := make(map[string]bool)
	var out []Decision
	for _, expr := range exprs {
		topic := "example"
		if expr != "" {
			tree, err := syntax.Parse(expr[1:len(expr)-1], syntax.Perl)
			if err != nil {
				continue
			}
			topic = example(tree)
		}
		if d := m.Decide(topic); d.Take && CheckName(topic) == nil && !seen[topic] {
			seen[topic] = true
			out = append(out, d)
		}
	}
	return out
}

// example makes a text that an expression matches, with each repetition once
// where that is enough.
func example(re *syntax.Regexp) string {
	var b strings.Builder
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return exampleOf(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpAlternate, syntax.OpCapture, syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		return example(re.Sub[0])
	case syntax.OpRepeat:
		one := example(re.Sub[0])
		return strings.Repeat(one, min(max(re.Min, 1), MaxName))
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			b.WriteString(example(sub))
			if b.Len() > MaxName {
				break // no topic is that long
			}
		}
	}
	return b.String()
}

// exampleOf picks a character of a class that a name can contain, an ordinary
// one where there is one. ranges are pairs of the first and the last character.
func exampleOf(ranges []rune) string {
	for _, c := range "xyzabcdefghijklmnopqrstuvwXYZABCDEFGHIJKLMNOPQRSTUVW1234567890_-." {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= c && c <= ranges[i+1] {
				return string(c)
			}
		}
	}
	return ""
}
