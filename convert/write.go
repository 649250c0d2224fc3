package convert

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// writer writes the output. It is not yaml.v3's encoder, because most of the
// output are comments at exact places.
type writer struct{ b strings.Builder }

const commentWidth = 110

func (w *writer) line(indent int, format string, args ...any) {
	w.b.WriteString(strings.TrimRight(strings.Repeat(" ", indent)+fmt.Sprintf(format, args...), " ") + "\n")
}

// comment writes a comment; texts that begin with blanks are commands to copy,
// and stay in one line.
func (w *writer) comment(indent int, text string) {
	text = oneLine(text)
	if strings.HasPrefix(text, " ") {
		w.line(indent, "# %s", text)
		return
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > commentWidth-indent {
			w.line(indent, "# %s", line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	w.line(indent, "# %s", line)
}

func (w *writer) notes(indent int, list notes) {
	for _, n := range list {
		w.comment(indent, n.text())
	}
}

func (w *writer) pairs(indent int, pairs []pair) {
	for _, p := range pairs {
		for _, text := range p.comments {
			w.comment(indent, text)
		}
		w.line(indent, "%s: %s", p.key, p.yaml())
	}
}

// yaml is the value as it is written: what is no list or mapping is quoted where
// it must be.
func (p pair) yaml() string {
	if p.value == "" || p.value[0] != '[' && p.value[0] != '{' && p.value[0] != '"' {
		return quote(p.value)
	}
	return p.value
}

func (w *writer) cluster(c *cluster) {
	w.line(2, "%s:", quote(c.name))
	w.pairs(4, []pair{{key: "brokers", value: flowList(c.brokers)}})
	if c.rack != "" {
		w.pairs(4, []pair{{key: "rack", value: c.rack}})
	}
	switch {
	case c.tls == nil:
	case len(c.tls.pairs) == 0:
		w.line(4, "tls: {}")
	default:
		w.line(4, "tls:")
		w.pairs(6, c.tls.pairs)
	}
	if len(c.sasl) > 0 {
		w.line(4, "sasl:")
		w.pairs(6, c.sasl)
	}
	w.notes(4, c.notes)
}

func (w *writer) route(r *route) {
	w.line(2, "- from: %s", quote(r.from))
	w.line(4, "to: %s", quote(r.to))
	w.pairs(4, r.pairs)
	w.notes(4, r.notes)
}

// plainScalar are texts that YAML takes for nothing but texts: names, paths,
// addresses, and durations in seconds.
var plainScalar = regexp.MustCompile(`^([A-Za-z/][A-Za-z0-9._/-]*(:[0-9]+)?|[0-9]+s)$`)

// quote writes a text as YAML, in quotes where it could be taken for something
// else. The escapes of Go's quotes that YAML lacks cannot occur: what is not
// printable is written \x, \u or \U, which it has.
func quote(text string) string {
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
	default:
		if plainScalar.MatchString(text) && !strings.HasSuffix(text, "/") {
			return text
		}
	}
	return strconv.Quote(text)
}

// flowList writes a list in one line.
func flowList(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		if quoted[i] = quote(item); strings.ContainsAny(item, "${") && quoted[i][0] != '"' {
			quoted[i] = strconv.Quote(item)
		}
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
