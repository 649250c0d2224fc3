package rename

import (
	"errors"
	"fmt"
	"strings"
)

// MaxName is the longest topic name that Kafka accepts, in bytes. The limit
// is 255 for a file name less the "-<partition>.log" style suffixes
// (org.apache.kafka.common.internals.Topic, MAX_NAME_LENGTH).
const MaxName = 249

// CheckName says whether Kafka accepts name as the name of a topic: letters,
// digits, '.', '_' and '-', 1 to 249 of them, and neither "." nor ".."
// (org.apache.kafka.common.internals.Topic.validate).
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case name == "." || name == "..":
		return fmt.Errorf("%q is not allowed as a name", name)
	case len(name) > MaxName:
		return fmt.Errorf("the name has %d characters, Kafka allows %d", len(name), MaxName)
	}
	if c, ok := illegal(name); ok {
		return fmt.Errorf("the name %q contains %q, Kafka allows only letters, digits, '.', '_' and '-'", name, c)
	}
	return nil
}

// illegal returns the first character that no topic name can contain.
func illegal(text string) (rune, bool) {
	for _, c := range text {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return c, true
		}
	}
	return 0, false
}

// Internal says whether a topic is never copied whatever a route selects, and
// why. These are the topics that describe the cluster they live in: Kafka's
// own, this program's checkpoint topics, and those that MirrorMaker 2 writes
// (org.apache.kafka.connect.mirror.ReplicationPolicy.isMM2InternalTopic).
func Internal(topic string) (why string, yes bool) {
	switch {
	case strings.HasPrefix(topic, "__mirror_"):
		return "it is a checkpoint topic of mirror", true
	case strings.HasPrefix(topic, "__"):
		return "names that begin with __ are internal to their cluster", true
	case topic == "heartbeats" || strings.HasSuffix(topic, ".heartbeats"):
		return "it is a heartbeat topic of MirrorMaker 2", true
	case strings.HasSuffix(topic, ".checkpoints.internal"):
		return "it is a checkpoint topic of MirrorMaker 2", true
	case strings.HasPrefix(topic, "mm2-"):
		return "names that begin with mm2- are internal to MirrorMaker 2", true
	}
	return "", false
}

// isSeparator reports whether c separates the parts of a topic name.
func isSeparator(c byte) bool { return c == '.' || c == '_' || c == '-' }
