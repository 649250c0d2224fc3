package config

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"mirror/rename"
)

// Key is what there is to know about one key of the file.
type Key struct {
	Path     string   `json:"path"`     // with * for the names of clusters
	Type     string   `json:"type"`     // in words
	Values   []string `json:"values"`   // of a choice; empty: see Type
	Default  string   `json:"default"`  // as YAML; empty: there is none
	Required bool     `json:"required"` // where its mapping is there
	Text     string   `json:"text"`     // what it means, from the reference
	Example  string   `json:"example"`  // YAML, from the reference
	Keys     []string `json:"keys"`     // directly below it
}

// tables are the fields of a file, with the defaults as their values.
func tables() []field {
	return newDecoder("", newSource(nil), func(string) (string, bool) { return "", false }).rootFields()
}

// Keys returns all keys, each behind the one that it belongs to.
func Keys() []Key {
	said := referenceNotes()
	var keys []Key
	var walk func(parent string, fields []field) []string
	walk = func(parent string, fields []field) []string {
		var names []string
		for _, f := range fields {
			path := strings.TrimPrefix(parent+"."+f.key, ".")
			names = append(names, path)
			at := len(keys)
			keys = append(keys, newKey(path, f, said))
			if f.kind.below != nil {
				keys[at].Keys = walk(inside(path), f.kind.below())
			}
		}
		return names
	}
	walk("", tables())
	return keys
}

// inside is the path that the keys below a key have in front of them.
func inside(path string) string {
	if path == "clusters" {
		return path + ".*" // each has a name
	}
	return path
}

func newKey(path string, f field, said notes) Key {
	n := said.of(path)
	return Key{Path: path, Type: f.kind.words, Values: f.kind.values, Default: f.defaultText(),
		Required: f.required != "", Text: n.text, Example: n.example, Keys: []string{}}
}

// defaultText is the default as the file would have it.
func (f field) defaultText() string {
	switch standard := f.standard.(type) {
	case nil:
		return f.derived
	case []string:
		text, err := json.Marshal(standard)
		if err != nil {
			return ""
		}
		return string(text)
	default:
		return fmt.Sprint(standard)
	}
}

// index is a place in a list, as people copy it from an error or a document
var index = regexp.MustCompile(`\[[0-9*]*\]`)

// FindKeys returns the keys that a name can mean: a whole path, one with the name
// of a cluster in it, or the end of paths. When there is none it returns the
// nearest path, if one is near.
func FindKeys(name string) (found []Key, near string) {
	name = strings.Trim(index.ReplaceAllString(name, ""), ".")
	var words []string
	for _, key := range Keys() {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(key.Path), `\*`, `[^.]+`)
		switch {
		case regexp.MustCompile("^" + pattern + "$").MatchString(name):
			return []Key{key}, ""
		case strings.HasSuffix(key.Path, "."+name):
			found = append(found, key)
		}
		_, last := cutLast(key.Path)
		words = append(words, key.Path, last)
	}
	if len(found) == 0 {
		near, _ = rename.Nearest(name, words)
	}
	return found, near
}
