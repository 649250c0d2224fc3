package config

import (
	"regexp"
	"strconv"
	"strings"
)

// plainScalar are texts that YAML takes for nothing but texts: names, paths,
// addresses, and durations in seconds.
var plainScalar = regexp.MustCompile(`^([A-Za-z/][A-Za-z0-9._/-]*(:[0-9]+)?|[0-9]+s)$`)

// Quote writes a text as YAML, in quotes where it could be taken for something
// else. The escapes of Go's quotes that YAML lacks cannot occur: what is not
// printable is written \x, \u or \U, which it has.
func Quote(text string) string {
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
	default:
		if plainScalar.MatchString(text) && !strings.HasSuffix(text, "/") {
			return text
		}
	}
	return strconv.Quote(text)
}

// QuoteList writes a list of texts as YAML, in one line.
func QuoteList(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = Quote(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
