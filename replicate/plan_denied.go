package replicate

import (
	"fmt"

	"mirror/config"
	"mirror/kafka"
)

// deniedError says which operation on which topic was refused to whom.
type deniedError struct {
	op, topic string
	cluster   *config.Cluster // nil where the caller does not know it
	cause     error
}

func (e *deniedError) Error() string { return deniedAt(e.op, e.topic, e.cluster) }
func (e *deniedError) Unwrap() error { return e.cause }

// deniedAt is the one sentence for a missing permission. A client cannot know the name that the broker gives it (the
// principal), so the configured user is named. topic "" stands for the topic that the sentence is already about.
func deniedAt(op, topic string, cluster *config.Cluster) string {
	on := "the topic"
	if topic != "" {
		on = "topic " + topic
	}
	if cluster == nil {
		return fmt.Sprintf("the configured user is not authorised for %s on %s; grant it", op, on)
	}
	return fmt.Sprintf("%s is not authorised for %s on %s of cluster %s; grant it", kafka.Principal(cluster), op, on, cluster.Name)
}
