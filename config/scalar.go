package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// scalar returns the text of a value with the environment filled in, and
// whether that changed it: such a text may be a number whatever YAML calls it.
func (d *decoder) scalar(n *yaml.Node, what string) (text string, expanded, ok bool) {
	if !d.kind(n, yaml.ScalarNode, what) {
		return "", false, false
	}
	if isNull(n) {
		d.fault(n, what+" is wanted here, this is nothing", "")
		return "", false, false
	}
	text, expanded, err := expand(n.Value, d.env)
	if err != nil {
		d.fault(n, err.Error(), "")
		return "", false, false
	}
	return text, expanded, true
}

// text reads a text that is not empty.
func (d *decoder) text(n *yaml.Node) (string, bool) {
	text, expanded, ok := d.scalar(n, "a text")
	switch {
	case !ok:
		return "", false
	case !expanded && n.Tag != "!!str" && n.Tag != "!!timestamp":
		d.fault(n, "a text is wanted here, this is "+shape(n), fmt.Sprintf("put it in quotes: %q", n.Value))
		return "", false
	case text == "":
		d.fault(n, "this text is empty", "give it a value, or remove the key")
		return "", false
	}
	return text, true
}

// secret reads a text that no message may show.
func (d *decoder) secret(n *yaml.Node) (Secret, bool) {
	const what = "a text"
	if !d.kind(n, yaml.ScalarNode, what) {
		return Secret{}, false
	}
	text, expanded, err := expand(n.Value, d.env)
	switch {
	case err != nil && wholeVariable.MatchString(n.Value):
		d.fault(n, err.Error(), "") // the name of a variable is not the secret
	case err != nil:
		d.fault(n, "an environment variable in this value is not set or not closed by }", "a dollar sign that is meant as such is written $$")
	case !expanded && n.Tag != "!!str" && n.Tag != "!!timestamp":
		d.fault(n, "a text is wanted here, this is "+shape(n), "put it in quotes")
	case text == "":
		d.fault(n, "this secret is empty", "")
	default:
		return NewSecret(text), true
	}
	return Secret{}, false
}

var wholeVariable = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)

// texts reads a list of texts, and returns their nodes for messages. A bad one
// is reported and becomes "", so that each text keeps its place in the list.
func (d *decoder) texts(n *yaml.Node) (list []string, nodes []*yaml.Node) {
	nodes = d.items(n)
	for _, item := range nodes {
		text, _ := d.text(item)
		list = append(list, text)
	}
	return list, nodes
}

// items returns what is in a list of texts.
func (d *decoder) items(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.ScalarNode {
		d.fault(n, "a list is wanted here, this is "+shape(n), "put it in brackets: [...]")
		return nil
	}
	if !d.kind(n, yaml.SequenceNode, "a list") {
		return nil
	}
	return n.Content
}

// choice reads one of several words.
func (d *decoder) choice(n *yaml.Node, into *string, valid ...string) {
	text, ok := d.text(n)
	if !ok {
		return
	}
	for _, v := range valid {
		if text == v {
			*into = v
			return
		}
	}
	d.fault(n, fmt.Sprintf("%s is none of the values that are possible here", d.show(n)), suggest(text, valid))
}

// show quotes a value as the file has it, so that what an environment
// variable holds is not printed.
func (d *decoder) show(n *yaml.Node) string {
	const most = 60
	if r := []rune(n.Value); len(r) > most {
		return strconv.Quote(string(r[:most])) + "..."
	}
	return strconv.Quote(n.Value)
}

func (d *decoder) boolean(n *yaml.Node, into *bool) {
	text, expanded, ok := d.scalar(n, "true or false")
	switch {
	case !ok:
	case n.Tag != "!!bool" && !expanded:
		d.fault(n, "true or false is wanted here, this is "+shape(n), "write true or false, without quotes")
	case text == "true":
		*into = true
	case text == "false":
		*into = false
	default:
		d.fault(n, d.show(n)+" is neither true nor false", "write true or false, in small letters")
	}
}

func (d *decoder) integer(n *yaml.Node, into *int, low, high int) {
	text, expanded, ok := d.scalar(n, "a number")
	if !ok {
		return
	}
	v, err := strconv.ParseInt(text, 10, 64)
	switch {
	case !expanded && n.Tag != "!!int" && n.Tag != "!!float":
		d.fault(n, "a number is wanted here, this is "+shape(n), "write it as a whole number, without quotes")
	case err != nil:
		d.fault(n, d.show(n)+" is not a whole number", fmt.Sprintf("from %d to %d is possible, written in digits", low, high))
	case v < int64(low) || v > int64(high):
		d.fault(n, fmt.Sprintf("%s is out of range", d.show(n)), fmt.Sprintf("from %d to %d is possible", low, high))
	default:
		*into = int(v)
	}
}

// units of sizes. Those with an i are powers of 1024.
var units = []struct {
	name string
	size int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// size reads a number of bytes like 256MiB or 500KB.
func (d *decoder) size(n *yaml.Node, into *int64, low int64, lowText string) {
	text, _, ok := d.scalar(n, "a size like 256MiB")
	if !ok {
		return
	}
	v, err := ParseSize(text)
	switch {
	case err != nil:
		d.fault(n, fmt.Sprintf("%s is not a size: %v", d.show(n), err), "a size is a whole number with a unit, like 500KB, 256MiB or 1GiB")
	case v < low:
		d.fault(n, fmt.Sprintf("%s is too small", d.show(n)), "the least that works is "+lowText)
	default:
		*into = v
	}
}

// ParseSize reads a number of bytes: a whole number with a unit, such as 500KB,
// 256MiB or 1GiB, or without one.
func ParseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit, factor := strings.TrimSpace(text[len(digits):]), int64(1)
	if unit != "" {
		factor = 0
		names := make([]string, len(units))
		for i, u := range units {
			names[i] = u.name
			if u.name == unit {
				factor = u.size
			}
		}
		if factor == 0 {
			return 0, fmt.Errorf("unknown unit %q, %s", unit, suggest(unit, names))
		}
	}
	v, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err != nil || digits[0] == '+':
		return 0, fmt.Errorf("%q is not a whole number", digits)
	case v < 0:
		return 0, fmt.Errorf("it is negative")
	case v > math.MaxInt64/factor:
		return 0, fmt.Errorf("it is too large")
	}
	return v * factor, nil
}

// duration reads a time span like 5s or 1m30s.
func (d *decoder) duration(n *yaml.Node, into *time.Duration, low time.Duration) {
	text, _, ok := d.scalar(n, "a duration like 5s")
	if !ok {
		return
	}
	v, err := time.ParseDuration(text)
	switch {
	case err != nil:
		d.fault(n, d.show(n)+" is not a duration", "a duration is a number with a unit, like 500ms, 5s or 1m30s")
	case v < low:
		d.fault(n, d.show(n)+" is too short", fmt.Sprintf("the least that works is %s", low))
	default:
		*into = v
	}
}
