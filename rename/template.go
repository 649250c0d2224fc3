package rename

import (
	"fmt"
	"strconv"
	"strings"
)

// template makes a target name. It alternates fixed text and variables:
// segments[0], vars[0], segments[1], ... , segments[len(vars)].
type template struct {
	segments []segment
	vars     []int // what stands between them: wholeTopic or the number of a group
}

// wholeTopic is the variable {topic}; other variables are group numbers from 1.
const wholeTopic = 0

// segment is the fixed text between two variables, with the names of the
// clusters filled in.
type segment struct {
	text    string // as this route writes it
	back    string // as the same template on the way back would write it
	cluster bool   // contains the name of a cluster
}

// parser of one template.
type templateParser struct {
	source, target string
	groups         []string // names of the groups by number, "" for unnamed ones; nil without a regular expression
	out            template
	segment        segment
}

// parseTemplate reads the text of "to". groups are those of the rule's
// regular expression (regexp.SubexpNames), nil when it has none.
func parseTemplate(to, source, target string, groups []string) (template, error) {
	p := templateParser{source: source, target: target, groups: groups}
	for rest := to; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			open = len(rest)
		}
		if err := p.literal(rest[:open], to); err != nil {
			return template{}, err
		}
		rest = rest[open:]
		if rest == "" {
			break
		}
		end := strings.IndexByte(rest, '}')
		if end <= 0 {
			return template{}, fmt.Errorf("%q has a brace without its partner; a placeholder is written like {topic}", to)
		}
		if err := p.placeholder(rest[1:end]); err != nil {
			return template{}, err
		}
		rest = rest[end+1:]
	}
	p.out.segments = append(p.out.segments, p.segment)
	return p.out, nil
}

// literal adds fixed text. The source's name at the very front means the same
// as {source}, so that "west.{topic}" is guarded against loops as well.
func (p *templateParser) literal(text, to string) error {
	if c, bad := illegal(text); bad {
		return fmt.Errorf("%q contains %q, Kafka allows only letters, digits, '.', '_' and '-' in names", to, c)
	}
	if front := len(p.out.vars) == 0 && p.segment.text == ""; front {
		if after, ok := strings.CutPrefix(text, p.source); ok && p.source != "" && after != "" && isSeparator(after[0]) {
			p.cluster(p.source, p.target)
			text = after
		}
	}
	p.segment.text += text
	p.segment.back += text
	return nil
}

func (p *templateParser) cluster(name, back string) {
	p.segment.text += name
	p.segment.back += back
	p.segment.cluster = true
}

func (p *templateParser) placeholder(name string) error {
	switch name {
	case "source":
		p.cluster(p.source, p.target)
		return nil
	case "target":
		p.cluster(p.target, p.source)
		return nil
	case "topic":
		p.variable(wholeTopic)
		return nil
	}
	for i, group := range p.groups {
		if i > 0 && (name == strconv.Itoa(i) || name == group) {
			p.variable(i)
			return nil
		}
	}
	return p.unknown(name)
}

func (p *templateParser) variable(v int) {
	p.out.segments = append(p.out.segments, p.segment)
	p.out.vars = append(p.out.vars, v)
	p.segment = segment{}
}

// unknown says what the placeholder could have been.
func (p *templateParser) unknown(name string) error {
	if _, err := strconv.Atoi(name); err == nil {
		switch {
		case name == "0":
			return fmt.Errorf("there is no group {0}; the whole name is {topic}")
		case p.groups == nil:
			return fmt.Errorf("there is no group {%s}: groups come from the regular expression of \"match\", and this rule has none", name)
		case len(p.groups) == 1:
			return fmt.Errorf("there is no group {%s}: the regular expression of this rule has no groups (...)", name)
		}
		return fmt.Errorf("there is no group {%s}: the last group of this rule's regular expression is {%d}", name, len(p.groups)-1)
	}
	valid := []string{"source", "target", "topic"}
	for i, group := range p.groups {
		if i > 0 && group != "" {
			valid = append(valid, group)
		}
	}
	if near, ok := Nearest(name, valid); ok {
		return fmt.Errorf("there is no placeholder {%s}; did you mean {%s}?", name, near)
	}
	return fmt.Errorf("there is no placeholder {%s}; this rule knows {%s}", name, strings.Join(valid, "}, {"))
}

// expand makes the target name of topic. groups are the texts that the
// regular expression found, groups[0] being all of it.
func (t template) expand(topic string, groups []string) string {
	var b strings.Builder
	for i, v := range t.vars {
		b.WriteString(t.segments[i].text)
		b.WriteString(value(v, topic, groups))
	}
	b.WriteString(t.segments[len(t.vars)].text)
	return b.String()
}

// value is what a variable stands for.
func value(v int, topic string, groups []string) string {
	if v == wholeTopic {
		return topic
	}
	return groups[v]
}

// fixed is the length of everything in the template that does not depend on the topic.
func (t template) fixed() int {
	n := 0
	for _, s := range t.segments {
		n += len(s.text)
	}
	return n
}
