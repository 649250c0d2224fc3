package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/config"
)

func TestExplain(t *testing.T) {
	a := newAuthority(t)
	plain := &config.Cluster{Name: "west", Brokers: []string{"west-1:9092"}}
	user := &config.Cluster{Name: "west", SASL: &config.SASL{Mechanism: config.ScramSHA512, Username: "mirror", PasswordFile: "/run/secrets/west"}}
	owner := &config.Cluster{Name: "west", SASL: &config.SASL{Mechanism: config.OAuthBearer, TokenFile: "/run/secrets/token"}}
	cert := &config.Cluster{Name: "west", TLS: a.files(t.TempDir(), true)}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}
	for _, c := range []struct {
		cluster *config.Cluster
		err     error
		what    string
		want    string
	}{
		{plain, nil, "x", ""},
		{plain, kerr.TopicAuthorizationFailed, "read topic orders",
			"cluster west: cannot read topic orders: the anonymous user is not authorised (TOPIC_AUTHORIZATION_FAILED); grant it an ACL for this operation on the topic"},
		{user, fmt.Errorf("wrapped: %w", kerr.GroupAuthorizationFailed), "join group __mirror_west-to-east",
			"cluster west: cannot join group __mirror_west-to-east: user mirror is not authorised (GROUP_AUTHORIZATION_FAILED); grant it an ACL for this operation on the group"},
		{cert, kerr.ClusterAuthorizationFailed, "create topic orders",
			"cluster west: cannot create topic orders: the client certificate CN=mirror is not authorised (CLUSTER_AUTHORIZATION_FAILED); grant it an ACL for this operation on the cluster"},
		{owner, kerr.SaslAuthenticationFailed, "",
			"cluster west: the broker refused the token (in /run/secrets/token) of the token's owner by OAUTHBEARER; correct it, it is read again at the next try"},
		{user, kerr.SaslAuthenticationFailed, "",
			"cluster west: the broker refused the password (in /run/secrets/west) of user mirror by SCRAM-SHA-512; correct it, it is read again at the next try"},
		{plain, dialError("west-1:9092", refused), "",
			"cluster west: west-1:9092 cannot be reached (no route to host); check that the broker runs and that the network lets this host through"},
		{plain, dialError("10.0.0.5:9092", refused), "",
			"cluster west: the brokers advertise the address 10.0.0.5:9092, which cannot be reached from here (no route to host); correct advertised.listeners of that broker or open the way to it"},
		{plain, dialError("kafka-0:9092", &net.DNSError{Err: "no such host", Name: "kafka-0", IsNotFound: true}), "",
			"cluster west: the brokers advertise the address kafka-0:9092, whose name cannot be resolved here (lookup kafka-0: no such host); correct advertised.listeners of that broker or the name service"},
		{plain, kerr.UnsupportedVersion, "x", "cluster west: cannot x: the broker does not know this request; its version is too old"},
		{plain, errors.New("broker is too old; the broker has already indicated"), "", "cluster west: the broker does not know this request; its version is too old"},
		{plain, &ProtocolError{Addr: "west-1:9092", Why: "nonsense", Sender: "tls"}, "", "cluster west: the listener expects TLS and the configuration has none; set tls or use the address of a plaintext listener"},
		{plain, &ProtocolError{Addr: "west-1:80", Sender: "http"}, "", "cluster west: west-1:80 answers with HTTP and is no Kafka broker; correct the address"},
		{plain, fmt.Errorf("read from west-1:9092: %w", os.ErrDeadlineExceeded), "x", "cluster west: cannot x: no answer came in time (read from west-1:9092: i/o timeout)"},
		{plain, errors.New("something\x1b[31m else\n"), "", "cluster west: something [31m else "},
	} {
		if got := Explain(c.err, c.cluster, c.what); got != c.want {
			t.Errorf("%v:\ngot  %s\nwant %s", c.err, got, c.want)
		}
	}
}

// TestExplainRedacts has errors that repeat each kind of secret.
func TestExplainRedacts(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(canary+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for name, sasl := range map[string]*config.SASL{
		"password":      {Mechanism: config.Plain, Password: config.NewSecret(canary)},
		"password file": {Mechanism: config.Plain, PasswordFile: file("password")},
		"token file":    {Mechanism: config.OAuthBearer, TokenFile: file("token")},
		"client secret": {Mechanism: config.OAuthBearer, ClientSecret: config.NewSecret(canary)},
	} {
		c := &config.Cluster{Name: "west", SASL: sasl}
		for _, err := range []error{
			errors.New("you sent " + canary),
			fmt.Errorf("%w: %s is wrong", kerr.SaslAuthenticationFailed, canary),
			&ProtocolError{Addr: "a:1", Why: canary}, &TLSError{Addr: "a:1", Err: errors.New(canary)},
			&AuthError{Addr: "a:1", Err: errors.New(canary)},
		} {
			if got := Explain(err, c, "x"); strings.Contains(got, canary) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

func TestLoggerRedacts(t *testing.T) {
	cl, c := fakeCluster(t, kfake.EnableSASL(), kfake.Superuser(config.Plain, "mirror", "other"))
	refuse(cl)
	c.SASL = &config.SASL{Mechanism: config.Plain, Username: "mirror", Password: config.NewSecret(canary)}
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	k, err := NewClient(c, "mirror-test", WithLogger(log, c), once())
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Ping(testCtx(t)); err == nil {
		t.Error("no error")
	}
	k.Close()
	if got := out.String(); !strings.Contains(got, "[redacted]") || strings.Contains(got, canary) {
		t.Errorf("logged: %s", got)
	}
}
