package sink

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// maxPart is how long a part of a name may be that becomes the name of a file on
// the server, less what is put around it.
const maxPart = 200

// pathPart makes a topic's name, or whatever else a label holds, into one part of
// a dotted path. Letters, digits, - and _ stay; a dot becomes =, since dots
// separate the parts; every other byte becomes =_ and two hex digits, as does a _
// behind a dot. No two texts give the same part.
func pathPart(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case isPlain(c) && (c != '_' || i == 0 || text[i-1] != '.'):
			b.WriteByte(c)
		case c == '.':
			b.WriteByte('=')
		default:
			fmt.Fprintf(&b, "=_%02x", c)
		}
	}
	if text == "" {
		return "=_"
	}
	return shorten(b.String())
}

// shorten cuts what is too long for the name of a file. A hash of the whole keeps
// two long names apart; the s is no hex digit, so no escape looks like it.
func shorten(part string) string {
	if len(part) <= maxPart {
		return part
	}
	sum := sha256.Sum256([]byte(part))
	return part[:maxPart-35] + "=_s" + hex.EncodeToString(sum[:16])
}

// tagValue makes a label's value fit for OpenTSDB and KairosDB, which take
// letters, digits, -, _, . and /. Every other byte, and / itself, becomes / and
// two hex digits.
func tagValue(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; isPlain(c) || c == '.' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "/%02x", c)
		}
	}
	if text == "" {
		return "/"
	}
	return b.String()
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// path is the dotted name of a point: the prefix, name and value of each label,
// and the metric's name without what the labels say already.
func path(prefix string, p point) string {
	var b strings.Builder
	if prefix != "" {
		b.WriteString(prefix)
		b.WriteByte('.')
	}
	for _, l := range p.labels {
		b.WriteString(l.Name)
		b.WriteByte('.')
		b.WriteString(pathPart(l.Value))
		b.WriteByte('.')
	}
	name := p.name
	for _, level := range []string{"mirror_route_", "mirror_partition_", "mirror_cluster_broker_", "mirror_cluster_topic_", "mirror_cluster_group_", "mirror_cluster_", "mirror_"} {
		if rest, ok := strings.CutPrefix(name, level); ok {
			name = rest
			break
		}
	}
	b.WriteString(name)
	return b.String()
}

// expandPrefix fills in the names of the mirror and the process.
func expandPrefix(prefix string, id Identity) string {
	return strings.Trim(strings.NewReplacer("{mirror}", pathPart(id.Mirror), "{process}", pathPart(id.Process)).Replace(prefix), ".")
}
