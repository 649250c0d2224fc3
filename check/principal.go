package check

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"mirror/config"
	"mirror/kafka"
)

// principal is how the cluster's brokers know us, as far as that can be told here: no request asks a broker for it. sure
// is false where the brokers' settings decide (ssl.principal.mapping.rules, a claim of a token).
func principal(c *config.Cluster) (name string, sure bool) {
	switch {
	case c.SASL != nil && c.SASL.Username != "":
		return "User:" + c.SASL.Username, true
	case c.SASL != nil:
		if subject := tokenSubject(c.SASL); subject != "" {
			return "User:" + subject, false
		}
		return "User:" + c.SASL.ClientID, false
	case c.TLS != nil && c.TLS.CertFile != "":
		return "User:" + kafka.CertificateSubject(c.TLS.CertFile), false
	}
	return "User:ANONYMOUS", true
}

// tokenSubject is the claim of a token that names its bearer (RFC 7519, sub); "" when there is no token that can be read
// as a JWT. Nothing is verified: it is only proposed.
func tokenSubject(s *config.SASL) string {
	if s.TokenFile == "" {
		return ""
	}
	token, err := s.ReadToken()
	if err != nil {
		return ""
	}
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Subject
}

// who is the principal in a sentence.
func (c *cluster) who() string {
	name, sure := principal(c.config)
	if !sure {
		return name + " (a guess: the brokers' settings decide)"
	}
	return name
}
