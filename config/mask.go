package config

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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
	masks := s.masks[line]
	slices.SortFunc(masks, func(a, b mask) int { return cmp.Compare(a.from, b.from) })
	for _, m := range masks {
		to := m.to
		if to < 0 || to > len(runes) {
			to = len(runes)
		}
		from := min(max(m.from, pos), len(runes))
		for from < to && runes[from] == ' ' {
			from++ // so that indentation stays
		}
		if to <= from {
			continue
		}
		out = append(out, runes[pos:from]...)
		if at >= from {
			moved = len(out)
		}
		out = append(out, []rune(redacted)...)
		if to < len(runes) && runes[to] != '@' {
			out = append(out, ' ') // the comma and space before it are hidden, too
		}
		if at >= to {
			moved = len(out) + at - to
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
// YAML parser found. A value reaches to the next node in the text.
func (s *source) maskTree(n *yaml.Node) {
	var secret *yaml.Node // whose end is not known yet
	var walk func(n *yaml.Node, inside bool)
	walk = func(n *yaml.Node, inside bool) {
		if secret != nil && !inside {
			s.maskNode(secret, n)
			secret = nil
		}
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 && isSecretKey(child.Value) {
				s.keys[wordOf(child)] = true
			}
			if !inside && n.Kind == yaml.MappingNode && i%2 == 1 && isSecretKey(n.Content[i-1].Value) {
				secret = child // its key was walked just before, which ended an earlier one
				walk(child, true)
				continue
			}
			walk(child, inside)
		}
	}
	walk(n, false)
	if secret != nil {
		s.maskNode(secret, nil)
	}
}

// wordOf returns where the text of a key begins.
func wordOf(key *yaml.Node) place {
	if key.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		return place{key.Line, key.Column + 1}
	}
	return place{key.Line, key.Column}
}

// maskNode hides everything from n to next, or to the end of the file.
func (s *source) maskNode(n, next *yaml.Node) {
	last := len(s.lines)
	if next != nil {
		last = min(next.Line, last)
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

// secretLine finds a word and what separates it from its value.
var secretLine = regexp.MustCompile(`([A-Za-z0-9_-]+)["']?(?:\s*[:=]|\s+\S)`)

// startsKey recognises a line that begins with a key of its own.
var startsKey = regexp.MustCompile(`^\s*(-\s+)?[A-Za-z0-9_.-]+\s*:`)

// secretFrom returns where in a line the value of a secret key begins, in
// characters. It goes by the text alone and leaves out keys that the parser
// knows.
func (s *source) secretFrom(line int) (from int, ok bool) {
	text := s.lines[line-1]
	column, counted := 1, 0
	for _, at := range secretLine.FindAllStringSubmatchIndex(text, -1) {
		if !isSecretKey(text[at[2]:at[3]]) {
			continue
		}
		column += utf8.RuneCountInString(text[counted:at[2]])
		counted = at[2]
		if !s.keys[place{line, column}] {
			return column + at[3] - at[2], true
		}
	}
	return 0, false
}

// userInfo finds the credentials in an address.
var userInfo = regexp.MustCompile(`://[^/@\s"']+@`)

// maskAddresses hides credentials in addresses, which belong nowhere but are
// written there all the same.
func (s *source) maskAddresses() {
	for i, line := range s.lines {
		for _, at := range userInfo.FindAllStringIndex(line, -1) {
			from, to := utf8.RuneCountInString(line[:at[0]]), utf8.RuneCountInString(line[:at[1]])
			s.masks[i+1] = append(s.masks[i+1], mask{from + len("://"), to - len("@")})
		}
	}
}

// maskRest hides what the parser does not take for the value of a secret key
// and a person might: "password hunter2" is a text, and "# password: hunter2"
// a comment.
func (s *source) maskRest() {
	for i := range s.lines {
		if from, ok := s.secretFrom(i + 1); ok {
			s.masks[i+1] = append(s.masks[i+1], mask{from, -1})
		}
	}
}

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
		from, secret := s.secretFrom(i + 1)
		if secret {
			s.masks[i+1] = append(s.masks[i+1], mask{from, -1})
		}
		hiding, depth = secret, indent
	}
}
