package convert

import (
	"fmt"
	"strings"

	"mirror/config"
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
		w.line(indent, "%s: %s", p.key, p.value)
	}
}

func (w *writer) cluster(c *cluster) {
	w.line(2, "%s:", config.Quote(c.name))
	w.pairs(4, []pair{{key: "brokers", value: config.QuoteList(c.brokers)}})
	if c.rack != "" {
		w.pairs(4, []pair{textPair("rack", c.rack)})
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
	w.line(2, "- from: %s", config.Quote(r.from))
	w.line(4, "to: %s", config.Quote(r.to))
	w.pairs(4, r.pairs)
	w.notes(4, r.notes)
}
