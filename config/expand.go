package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} by the environment variable and $$ by $, in one
// scalar after YAML was parsed: a value can never change the file's shape. A
// $ before anything else stays, as at the end of a regular expression.
func expand(text string, env func(string) (string, bool)) (out string, changed bool, err error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String(), changed, nil
		}
		switch {
		case strings.HasPrefix(rest, "$"):
			b.WriteByte('$')
			text, changed = rest[1:], true
			continue
		case !strings.HasPrefix(rest, "{"):
			b.WriteByte('$')
			text = rest
			continue
		}
		name, after, closed := strings.Cut(rest[1:], "}")
		if !closed {
			return "", true, errors.New("${ is not closed by }; a dollar sign that is meant as such is written $$")
		}
		value, err := lookup(name, env)
		if err != nil {
			return "", true, err
		}
		b.WriteString(value)
		text, changed = after, true
	}
}

func lookup(name string, env func(string) (string, bool)) (string, error) {
	if !variable.MatchString(name) {
		return "", fmt.Errorf("${%s} is not the name of an environment variable; a dollar sign that is meant as such is written $$", name)
	}
	value, set := env(name)
	if set {
		return value, nil
	}
	switch name {
	case "source", "target", "topic":
		return "", fmt.Errorf("environment variable %s is not set; the placeholder is written {%s}, without the dollar sign", name, name)
	}
	return "", fmt.Errorf("environment variable %s is not set", name)
}
