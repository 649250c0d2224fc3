package config

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"mirror/rename"
)

// mask hides a part of a line that belongs to a secret: characters [from, to),
// from 0; to < 0 means the rest of the line.
type mask struct{ from, to int }

// masked returns a line with its secrets replaced, and where in it the
// character at went.
func (s *source) masked(line, at int) ([]rune, int) {
	runes := []rune(strings.TrimSuffix(s.lines[line-1], "\r"))
	at = max(0, min(at, len(runes)))
	var out []rune
	moved, pos := at, 0
	for _, m := range s.masks[line] {
		to := m.to
		if to < 0 || to > len(runes) {
			to = len(runes)
		}
		from := min(max(m.from, pos), len(runes))
		if to <= from {
			continue
		}
		out = append(out, runes[pos:from]...)
		switch {
		case at >= to:
			moved = len(out) + len(redacted) + 1 + at - to
		case at >= from:
			moved = len(out)
		}
		out = append(out, []rune(redacted)...)
		if to < len(runes) {
			out = append(out, ' ')
		}
		pos = to
	}
	return append(out, runes[pos:]...), moved
}

// secretWords in a key say that its value is not for showing, even when the
// key is none that exists: a mistyped "passwrd" is reported with its line.
var secretWords = regexp.MustCompile(`(?i)passw|passphrase|pwd|secret|token|credential`)

// isSecretKey reports whether the value of a key must never be shown.
func isSecretKey(key string) bool {
	for _, end := range []string{"_file", "_url"} {
		if strings.HasSuffix(strings.ToLower(key), end) {
			return false
		}
	}
	if secretWords.MatchString(key) {
		return true
	}
	near, ok := rename.Nearest(key, []string{"username", "password", "client_secret"})
	return ok && near != "username"
}

// maskTree hides the values of secret keys below n, using the places that the
// YAML parser found.
func (s *source) maskTree(n *yaml.Node) {
	var flat []*yaml.Node // in the order of the text
	type span struct{ first, next int }
	var secrets []span
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		flat = append(flat, n)
		for i, child := range n.Content {
			first := len(flat)
			walk(child)
			if n.Kind == yaml.MappingNode && i%2 == 1 && isSecretKey(n.Content[i-1].Value) {
				secrets = append(secrets, span{first, len(flat)})
			}
		}
	}
	walk(n)
	for _, sp := range secrets {
		var next *yaml.Node
		if sp.next < len(flat) {
			next = flat[sp.next]
		}
		s.maskNode(flat[sp.first], next)
	}
}

// maskNode hides everything from n to next, or to the end of the file.
func (s *source) maskNode(n, next *yaml.Node) {
	last := len(s.lines)
	if next != nil {
		last = next.Line
	}
	for line := n.Line; line <= last; line++ {
		m := mask{0, -1}
		if line == n.Line {
			m.from = n.Column - 1
		}
		if next != nil && line == next.Line {
			m.to = next.Column - 1
		}
		s.masks[line] = append(s.masks[line], m)
	}
}

// secretLine finds a key and its colon in text that is not YAML yet.
var secretLine = regexp.MustCompile(`([A-Za-z0-9_-]+)["']?\s*:`)

// startsKey recognises a line that begins with a key of its own.
var startsKey = regexp.MustCompile(`^\s*(-\s+)?[A-Za-z0-9_.-]+\s*:`)

// maskText does what it can where the parser failed: it hides the rest of a
// line after a secret key, and all lines after it that are indented deeper or
// do not begin with a key.
func (s *source) maskText() {
	hiding, depth := false, 0
	for i, line := range s.lines {
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		if hiding && (indent > depth || !startsKey.MatchString(line)) {
			s.masks[i+1] = []mask{{0, -1}}
			continue
		}
		hiding = false
		for _, at := range secretLine.FindAllStringSubmatchIndex(line, -1) {
			if isSecretKey(line[at[2]:at[3]]) {
				from := len([]rune(line[:at[1]])) + 1
				s.masks[i+1] = []mask{{from, -1}}
				hiding, depth = true, indent
				break
			}
		}
	}
}
