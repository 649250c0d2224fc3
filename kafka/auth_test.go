package kafka

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// canary is a secret that no error may show.
const canary = "s3cret-c4nary"

// withSASL starts a cluster whose user "mirror" has the canary as password.
func withSASL(t testing.TB, mechanism string, opts ...kfake.Opt) *config.Cluster {
	c := fake(t, append(opts, kfake.EnableSASL(), kfake.Superuser(mechanism, "mirror", canary))...)
	c.SASL = &config.SASL{Mechanism: mechanism, Username: "mirror", Password: config.NewSecret(canary)}
	return c
}

func TestSASL(t *testing.T) {
	for _, mechanism := range []string{config.Plain, config.ScramSHA256, config.ScramSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			c := withSASL(t, mechanism)
			roundTrip(t, dial(t, c), topicIDs(t, c))
		})
	}
}

// dialFails dials and returns the error, after a check that it shows no secret.
func dialFails(t *testing.T, c *config.Cluster) error {
	t.Helper()
	d, err := NewDialer(c, "mirror-test")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.Dial(testCtx(t), c.Brokers[0])
	if err == nil {
		conn.Close()
		t.Fatal("no error")
	}
	for _, text := range []string{err.Error(), Explain(err, c, "read topic orders")} {
		if strings.Contains(text, canary) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
	return err
}

func TestPasswordIsReadAgain(t *testing.T) {
	c := withSASL(t, config.ScramSHA512)
	file := filepath.Join(t.TempDir(), "password")
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.SASL.Password, c.SASL.PasswordFile = config.Secret{}, file
	d, err := NewDialer(c, "mirror-test")
	if err != nil {
		t.Fatal(err)
	}
	write("wrong")
	if _, err := d.Dial(testCtx(t), c.Brokers[0]); err == nil {
		t.Error("no error with the wrong password")
	}
	write(canary + "\n")
	conn, err := d.Dial(testCtx(t), c.Brokers[0])
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Dial(testCtx(t), c.Brokers[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the file: got %v, want %v", err, os.ErrNotExist)
	}
}

// refuse lets a cluster answer SaslAuthenticate as Apache Kafka does when the password is wrong; one that means ill
// repeats what it was sent.
func refuse(cl *kfake.Cluster) {
	cl.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cl.KeepControl()
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
		text := "Authentication failed: " + string(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes)
		resp.ErrorMessage = &text
		return resp, nil, true
	})
}

func TestWrongPassword(t *testing.T) {
	cl, c := fakeCluster(t, kfake.EnableSASL(), kfake.Superuser(config.Plain, "mirror", "other"))
	c.SASL = &config.SASL{Mechanism: config.Plain, Username: "mirror", Password: config.NewSecret(canary)}

	var auth *AuthError
	if err := dialFails(t, c); !errors.As(err, &auth) || auth.Refused {
		t.Errorf("a broker that closes the connection: got %v", err)
	}
	refuse(cl)
	refused := dialFails(t, c)
	if err := refused; !errors.As(err, &auth) || !auth.Refused || !errors.Is(err, kerr.SaslAuthenticationFailed) {
		t.Errorf("a broker that says why: got %v", err)
	}
	want := "cluster west: cannot list topics: the broker refused the password of user mirror by PLAIN; correct it, it is read again at the next try"
	if got := Explain(refused, c, "list topics"); got != want {
		t.Errorf("explained:\ngot  %s\nwant %s", got, want)
	}
	_, err := kadm.NewClient(client(t, c)).ListTopics(testCtx(t))
	if got := Explain(err, c, "list topics"); got != want {
		t.Errorf("explained from franz-go (%v):\ngot  %s\nwant %s", err, got, want)
	}
}

// answerHandshake lets a cluster answer SaslHandshake with an error code.
func answerHandshake(cl *kfake.Cluster, code int16, mechanisms ...string) {
	cl.ControlKey(int16(kmsg.SASLHandshake), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cl.KeepControl()
		resp := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
		resp.ErrorCode, resp.SupportedMechanisms = code, mechanisms
		return resp, nil, true
	})
}

func TestHandshakeRefused(t *testing.T) {
	cl, c := fakeCluster(t)
	c.SASL = &config.SASL{Mechanism: config.Plain, Username: "mirror", Password: config.NewSecret(canary)}
	answerHandshake(cl, kerr.UnsupportedSaslMechanism.Code, "GSSAPI", "SCRAM-\x1b[31mSHA-256")
	if got, want := Explain(dialFails(t, c), c, ""), "does not offer the SASL mechanism PLAIN, only GSSAPI, SCRAM- [31mSHA-256;"; !strings.Contains(got, want) {
		t.Errorf("another mechanism:\ngot  %s\nwant %s", got, want)
	}
	cl, other := fakeCluster(t)
	c.Brokers = other.Brokers
	answerHandshake(cl, kerr.IllegalSaslState.Code)
	if got, want := Explain(dialFails(t, c), c, ""), "does not use SASL; remove sasl"; !strings.Contains(got, want) {
		t.Errorf("a listener without SASL:\ngot  %s\nwant %s", got, want)
	}
}

func TestSASLMissing(t *testing.T) {
	c := withSASL(t, config.ScramSHA256)
	c.SASL = nil
	conn := dial(t, c) // ApiVersions is free
	_, err := conn.Request(testCtx(t), kmsg.NewPtrListOffsetsRequest())
	var closed *ClosedError
	if !errors.As(err, &closed) {
		t.Errorf("got %v, want a %T", err, closed)
	}
	if got := Explain(err, c, ""); !strings.Contains(got, "may expect TLS or SASL") {
		t.Errorf("explained: %s", got)
	}
}

// TestReauth goes on over several sessions of three seconds each, by a clock of its own.
func TestReauth(t *testing.T) {
	for _, mechanism := range []string{config.Plain, config.ScramSHA256} {
		t.Run(mechanism, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var network kfake.VirtualNetwork
				c := withSASL(t, mechanism, kfake.BrokerConfigs(map[string]string{"connections.max.reauth.ms": "3000"}), kfake.ListenFn(network.Listen), kfake.Ports(9092))
				ids := topicIDs(t, c, kgo.Dialer(network.DialContext))
				conn := dial(t, c, WithDialFunc(network.DialContext))
				for range 3 {
					now := time.Now()
					if conn.ReauthDue(now) {
						t.Fatal("due at once")
					}
					if !conn.ReauthDue(now.Add(3 * time.Second)) {
						t.Fatal("not due after the session's end")
					}
					if d := conn.reauth.Sub(now); d < 2550*time.Millisecond {
						t.Errorf("due in %s, want 2.55s or more", d)
					}
					time.Sleep(time.Until(conn.reauth))
					if err := conn.Reauth(testCtx(t)); err != nil {
						t.Fatal(err)
					}
					resp := exchange(t, conn, ProducePart{Topic: "b", TopicID: ids["b"], Records: batchOf([]byte("x"))})
					if code := resp.Topics[0].Partitions[0].ErrorCode; code != 0 {
						t.Errorf("produce: got error %d", code)
					}
				}
			})
		})
	}
}

func TestReauthTime(t *testing.T) {
	begin := time.Unix(1000, 0)
	for ms, want := range map[int64][2]time.Duration{
		-5: {}, 0: {},
		1000:    {renewalGap, renewalGap}, // sooner, a broker refuses
		10000:   {8500 * time.Millisecond, 9500 * time.Millisecond},
		1 << 62: {365 * 24 * time.Hour * 85 / 100, 365 * 24 * time.Hour * 95 / 100},
	} {
		got := reauthTime(begin, millis(ms))
		if got.IsZero() && want[0] == 0 {
			continue
		}
		if d := got.Sub(begin); d < want[0] || d > want[1] {
			t.Errorf("lifetime %d ms: got %s, want %s to %s", ms, d, want[0], want[1])
		}
	}
}

func TestScramIterations(t *testing.T) {
	for message, want := range map[string]int{
		"r=abc,s=c2FsdA==,i=4096": 4096, "r=abc,s=c2FsdA==,i=2000000000": 2000000000, "v=signature": 0, "": 0, "r=abc,s=i=5": 0, "r=x,i=y": 0,
	} {
		if got := iterations([]byte(message)); got != want {
			t.Errorf("%q: got %d, want %d", message, got, want)
		}
	}
	a, err := newAuthenticator(&config.SASL{Mechanism: config.ScramSHA256, Username: "mirror", Password: config.NewSecret(canary)})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := a.Authenticate(context.Background(), "broker:9092")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Challenge([]byte("r=abc,s=c2FsdA==,i=2000000000")); err == nil || !strings.Contains(err.Error(), "iterations") {
		t.Errorf("two billion iterations: got %v", err)
	}
}
