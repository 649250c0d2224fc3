package replicate

import (
	"fmt"

	"mirror/config"
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
	return fmt.Sprintf("%s is not authorised for %s on %s of cluster %s; grant it", principal(cluster), op, on, cluster.Name)
}

// principal describes whom a cluster's config logs in as.
func principal(c *config.Cluster) string {
	switch {
	case c.SASL != nil && c.SASL.Username != "":
		return "user " + c.SASL.Username
	case c.SASL != nil && c.SASL.ClientID != "":
		return "client " + c.SASL.ClientID
	case c.SASL != nil:
		return "the bearer of the configured token"
	case c.TLS != nil && c.TLS.CertFile != "":
		return "the owner of certificate " + c.TLS.CertFile
	}
	return "the anonymous user (cluster " + c.Name + " has no sasl and no client certificate in the config)"
}
