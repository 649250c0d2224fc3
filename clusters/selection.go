package clusters

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// selection is which topics are looked at one by one.
type selection struct {
	topics map[string]bool
	notes  []string // why not all that were asked for
}

// isInternal tells the topics that are left out unless they are written out.
func isInternal(topic string) bool { return strings.HasPrefix(topic, "__") }

// selectTopics picks the topics that the configuration names. Where there are too
// many it picks none: some of them by chance would look like all.
func selectTopics(metadata *kmsg.MetadataResponse, m *config.Monitor) *selection {
	s := &selection{topics: make(map[string]bool)}
	partitions := 0
	for i := range metadata.Topics {
		t := &metadata.Topics[i]
		name := *t.Topic
		if m.TopicSelection.Names(name) || m.TopicSelection.Takes(name) && !isInternal(name) {
			s.topics[name] = true
			partitions += len(t.Partitions)
		}
	}
	why := ""
	switch n := len(s.topics); {
	case n > m.MaxTopics:
		why = fmt.Sprintf("%s topics: more than monitor.max_topics (%s)", thousands(n), thousands(m.MaxTopics))
	case partitions > maxPartitions:
		why = fmt.Sprintf("%s topics have %s partitions: more than %s", thousands(n), thousands(partitions), thousands(maxPartitions))
	default:
		return s
	}
	s.topics = map[string]bool{}
	s.notes = append(s.notes, why+", so topics are not looked at one by one; monitor.topics can name fewer")
	return s
}

// wantedPartition is one whose end is asked for.
type wantedPartition struct {
	place
	leader int32
}

// wantedPartitions are those of the topics looked at, and those that groups have
// committed offsets of; ordered by topic.
func wantedPartitions(metadata *kmsg.MetadataResponse, s *selection, groups []groupAnswer) (wanted []wantedPartition) {
	committed := make(map[place]bool)
	for i := range groups {
		for p := range groups[i].committed {
			if !s.topics[p.topic] {
				committed[p] = true
			}
		}
	}
	for i := range metadata.Topics {
		t := &metadata.Topics[i]
		for k := range t.Partitions {
			p := place{*t.Topic, t.Partitions[k].Partition}
			if s.topics[p.topic] || committed[p] {
				wanted = append(wanted, wantedPartition{p, t.Partitions[k].Leader})
			}
		}
	}
	return wanted
}

// thousands writes a number as people read it.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
