package convert

import (
	"errors"
	"strings"
)

// login is a sasl.jaas.config: the login module and its options.
type login struct {
	module  string
	options map[string]string
}

// parseJAAS reads "Module required key=value key="value";". Its errors never
// repeat what it reads, which holds secrets.
func parseJAAS(text string) (login, error) {
	t := jaasTokens{rest: text}
	l := login{options: make(map[string]string)}
	var ok bool
	if l.module, ok = t.word(); !ok {
		return l, errors.New("it does not begin with the name of a login module")
	}
	if _, ok = t.word(); !ok {
		return l, errors.New(`the control flag ("required") is missing behind the login module`)
	}
	for {
		if t.end() {
			return l, nil
		}
		key, ok := t.word()
		if !ok || !t.equals() {
			return l, errors.New("an option is not written like key=value")
		}
		value, ok := t.word()
		if !ok {
			return l, errors.New("an option has no value, or a quote is not closed")
		}
		l.options[key] = value
	}
}

// jaasTokens cuts words, quoted texts, '=' and ';'.
type jaasTokens struct{ rest string }

func (t *jaasTokens) blanks() { t.rest = strings.TrimLeft(t.rest, " \t\r\n\f") }

// end reports whether the entry is over.
func (t *jaasTokens) end() bool {
	t.blanks()
	return t.rest == "" || t.rest[0] == ';'
}

func (t *jaasTokens) equals() bool {
	t.blanks()
	var ok bool
	t.rest, ok = strings.CutPrefix(t.rest, "=")
	return ok
}

// word takes a word or a quoted text.
func (t *jaasTokens) word() (string, bool) {
	t.blanks()
	if t.rest != "" && (t.rest[0] == '"' || t.rest[0] == '\'') {
		return t.quoted(t.rest[0])
	}
	end := strings.IndexAny(t.rest, " \t\r\n\f=;\"'")
	if end < 0 {
		end = len(t.rest)
	}
	word := t.rest[:end]
	t.rest = t.rest[end:]
	return word, word != ""
}

func (t *jaasTokens) quoted(quote byte) (string, bool) {
	var b strings.Builder
	for i := 1; i < len(t.rest); i++ {
		switch c := t.rest[i]; {
		case c == quote:
			t.rest = t.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(t.rest):
			i++
			b.WriteByte(t.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
