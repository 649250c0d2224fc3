package kafka

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// tokenServer gives out tokens to client "mirror" with the canary as secret.
type tokenServer struct {
	*httptest.Server
	mu     sync.Mutex
	asked  int
	answer func(w http.ResponseWriter, n int) // nil: a token named after n, good for an hour
}

func newTokenServer(t *testing.T) *tokenServer {
	s := &tokenServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *tokenServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	id, secret, ok := r.BasicAuth()
	switch {
	case r.Method != http.MethodPost || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "kafka read":
		w.WriteHeader(http.StatusBadRequest)
	case !ok || id != "mirror" || secret != canary:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"not ` + secret + `"}`))
	case s.answer != nil:
		s.answer(w, s.asked)
	default:
		_, _ = w.Write([]byte(`{"access_token":"token-` + string(rune('0'+s.asked)) + `","token_type":"Bearer","expires_in":3600}`))
	}
}

func (s *tokenServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// bearer starts a cluster that takes OAUTHBEARER tokens for which good returns true, as Apache Kafka does.
func bearer(t *testing.T, good func(token string) bool) *config.Cluster {
	cl, c := fakeCluster(t)
	answerHandshake(cl, 0, config.OAuthBearer)
	cl.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cl.KeepControl()
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		text := string(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes)
		token, ok := strings.CutPrefix(text, "n,,\x01auth=Bearer ")
		switch token, end := strings.CutSuffix(token, "\x01\x01"); {
		case !ok || !end:
			resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
		case !good(token):
			resp.SASLAuthBytes = []byte(`{"status":"invalid_token"}`)
		default:
			resp.SessionLifetimeMillis = 60_000
		}
		return resp, nil, true
	})
	return c
}

func oauthConfig(url string) *config.SASL {
	return &config.SASL{Mechanism: config.OAuthBearer, TokenURL: url, ClientID: "mirror", ClientSecret: config.NewSecret(canary), Scopes: []string{"kafka", "read"}}
}

func TestOAuth(t *testing.T) {
	s := newTokenServer(t)
	c := bearer(t, func(token string) bool { return token == "token-1" })
	c.SASL = oauthConfig(s.URL + "/token")
	d, err := NewDialer(c, "mirror-test")
	if err != nil {
		t.Fatal(err)
	}
	cl, err := d.NewClient(c.Brokers)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	topics, err := kadm.NewClient(cl).ListTopics(testCtx(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		conn, err := d.Dial(testCtx(t), c.Brokers[0])
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			roundTrip(t, conn, map[string][16]byte{"a": topics["a"].ID, "b": topics["b"].ID})
		}
		if conn.reauth.IsZero() {
			t.Error("the session's lifetime is not kept")
		}
		conn.Close()
	}
	if got := s.count(); got != 1 {
		t.Errorf("tokens asked for: got %d, want 1", got)
	}
}

// TestTokenRefused checks that a token a broker refused is not used again.
func TestTokenRefused(t *testing.T) {
	s := newTokenServer(t)
	c := bearer(t, func(token string) bool { return token == "token-2" })
	c.SASL = oauthConfig(s.URL)
	d, err := NewDialer(c, "mirror-test")
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Dial(testCtx(t), c.Brokers[0])
	var auth *AuthError
	if !errors.As(err, &auth) || !auth.Refused || !strings.Contains(err.Error(), "invalid_token") {
		t.Errorf("first token: got %v", err)
	}
	if got, want := Explain(err, c, ""), "the broker refused the token of client mirror by OAUTHBEARER"; !strings.Contains(got, want) {
		t.Errorf("explained:\ngot  %s\nwant %s", got, want)
	}
	conn, err := d.Dial(testCtx(t), c.Brokers[0])
	if err != nil {
		t.Fatalf("second token: %v", err)
	}
	conn.Close()
}

func TestTokenFile(t *testing.T) {
	a := newAuthority(t)
	file := t.TempDir() + "/token"
	a.write(file, []byte("from-file\n"))
	c := bearer(t, func(token string) bool { return token == "from-file" })
	c.SASL = &config.SASL{Mechanism: config.OAuthBearer, TokenFile: file}
	dial(t, c)
}

func TestTokenTrouble(t *testing.T) {
	other := newTokenServer(t)
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter, n int)
		change func(*config.SASL)
		want   string
	}{
		{"wrong secret", nil, func(s *config.SASL) { s.ClientSecret = config.NewSecret(canary + "-old") }, "answered 401: invalid_client"},
		{"redirect", func(w http.ResponseWriter, _ int) {
			w.Header().Set("Location", other.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, nil, "answered 307"},
		{"not JSON", func(w http.ResponseWriter, _ int) { _, _ = w.Write([]byte("<html>" + canary)) }, nil, "did not answer with JSON"},
		{"no token", func(w http.ResponseWriter, _ int) { _, _ = w.Write([]byte(`{}`)) }, nil, "without an access_token"},
		{"a token that would break the exchange", func(w http.ResponseWriter, _ int) {
			_, _ = w.Write([]byte(`{"access_token":"a\u0001b"}`))
		}, nil, "characters no token may have"},
		{"secret in an error code", func(w http.ResponseWriter, _ int) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"` + canary + `"}`))
		}, nil, "answered 400"},
		{"unreachable", nil, func(s *config.SASL) { s.TokenURL = "http://" + canary + ":" + canary + "@127.0.0.1:1/" + canary }, "connection refused"},
		{"not a URL", nil, func(s *config.SASL) { s.TokenURL = "http://" + canary + "\x7f" }, "token_url is not a URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newTokenServer(t)
			s.answer = test.answer
			c := bearer(t, func(string) bool { return true })
			c.SASL = oauthConfig(s.URL)
			if test.change != nil {
				test.change(c.SASL)
			}
			if err := dialFails(t, c); !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if got := other.count(); got != 0 {
		t.Errorf("the redirect was followed %d times", got)
	}
}

func TestTokenIsRenewed(t *testing.T) {
	s := newTokenServer(t)
	s.answer = func(w http.ResponseWriter, n int) {
		_, _ = w.Write([]byte(`{"access_token":"x","expires_in":100}`))
	}
	src := newTokenSource(oauthConfig(s.URL))
	for i, c := range []struct {
		after time.Duration
		asked int
	}{{0, 1}, {79 * time.Second, 1}, {2 * time.Second, 2}} {
		src.till = src.till.Add(-c.after)
		if _, err := src.token(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := s.count(); got != c.asked {
			t.Errorf("step %d: asked %d times, want %d", i, got, c.asked)
		}
	}
}
