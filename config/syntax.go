package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

var (
	yamlLine      = regexp.MustCompile(`^yaml: (?:line (\d+): )?(?s:(.*))$`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(?s:(.*))' referenced$`)
)

// syntax reports text that is no YAML. What the parser says is put in plainer
// words and never repeated where it could contain a value.
func (d *decoder) syntax(data []byte, err error) {
	line, msg := 1, err.Error()
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		msg = m[2]
	}
	if m := unknownAnchor.FindStringSubmatch(msg); m != nil {
		line, col := position(data, "*"+m[1])
		d.at(line, col, 1, "YAML aliases (*name) are not supported", "a text that begins with * needs quotes")
		return
	}
	if strings.ContainsAny(msg, "`%") || len(msg) > 100 {
		msg = "the parser cannot make sense of it" // it might repeat a value
	}
	line = min(d.lastGood(data, line), len(d.src.lines))
	text := d.src.lines[line-1]
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	if at := strings.IndexByte(indent, '\t'); at >= 0 {
		d.at(line, at+1, 1, "a tab indents this line, YAML allows only spaces", "replace the tab by spaces")
		return
	}
	hint := syntaxHint(msg)
	if strings.Count(text, `"`)%2 == 1 {
		hint = "a quote that opens here is not closed"
	}
	d.at(line, len(indent)+1, 1, "not valid YAML: "+msg, hint)
}

// syntaxHint explains the parser's commonest complaints.
func syntaxHint(msg string) string {
	switch {
	case strings.Contains(msg, "mapping values are not allowed"):
		return "a colon followed by a space makes a key; put a text that contains one in quotes"
	case strings.Contains(msg, "did not find expected key"), strings.Contains(msg, "did not find expected '-' indicator"):
		return "compare the indentation with the lines around it"
	case strings.Contains(msg, "cannot start any token"), strings.Contains(msg, "alphabetic or numeric"):
		return "put a text that begins with a special character in quotes"
	case strings.Contains(msg, "unexpected end of stream"), strings.Contains(msg, "did not find expected ',' or"):
		return "a quote or bracket that opens here is not closed"
	case strings.Contains(msg, "unknown escape character"):
		return `in double quotes a backslash is written \\; or use single quotes`
	case strings.Contains(msg, "could not find expected ':'"):
		return "a key needs a colon and a value"
	}
	return ""
}

// position finds a text in the file, as line and column.
func position(data []byte, text string) (line, col int) {
	at := bytes.Index(data, []byte(text))
	if at < 0 {
		return 1, 1
	}
	before := string(data[:at])
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, len([]rune(before[start:])) + 1
}

// lastGood returns the line after the longest beginning of the file that is
// valid. The parser's own line is that of the enclosing block, often far above.
func (d *decoder) lastGood(data []byte, fallback int) int {
	const maxWork = 16 << 20 // bytes parsed in all, so that a huge file fails as fast as a small one
	lines := bytes.SplitAfter(data, []byte("\n"))
	if len(lines)*len(data) > maxWork {
		return max(1, fallback)
	}
	end := len(data)
	for n := len(lines); n > 0; n-- {
		end -= len(lines[n-1])
		if _, _, err := documents(data[:end]); err == nil {
			return n
		}
	}
	return max(1, fallback)
}
