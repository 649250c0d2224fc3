package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// errClosedAuth is what happens on brokers that do not say why they refuse (before 1.0, and behind some proxies).
var errClosedAuth = errors.New("the broker closed the connection during authentication, as some do when the credentials are wrong")

// maxSteps bounds a SASL exchange; SCRAM needs two.
const maxSteps = 8

// authenticate runs SaslHandshake version 1 and SaslAuthenticate (KIP-152), at first and again for a session that runs
// out (KIP-368). Without SASL it does nothing.
func (c *Conn) authenticate(ctx context.Context) error {
	if c.auth == nil {
		return nil
	}
	if err := c.saslHandshake(ctx); err != nil {
		return err
	}
	begin := time.Now()
	s, answer, err := c.auth.start(ctx, c.addr)
	if err != nil {
		return c.fail(&AuthError{Addr: c.addr, Mechanism: c.auth.Name(), Err: err})
	}
	done := false
	var lifetime time.Duration
	for step := 0; !done || len(answer) > 0; step++ {
		if step == maxSteps {
			return c.refuse("the broker does not end the %s exchange", c.auth.Name())
		}
		resp, err := c.saslAuthenticate(ctx, s, answer)
		if err != nil {
			return err
		}
		lifetime = millis(resp.SessionLifetimeMillis)
		answer = nil
		if !done {
			if done, answer, err = s.Challenge(resp.SASLAuthBytes); err != nil {
				return c.fail(err)
			}
		}
	}
	c.reauth = reauthTime(begin, lifetime)
	return nil
}

// saslHandshake names the mechanism.
func (c *Conn) saslHandshake(ctx context.Context) error {
	v, err := c.version(int16(kmsg.SASLHandshake), 1)
	if err != nil {
		return err
	}
	req := kmsg.NewPtrSASLHandshakeRequest()
	req.Version = v
	req.Mechanism = c.auth.Name()
	r, err := c.request(ctx, req, maxGreeting)
	if err != nil {
		return err
	}
	resp := r.(*kmsg.SASLHandshakeResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		offers := printable(strings.Join(resp.SupportedMechanisms, ", "))
		return c.fail(&AuthError{Addr: c.addr, Mechanism: c.auth.Name(), Offers: offers, Err: err})
	}
	return nil
}

// saslAuthenticate sends one message of the exchange and returns the broker's.
func (c *Conn) saslAuthenticate(ctx context.Context, s *session, message []byte) (*kmsg.SASLAuthenticateResponse, error) {
	v, err := c.version(int16(kmsg.SASLAuthenticate), 0)
	if err != nil {
		return nil, err
	}
	req := kmsg.NewPtrSASLAuthenticateRequest()
	req.Version = v
	req.SASLAuthBytes = message
	r, err := c.request(ctx, req, maxGreeting)
	clear(c.scratch) // it held the secret, and with PLAIN as it is
	if closed := (*ClosedError)(nil); errors.As(err, &closed) {
		return nil, &AuthError{Addr: c.addr, Mechanism: c.auth.Name(), Err: errClosedAuth}
	}
	if err != nil {
		return nil, err
	}
	resp := r.(*kmsg.SASLAuthenticateResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		if resp.ErrorMessage != nil && *resp.ErrorMessage != "" {
			err = fmt.Errorf("%w: %s", err, s.clean(*resp.ErrorMessage))
		}
		c.auth.refused()
		refused := errors.Is(err, kerr.SaslAuthenticationFailed)
		return nil, c.fail(&AuthError{Addr: c.addr, Mechanism: c.auth.Name(), Refused: refused, Err: err})
	}
	return resp, nil
}

// millis converts what a broker says, which may be any number, into a duration of at most a year.
func millis(ms int64) time.Duration {
	const year = 365 * 24 * time.Hour
	return time.Duration(min(max(ms, 0), year.Milliseconds())) * time.Millisecond
}

// renewalGap is the least time between two authentications of a connection. Brokers refuse a renewal within a second of
// the one before (KafkaChannel, MIN_REAUTH_INTERVAL_ONE_SECOND_NANOS). Sessions that are shorter end, and are dialled anew.
const renewalGap = 1100 * time.Millisecond

// reauthTime returns when a session that began at begin should be renewed: after 85 to 95 percent of its lifetime, by
// chance, as Kafka's own client does, so that not all connections do it at once. Zero stands for never.
func reauthTime(begin time.Time, lifetime time.Duration) time.Time {
	if lifetime <= 0 {
		return time.Time{}
	}
	return begin.Add(max(time.Duration((0.85+0.10*rand.Float64())*float64(lifetime)), renewalGap))
}

// ReauthDue tells whether the SASL session should be renewed now. A broker closes the connection on the first request
// after the session's end.
func (c *Conn) ReauthDue(now time.Time) bool { return !c.reauth.IsZero() && !now.Before(c.reauth) }

// Reauth renews the SASL session (KIP-368). No other request may be in flight.
func (c *Conn) Reauth(ctx context.Context) error { return c.authenticate(ctx) }
