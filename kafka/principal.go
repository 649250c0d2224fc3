package kafka

import "mirror/config"

// Principal describes whom a cluster's config logs in as. A client cannot know the
// name that the brokers give it.
func Principal(c *config.Cluster) string {
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
