package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"mirror/config"
)

// maxIterations bounds the work that a broker may ask of us in SCRAM. Kafka's own limit is 16,384.
const maxIterations = 1 << 18

// authenticator is a cluster's SASL mechanism. It reads the secrets anew for each session, so that a rotated password
// is picked up without a restart. It implements sasl.Mechanism for franz-go and is safe for concurrent use.
type authenticator struct {
	config *config.SASL
	tokens *tokenSource // of OAUTHBEARER with client credentials, else nil
}

func newAuthenticator(c *config.SASL) (*authenticator, error) {
	a := &authenticator{config: c}
	switch c.Mechanism {
	case config.Plain, config.ScramSHA256, config.ScramSHA512:
	case config.OAuthBearer:
		if c.TokenFile == "" {
			a.tokens = newTokenSource(c)
		}
	default:
		return nil, fmt.Errorf("sasl mechanism %q is not supported; use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER", c.Mechanism)
	}
	return a, nil
}

// Name implements sasl.Mechanism.
func (a *authenticator) Name() string { return a.config.Mechanism }

// Authenticate implements sasl.Mechanism.
func (a *authenticator) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	s, first, err := a.start(ctx, host)
	if err != nil {
		return nil, nil, &AuthError{Addr: host, Mechanism: a.Name(), Err: err}
	}
	return s, first, nil
}

// start reads the secret and begins a session.
func (a *authenticator) start(ctx context.Context, host string) (*session, []byte, error) {
	s := &session{auth: a, host: host}
	secret, err := a.secret(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.secret = secret
	var m sasl.Mechanism
	switch a.Name() {
	case config.Plain:
		m = plain.Auth{User: a.config.Username, Pass: secret}.AsMechanism()
	case config.ScramSHA256:
		m = scram.Auth{User: a.config.Username, Pass: secret}.AsSha256Mechanism()
	case config.ScramSHA512:
		m = scram.Auth{User: a.config.Username, Pass: secret}.AsSha512Mechanism()
	default:
		m = oauth.Auth{Token: secret}.AsMechanism()
	}
	var first []byte
	s.Session, first, err = m.Authenticate(ctx, host)
	return s, first, err
}

// secret returns the password or the token.
func (a *authenticator) secret(ctx context.Context) (string, error) {
	var read func() (config.Secret, error)
	switch {
	case a.tokens != nil:
		return a.tokens.token(ctx)
	case a.Name() == config.OAuthBearer:
		read = a.config.ReadToken
	default:
		read = a.config.ReadPassword
	}
	s, err := read()
	if err != nil {
		return "", err
	}
	if s.IsZero() {
		return "", errors.New("the password or token is empty")
	}
	return s.Reveal(), nil
}

// refused is called when a broker did not accept a session's secret. A token is not used again.
func (a *authenticator) refused() {
	if a.tokens != nil {
		a.tokens.forget()
	}
}

// session is one exchange with one broker.
type session struct {
	sasl.Session
	auth   *authenticator
	host   string
	secret string
}

// Challenge implements sasl.Session.
func (s *session) Challenge(from []byte) (done bool, answer []byte, err error) {
	if s.auth.Name() == config.OAuthBearer && len(from) > 0 {
		return false, nil, s.refuse(bearerStatus(from))
	}
	if n := iterations(from); n > maxIterations {
		err = fmt.Errorf("the broker asks for %d iterations, more than %d", n, maxIterations)
	} else {
		done, answer, err = s.Session.Challenge(from)
	}
	if err != nil {
		err = &AuthError{Addr: s.host, Mechanism: s.auth.Name(), Err: errors.New(s.clean(err.Error()))}
	}
	return done, answer, err
}

// refuse makes the error of a broker that did not accept the credentials, with its reason.
func (s *session) refuse(why string) error {
	s.auth.refused()
	return &AuthError{Addr: s.host, Mechanism: s.auth.Name(), Refused: true, Err: errors.New(s.clean(why))}
}

// maxReason is how much of a broker's own words is shown.
const maxReason = 300

// clean makes a broker's words fit for a message: without the secret, should it echo it, and without control characters.
func (s *session) clean(text string) string {
	for _, secret := range []string{s.secret, strings.Trim(strconv.Quote(s.secret), `"`)} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return printable(text)
}

// printable shortens a text of foreign origin and replaces what is not printable in it.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "..."
	}
	return text
}

// iterations returns the iteration count of a SCRAM server's first message (RFC 5802: "r=...,s=...,i=4096"), or 0.
func iterations(message []byte) int {
	if !bytes.HasPrefix(message, []byte("r=")) {
		return 0
	}
	for _, attribute := range bytes.Split(message, []byte(",")) {
		if n, ok := bytes.CutPrefix(attribute, []byte("i=")); ok {
			count, err := strconv.Atoi(string(n))
			if err != nil {
				return 0 // the mechanism says what is wrong with it
			}
			return count
		}
	}
	return 0
}

// bearerStatus returns what an OAUTHBEARER broker says about a token it refuses (RFC 7628: {"status":"invalid_token"}).
func bearerStatus(message []byte) string {
	var m struct{ Status string }
	if json.Unmarshal(message, &m) != nil || m.Status == "" {
		return "the broker refused the token"
	}
	return "the broker refused the token: " + m.Status
}
