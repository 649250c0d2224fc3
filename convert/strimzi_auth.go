package convert

import (
	"fmt"
	"strings"

	"mirror/config"
)

// trust asks for the trusted certificates of secrets in a file.
func (c *cluster) trust(trusted []strimziSecret) {
	if len(trusted) == 0 {
		return // the authorities of the system
	}
	comments := []string{"Mount these secrets, or put their certificates into this one file:"}
	for _, s := range trusted {
		switch {
		case s.Certificate != "":
			comments = append(comments, fmt.Sprintf("  kubectl get secret %s -o jsonpath='{.data.%s}' | base64 -d >> %s", s.SecretName, strings.ReplaceAll(s.Certificate, ".", `\.`), c.pem("ca")))
		default:
			comments = append(comments, fmt.Sprintf("  kubectl get secret %s -o yaml    # all that match %s", s.SecretName, firstOf(s.Pattern, "*.crt")))
		}
	}
	c.certificates = append(c.certificates, textPair("ca_file", c.pem("ca"), comments...))
}

// authenticate translates an authentication, and reports whether it is SASL.
func (c *cluster) authenticate(a strimziAuth, line int) bool {
	mount := func(s strimziSecret, key string) string {
		return fmt.Sprintf("Mount key %s of secret %s as this file; mirror reads it anew each time it is needed.", key, s.SecretName)
	}
	switch a.Type {
	case "":
		return false
	case "tls":
		s := a.CertificateAndKey
		c.certificates = append(c.certificates, textPair("cert_file", c.pem("cert"), mount(s, s.Certificate)),
			textPair("key_file", c.pem("key"), mount(s, s.Key)))
		return false
	case "scram-sha-512", "scram-sha-256", "plain":
		c.user = []pair{textPair("mechanism", strings.ToUpper(a.Type)), textPair("username", c.variable(a.Username)),
			textPair("password_file", c.secretFile("password"), mount(a.PasswordSecret, a.PasswordSecret.Password))}
		return true
	case "oauth":
		if a.ClientID == "" || a.ClientSecret.SecretName == "" || strings.Contains(a.TokenEndpoint, "@") || !strings.HasPrefix(a.TokenEndpoint, "http") {
			break
		}
		c.user = []pair{textPair("mechanism", config.OAuthBearer), textPair("token_url", dollars(a.TokenEndpoint)), textPair("client_id", c.variable(a.ClientID)),
			textPair("client_secret_file", c.secretFile("client-secret"), mount(a.ClientSecret, a.ClientSecret.Key))}
		if a.Scope != "" {
			c.user = append(c.user, pair{key: "scopes", value: config.QuoteList(strings.Fields(dollars(a.Scope)))})
		}
		return true
	case "custom":
		eachEntry(&a.Config, c.own.add)
		return a.SASL
	}
	c.notes.dropped(property{key: "authentication.type", value: a.Type, line: line}, "mirror has TLS certificates, PLAIN, SCRAM and OAUTHBEARER with client credentials or a token file; write tls and sasl by hand")
	return false
}
