package config

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"mirror/rename"
)

// decoder walks the YAML nodes by the keys that exist. It never stops at a
// fault, so that one run shows all of them.
type decoder struct {
	env    func(string) (string, bool)
	src    *source
	faults *Faults
	cfg    *Config
	places []*routeNodes  // of cfg.Routes
	told   map[place]bool // where a fault was reported
}

// entry is a key with its value.
type entry struct{ key, value *yaml.Node }

// found are the entries of one mapping, by key.
type found map[string]entry

// maxMessage bounds a message that repeats a value, in characters.
const maxMessage = 1500

// place is a line and a column.
type place struct{ line, col int }

// at reports a fault at a place in the text.
func (d *decoder) at(line, col, width int, msg, hint string) {
	d.told[place{line, col}] = true
	msg = userInfo.ReplaceAllString(msg, "://"+redacted+"@")
	if r := []rune(msg); len(r) > maxMessage {
		msg = string(r[:maxMessage]) + "..."
	}
	d.faults.List = append(d.faults.List, Fault{Line: line, Column: col, Msg: msg, Hint: hint, width: width})
}

// fault reports a fault of a node.
func (d *decoder) fault(n *yaml.Node, msg, hint string) {
	d.at(n.Line, n.Column, width(n), msg, hint)
}

// width estimates how many characters a node covers in its line.
func width(n *yaml.Node) int {
	if n.Kind != yaml.ScalarNode || strings.Contains(n.Value, "\n") {
		return 1
	}
	w := len([]rune(n.Value))
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		w += 2
	}
	return max(1, w)
}

// require reports the keys that must be there and are not, at the place that
// stands for their mapping.
func (d *decoder) require(where *yaml.Node, got found, fields []field) {
	for _, f := range fields {
		if _, ok := got[f.key]; !ok && f.required != "" {
			d.missing(where, f.key, strings.TrimPrefix(f.required, "-"))
		}
	}
}

// missing reports a key that must be there, at the key whose mapping lacks it.
func (d *decoder) missing(where *yaml.Node, key, hint string) {
	d.fault(where, fmt.Sprintf("%q is missing here", key), hint)
}

// entries returns the pairs of a mapping, without duplicates and pairs that
// cannot be decoded.
func (d *decoder) entries(e entry, what string) ([]entry, bool) {
	if !d.kind(e.value, yaml.MappingNode, what) {
		return nil, false
	}
	first := make(map[string]int)
	var out []entry
	for i := 0; i+1 < len(e.value.Content); i += 2 {
		key, value := e.value.Content[i], e.value.Content[i+1]
		switch {
		case key.Kind == yaml.AliasNode, key.Anchor != "", key.Style&yaml.TaggedStyle != 0:
			continue // reported with the structure
		case key.Kind != yaml.ScalarNode:
			d.fault(key, "a key must be a plain word", "")
			continue
		case key.Tag == "!!merge":
			d.fault(key, "YAML merge keys (<<) are not supported", "write the values out at each place")
			continue
		}
		if line, twice := first[key.Value]; twice {
			d.fault(key, fmt.Sprintf("%s is here twice, first in line %d", keyName(key), line), "remove one of them")
			continue
		}
		first[key.Value] = key.Line
		if isNull(value) {
			d.fault(key, fmt.Sprintf("%s has no value", keyName(key)), "give it one, or remove the key to get the default")
			continue
		}
		out = append(out, entry{key, value})
	}
	return out, true
}

// keyName quotes a key that looks like one. Anything else could be a value
// that a slip put into the place of a key, even a secret.
func keyName(key *yaml.Node) string {
	const most = 60
	if len(key.Value) > most || strings.ContainsAny(key.Value, " \t\n=:") {
		return "key"
	}
	return fmt.Sprintf("key %q", key.Value)
}

// mapping decodes a mapping with a fixed set of keys. path names it for
// messages, with * for names that the user chooses.
func (d *decoder) mapping(path string, e entry, fields ...field) found {
	read := make(map[string]func(entry), len(fields))
	valid := make([]string, len(fields))
	for i, f := range fields {
		read[f.key], valid[i] = f.read, f.key
	}
	entries, _ := d.entries(e, "a mapping (key: value)")
	got := make(found)
	for _, x := range entries {
		if read[x.key.Value] == nil {
			d.unknown(path, x.key, valid)
			continue
		}
		got[x.key.Value] = x
		read[x.key.Value](x)
	}
	return got
}

// later are keys of coming versions, with what to know about them now.
var later = map[string]string{
	"routes.sync.acls": "this version does not copy ACLs",
}

func (d *decoder) unknown(path string, key *yaml.Node, valid []string) {
	msg := "unknown " + keyName(key)
	full := strings.TrimPrefix(path+"."+key.Value, ".")
	if why, ok := later[full]; ok {
		d.fault(key, msg+": not supported in this version", why+"; remove it")
		return
	}
	d.fault(key, msg, suggest(key.Value, valid))
}

// suggest names the word that was probably meant, or all that there are.
func suggest(word string, valid []string) string {
	if near, ok := rename.Nearest(word, valid); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "valid here: " + strings.Join(valid, ", ")
}

// kind checks the shape of a node. what says in words what is wanted.
func (d *decoder) kind(n *yaml.Node, kind yaml.Kind, what string) bool {
	if n.Kind == kind && n.Style&yaml.TaggedStyle == 0 {
		return true
	}
	if n.Kind != yaml.AliasNode && n.Style&yaml.TaggedStyle == 0 { // reported with the structure
		d.fault(n, fmt.Sprintf("%s is wanted here, this is %s", what, shape(n)), "")
	}
	return false
}

// shape names what a node is.
func shape(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping (key: value)"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!int", n.Tag == "!!float":
		return "a number"
	case n.Tag == "!!bool":
		return "true or false"
	case n.Tag == "!!null":
		return "nothing"
	}
	return "a text"
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
