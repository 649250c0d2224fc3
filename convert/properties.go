package convert

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// property is one setting of the input.
type property struct {
	key, value string
	line       int // from 1
}

// parseProperties reads the format of java.util.Properties: one "key = value" a
// line, with ':' or blanks in place of '=' if one likes, comments that begin with
// '#' or '!', lines that go on behind a backslash, and escapes in keys and values.
// Of a key that is there twice the last one counts, as in Java. Blanks around a
// value are cut off, as the types of Kafka's settings do.
func parseProperties(data []byte) ([]property, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("the file is not UTF-8 text")
	}
	var list []property
	index := make(map[string]int)
	r := propertyReader{rest: strings.TrimPrefix(string(data), "\ufeff")}
	for r.next() {
		p, err := splitProperty(r.logical)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", r.began, err)
		}
		p.line = r.began
		if at, twice := index[p.key]; twice {
			list[at] = p
			continue
		}
		index[p.key] = len(list)
		list = append(list, p)
	}
	return list, nil
}

// propertyReader joins lines to logical ones, and leaves out comments and empty
// lines.
type propertyReader struct {
	rest    string
	line    int // read so far
	logical string
	began   int // line that logical begins in
}

func (r *propertyReader) next() bool {
	for r.rest != "" {
		text := r.physical()
		if text == "" || text[0] == '#' || text[0] == '!' {
			continue
		}
		r.began = r.line
		var b strings.Builder
		for goesOn(text) {
			b.WriteString(text[:len(text)-1])
			if r.rest == "" {
				text = ""
				break
			}
			text = r.physical()
		}
		b.WriteString(text)
		r.logical = b.String()
		return true
	}
	return false
}

// physical takes one line, without the blanks it begins with.
func (r *propertyReader) physical() string {
	end := strings.IndexAny(r.rest, "\r\n")
	text, after := r.rest, ""
	if end >= 0 {
		text, after = r.rest[:end], r.rest[end+1:]
		if r.rest[end] == '\r' {
			after = strings.TrimPrefix(after, "\n")
		}
	}
	r.rest = after
	r.line++
	return strings.TrimLeft(text, blanks)
}

const blanks = " \t\f"

// goesOn reports whether a line ends with a backslash that is not escaped.
func goesOn(text string) bool {
	n := len(text) - len(strings.TrimRight(text, `\`))
	return n%2 == 1
}

// splitProperty cuts a logical line into key and value.
func splitProperty(text string) (property, error) {
	end := 0
	for end < len(text) && !strings.ContainsRune(blanks+"=:", rune(text[end])) {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(text))
	value := strings.TrimLeft(text[end:], blanks)
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], blanks)
	}
	key, err := unescape(text[:end])
	if err != nil {
		return property{}, err
	}
	if value, err = unescape(value); err != nil {
		return property{}, err
	}
	return property{key: key, value: strings.TrimSpace(value)}, nil
}

// unescape resolves \t \n \r \f and \uXXXX; before anything else a backslash is
// dropped. Characters beyond 16 bits are written as two escapes.
func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var b strings.Builder
	var units []uint16 // of escapes that follow each other
	flush := func() {
		b.WriteString(string(utf16.Decode(units)))
		units = units[:0]
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			flush()
			b.WriteByte(text[i])
			continue
		}
		i++
		switch {
		case i == len(text): // Java drops it, too
		case text[i] == 'u':
			if i+5 > len(text) {
				return "", errors.New(`\u needs four hexadecimal digits behind it; a backslash that is meant as such is written \\`)
			}
			unit, err := strconv.ParseUint(text[i+1:i+5], 16, 16)
			if err != nil {
				return "", errors.New(`\u needs four hexadecimal digits behind it; a backslash that is meant as such is written \\`)
			}
			units = append(units, uint16(unit))
			i += 4
		default:
			flush()
			if at := strings.IndexByte("tnrf", text[i]); at >= 0 {
				b.WriteByte("\t\n\r\f"[at])
			} else {
				b.WriteByte(text[i])
			}
		}
	}
	flush()
	return b.String(), nil
}

// list cuts a value of Kafka's type LIST.
func list(value string) []string {
	var out []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
