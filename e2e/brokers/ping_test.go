package brokers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// pingAs asks the cluster for metadata through a listener, as alice where the listener wants a user.
func pingAs(ctx context.Context, t *testing.T, c *Cluster, l Listener) error {
	t.Helper()
	opts := []kgo.Opt{kgo.SeedBrokers(c.Addresses(l)...)}
	if l.sasl() {
		opts = append(opts, kgo.SASL(scram.Auth{User: "alice", Pass: "alice-secret"}.AsSha512Mechanism()))
	}
	if l.encrypted() {
		ca, err := os.ReadFile(c.Certs.CA)
		if err != nil {
			return err
		}
		config := &tls.Config{RootCAs: x509.NewCertPool()}
		config.RootCAs.AppendCertsFromPEM(ca)
		if l == MTLS {
			certFile, keyFile, err := c.Certs.Client("alice")
			if err != nil {
				return err
			}
			pair, err := tls.LoadX509KeyPair(certFile, keyFile)
			if err != nil {
				return err
			}
			config.Certificates = []tls.Certificate{pair}
		}
		opts = append(opts, kgo.DialTLSConfig(config))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Ping(ctx)
}
