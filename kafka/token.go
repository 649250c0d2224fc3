package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mirror/config"
)

// Bounds on a token endpoint.
const (
	tokenTimeout  = 15 * time.Second
	maxTokenBytes = 1 << 20
)

// tokenSource fetches tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4) and keeps one until most of its
// life is over, since a fleet's many connections authenticate at about the same time. It is safe for concurrent use.
type tokenSource struct {
	config *config.SASL // immutable
	client *http.Client // immutable

	turn chan struct{} // holds one value; whoever has taken it may use the rest, and may be waited for with a context
	kept string
	till time.Time // when kept is to be replaced
}

func newTokenSource(c *config.SASL) *tokenSource {
	s := &tokenSource{config: c, turn: make(chan struct{}, 1)}
	s.client = &http.Client{
		Timeout: tokenTimeout,
		// Following a redirect could send the client's secret somewhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		// Connections are not kept, so that none outlives a call.
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: dialTimeout},
	}
	s.turn <- struct{}{}
	return s
}

// token returns the kept token, or a new one.
func (s *tokenSource) token(ctx context.Context) (string, error) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return "", fmt.Errorf("fetch token: %w", context.Cause(ctx))
	}
	defer func() { s.turn <- struct{}{} }()
	now := time.Now()
	if s.kept != "" && now.Before(s.till) {
		return s.kept, nil
	}
	token, life, err := s.fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("fetch token: %w", err)
	}
	// A session lives as long as its token, and is renewed at 85 percent of its life at the earliest: by then another
	// token must come.
	s.kept, s.till = token, now.Add(life*8/10)
	return token, nil
}

// forget drops a token that a broker refused.
func (s *tokenSource) forget() {
	<-s.turn
	s.kept = ""
	s.turn <- struct{}{}
}

// tokenReply is what an endpoint answers, well or not (RFC 6749, sections 5.1 and 5.2).
type tokenReply struct {
	AccessToken string  `json:"access_token"`
	ExpiresIn   float64 `json:"expires_in"` // seconds
	Error       string  `json:"error"`
}

// fetch asks the endpoint for a token. Errors name the endpoint's host and its error code, never what was sent.
func (s *tokenSource) fetch(ctx context.Context) (token string, life time.Duration, err error) {
	secret, err := s.config.ReadClientSecret()
	if err != nil {
		return "", 0, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(s.config.Scopes) > 0 {
		form.Set("scope", strings.Join(s.config.Scopes, " "))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, errors.New("token_url is not a URL") // without the text, which may hold a password
	}
	host := req.URL.Host
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(s.config.ClientID), url.QueryEscape(secret.Reveal()))
	resp, err := s.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the rest of it repeats the URL
		}
		return "", 0, fmt.Errorf("ask %s: %w", host, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenBytes))
	if err != nil {
		return "", 0, fmt.Errorf("ask %s: %w", host, err)
	}
	return parseToken(host, resp.StatusCode, body)
}

// parseToken reads an endpoint's answer.
func parseToken(host string, status int, body []byte) (string, time.Duration, error) {
	var r tokenReply
	err := json.Unmarshal(body, &r)
	switch {
	case status != http.StatusOK && err == nil && oauthCode(r.Error):
		return "", 0, fmt.Errorf("%s answered %d: %s", host, status, r.Error)
	case status != http.StatusOK:
		return "", 0, fmt.Errorf("%s answered %d", host, status)
	case err != nil:
		return "", 0, fmt.Errorf("%s did not answer with JSON", host)
	case r.AccessToken == "":
		return "", 0, fmt.Errorf("%s answered without an access_token", host)
	case strings.ContainsFunc(r.AccessToken, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		return "", 0, fmt.Errorf("%s answered with an access_token that has characters no token may have", host)
	}
	life := time.Minute // RFC 6749 leaves it open when the endpoint does not say
	if r.ExpiresIn > 0 {
		life = time.Duration(min(r.ExpiresIn, 86400) * float64(time.Second))
	}
	return r.AccessToken, life, nil
}

// oauthCode tells whether an error is one of the codes of RFC 6749, section 5.2, which can hold no secret.
func oauthCode(code string) bool {
	switch code {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		return true
	}
	return false
}
