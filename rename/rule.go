package rename

import (
	"errors"
	"fmt"
	"strings"
)

// DefaultTo is the template for topics that no rule matches.
const DefaultTo = "{source}.{topic}"

// Rule says what a topic is called on the target. The first rule that
// matches decides.
type Rule struct {
	Topic string // one exact name, or
	Match string // a regular expression between slashes, over the whole name; with neither the rule matches every topic
	To    string // template of the target name: {source} {target} {topic}, and the groups of Match as {1} or {name}
}

// String is the rule as it is written in the config file.
func (r Rule) String() string {
	switch {
	case r.Topic != "":
		return fmt.Sprintf("{topic: %s, to: %q}", r.Topic, r.To)
	case r.Match != "":
		return fmt.Sprintf("{match: %s, to: %q}", r.Match, r.To)
	}
	return fmt.Sprintf("{to: %q}", r.To)
}

// rule is a Rule made ready.
type rule struct {
	Rule
	index   int     // in Spec.Rules, -1 for the default
	text    string  // names the rule to a person, counting from 1
	on      pattern // zero for a catch-all
	to      template
	inverse *inverse // nil when a target name does not tell the topic
}

// newRule compiles a rule, or says all that is wrong with it.
func newRule(r Rule, index int, source, target string) (*rule, []*Fault) {
	out := &rule{Rule: r, index: index, text: fmt.Sprintf("rule %d %s", index+1, r)}
	if index < 0 {
		out.text = "the default " + r.String()
	}
	var faults []*Fault
	fault := func(key string, err error) {
		faults = append(faults, &Fault{Field: "rename", Index: index, Key: key, Msg: err.Error()})
	}
	groups, key, err := out.parseOn()
	if err != nil {
		fault(key, err)
	}
	switch {
	case r.To == "":
		fault("to", errors.New("the rule has no \"to\", the name that topics get on the target"))
	case err == nil: // without its groups the template cannot be judged
		if out.to, err = parseTemplate(r.To, source, target, groups); err != nil {
			fault("to", err)
		} else if n := out.to.fixed(); n > MaxName {
			fault("to", fmt.Errorf("the fixed part of the name alone has %d characters, Kafka allows %d", n, MaxName))
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	out.inverse = newInverse(out)
	return out, nil
}

// parseOn reads what the rule applies to, and returns the names of its groups.
// On an error it also says which key is wrong.
func (r *rule) parseOn() (groups []string, key string, err error) {
	switch {
	case r.Topic != "" && r.Match != "":
		return nil, "match", errors.New("a rule has either \"topic\" (one exact name) or \"match\" (a regular expression), not both")
	case r.Topic != "":
		if strings.Contains(r.Topic, "/") {
			return nil, "topic", fmt.Errorf("\"topic\" is one exact name; a regular expression belongs in \"match\": {match: %q, ...}", r.Topic)
		}
		if err := CheckName(r.Topic); err != nil {
			return nil, "topic", err
		}
		r.on = pattern{text: r.Topic, exact: r.Topic}
	case r.Match != "":
		inner, err := between(r.Match)
		if err != nil {
			if !strings.Contains(r.Match, "/") {
				err = fmt.Errorf("a regular expression is written between slashes: \"/%s/\"; one exact name belongs in \"topic\"", r.Match)
			}
			return nil, "match", err
		}
		re, err := whole(inner)
		if err != nil {
			return nil, "match", err
		}
		for _, name := range re.SubexpNames() {
			if name == "source" || name == "target" || name == "topic" {
				return nil, "match", fmt.Errorf("a group cannot be called %q, which is a placeholder of its own; choose another name", name)
			}
		}
		r.on = pattern{text: r.Match, re: re}
		return re.SubexpNames(), "", nil
	}
	return nil, "", nil
}

func (r *rule) catchAll() bool { return r.on.exact == "" && r.on.re == nil }

// match returns the texts of the groups, nil where the rule has none.
func (r *rule) match(topic string) (groups []string, ok bool) {
	switch {
	case r.on.re != nil:
		groups = r.on.re.FindStringSubmatch(topic)
		return groups, groups != nil
	case r.on.exact != "":
		return nil, r.on.exact == topic
	}
	return nil, true
}
