package rename

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// pattern is an entry of topics or exclude, or what a rule applies to: one
// exact name, or a regular expression that must match the whole name.
type pattern struct {
	text  string         // as written
	exact string         // "" for a regular expression
	re    *regexp.Regexp // anchored at both ends; nil for an exact name
}

// parsePattern reads an entry. Slashes, which no topic name can contain,
// tell a regular expression from a name.
func parsePattern(text string) (pattern, error) {
	if !strings.Contains(text, "/") {
		if err := CheckName(text); err != nil {
			return pattern{}, fmt.Errorf("%w; a regular expression is written between slashes: \"/.../\"", err)
		}
		return pattern{text: text, exact: text}, nil
	}
	inner, err := between(text)
	if err != nil {
		return pattern{}, err
	}
	re, err := whole(inner)
	if err != nil {
		return pattern{}, err
	}
	return pattern{text: text, re: re}, nil
}

// between cuts the slashes off a regular expression.
func between(text string) (string, error) {
	if len(text) < 2 || text[0] != '/' || text[len(text)-1] != '/' {
		return "", fmt.Errorf("%q needs a slash at both ends to be a regular expression, and none to be a name", text)
	}
	if len(text) == 2 {
		return "", errors.New("the regular expression is empty; \"/.*/\" matches every name")
	}
	return text[1 : len(text)-1], nil
}

// maxExpr bounds an expression, in bytes. The program that RE2 makes of one can
// be a thousand times as long.
const maxExpr = 4096

// whole compiles an expression so that it matches whole names only. It is
// compiled bare first: "a)|(b" would otherwise become valid inside the group.
func whole(expr string) (*regexp.Regexp, error) {
	if len(expr) > maxExpr {
		return nil, fmt.Errorf("the regular expression has %d characters, at most %d are possible; several entries work as well as one", len(expr), maxExpr)
	}
	if _, err := regexp.Compile(expr); err != nil {
		return nil, fmt.Errorf("%q is not a regular expression (RE2 syntax): %w", expr, plain(err))
	}
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("%q is not a regular expression (RE2 syntax): %w", expr, plain(err))
	}
	return re, nil
}

// plain drops the package's own prefix from a compile error.
func plain(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "error parsing regexp: "))
}

func (p pattern) matches(topic string) bool {
	if p.re == nil {
		return p.exact == topic
	}
	return p.re.MatchString(topic)
}

// set answers whether a name is in a list of patterns: exact names at once,
// expressions in their order.
type set struct {
	exact map[string]pattern
	res   []pattern
}

func newSet(list []pattern) set {
	s := set{exact: make(map[string]pattern)}
	for _, p := range list {
		if p.re == nil {
			s.exact[p.exact] = p
		} else {
			s.res = append(s.res, p)
		}
	}
	return s
}

// find returns the pattern that covers topic.
func (s set) find(topic string) (pattern, bool) {
	if p, ok := s.exact[topic]; ok {
		return p, true
	}
	for _, p := range s.res {
		if p.matches(topic) {
			return p, true
		}
	}
	return pattern{}, false
}
