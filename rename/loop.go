package rename

import (
	"fmt"
	"strings"
)

// Two mirrors that copy everything in both directions must settle. Without a
// guard west's orders becomes west.orders in the east, which becomes
// east.west.orders in the west, and so on until names are too long. A copy is
// recognised by what its name says; where names are kept, the batches
// themselves say who wrote them, which is not decided here.
//
// Each hop of a chain of mirrors adds the fixed text of its template, and
// refuses a name that has this text already. So no chain is longer than the
// number of routes in it, whatever clusters it visits.

// looping says why a topic, renamed by r, is a copy that must not be copied
// on, or "" when it may. groups are those of r's match.
func looping(r *rule, topic string, groups []string) string {
	for i, s := range r.to.segments {
		if s.cluster && len(r.to.vars) > 0 {
			return loopingCluster(r, i, topic)
		}
	}
	return loopingText(r, topic, groups)
}

// loopingCluster judges by segment i of the template, which contains the name of a cluster.
func loopingCluster(r *rule, i int, topic string) string {
	s, last := r.to.segments[i], len(r.to.vars)
	came := false
	switch i {
	case 0:
		came = strings.HasPrefix(topic, s.back)
	case last:
		came = strings.HasSuffix(topic, s.back)
	default:
		came = strings.Contains(topic, s.back)
	}
	switch {
	case came:
		return fmt.Sprintf("its name has %q, which marks what came from the target cluster: copying it back would loop; %s", s.back, wayOut(topic))
	case occurs(topic, s.text, i == 0, i == last):
		return fmt.Sprintf("its name has %q already, and the new name would have it twice: copies of copies would never end; %s", s.text, wayOut(topic))
	}
	return ""
}

// loopingText judges a template that adds fixed text to the whole name but
// names no cluster, like "mirror.{topic}": here only the text itself tells.
func loopingText(r *rule, topic string, groups []string) string {
	if len(r.to.vars) != 1 || value(r.to.vars[0], topic, groups) != topic {
		return ""
	}
	head, tail := r.to.segments[0].text, r.to.segments[1].text
	if head == "" && tail == "" {
		return ""
	}
	if (head == "" || occurs(topic, head, true, false)) && (tail == "" || occurs(topic, tail, false, true)) {
		return fmt.Sprintf("its name has %q already, so it looks like a copy that this rule made: copies of copies would never end; %s", head+tail, wayOut(topic))
	}
	return ""
}

func wayOut(topic string) string {
	return fmt.Sprintf("if it is no copy, give it a rule of its own with a fixed name: {topic: %s, to: ...}", topic)
}

// occurs reports whether mark is in the name where a template could have put
// it: a head begins the name or follows a separator, a tail ends the name or
// is followed by one.
func occurs(name, mark string, head, tail bool) bool {
	if mark == "" {
		return false
	}
	for from := 0; ; {
		at := strings.Index(name[from:], mark)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(mark)
		left := !head || at == 0 || isSeparator(name[at-1])
		right := !tail || end == len(name) || isSeparator(name[end])
		if left && right {
			return true
		}
		from = at + 1
	}
}

// returning says why a topic would come back to where it came from, or "".
func (m *Mapper) returning(topic, target string) string {
	if topic == target && m.spec.Source == m.spec.Target {
		return fmt.Sprintf("it would be copied onto itself: source and target are both cluster %s and the name stays %s", m.spec.Source, topic)
	}
	home := m.spec.Target
	if rest, ok := strings.CutPrefix(topic, home); ok && len(rest) > 1 && isSeparator(rest[0]) && rest[1:] == target {
		return fmt.Sprintf("it came from topic %s of cluster %s, and this rule would bring it back there; choose another target name", target, home)
	}
	if rest, ok := strings.CutSuffix(topic, home); ok && len(rest) > 1 && isSeparator(rest[len(rest)-1]) && rest[:len(rest)-1] == target {
		return fmt.Sprintf("it came from topic %s of cluster %s, and this rule would bring it back there; choose another target name", target, home)
	}
	return ""
}
