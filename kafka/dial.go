package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kversion"

	"mirror/config"
)

// Times of a connection; see Dialer and DialOpt.
const (
	dialTimeout    = 10 * time.Second // for TCP and TLS each
	requestTimeout = 30 * time.Second // without progress
	userTimeout    = 30 * time.Second // for sent bytes to be acknowledged by the other side's TCP
)

// Dialer makes connections to one cluster's brokers. It is safe for concurrent use.
type Dialer struct {
	clientID string
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	files    *tlsFiles      // nil for plaintext
	auth     *authenticator // nil without SASL
	bounds   *kversion.Versions
	timeout  time.Duration
}

// DialOpt changes a Dialer.
type DialOpt func(*Dialer)

// WithDialFunc makes TCP connections by f instead of a net.Dialer.
func WithDialFunc(f func(ctx context.Context, network, addr string) (net.Conn, error)) DialOpt {
	return func(d *Dialer) { d.dial = f }
}

// WithMaxVersions bounds the versions of requests, as if the broker did not know later ones.
func WithMaxVersions(v *kversion.Versions) DialOpt {
	return func(d *Dialer) { d.bounds = v }
}

// WithRequestTimeout sets how long a request may be without any progress, 30 s by default. What the request itself lets
// the broker wait comes on top.
func WithRequestTimeout(t time.Duration) DialOpt {
	return func(d *Dialer) { d.timeout = t }
}

// NewDialer returns a dialer for a cluster. It reads the TLS files once, to say early what is wrong with them.
func NewDialer(c *config.Cluster, clientID string, opts ...DialOpt) (*Dialer, error) {
	d := &Dialer{clientID: clientID, dial: newNetDialer().DialContext, timeout: requestTimeout}
	for _, o := range opts {
		o(d)
	}
	if c.TLS != nil {
		d.files = &tlsFiles{config: *c.TLS}
		if _, err := d.files.load(); err != nil {
			return nil, fmt.Errorf("connect to cluster %s: %w", c.Name, err)
		}
	}
	if c.SASL != nil {
		auth, err := newAuthenticator(c.SASL)
		if err != nil {
			return nil, fmt.Errorf("connect to cluster %s: %w", c.Name, err)
		}
		d.auth = auth
	}
	return d, nil
}

// newNetDialer returns a dialer whose connections notice a dead peer, also in the middle of a write, within a minute.
func newNetDialer() *net.Dialer {
	return &net.Dialer{
		Timeout:         dialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
		Control:         setUserTimeout,
	}
}

// Dial connects to a broker at host:port and leaves the connection ready for requests: TCP, TLS, ApiVersions, SASL.
func (d *Dialer) Dial(ctx context.Context, addr string) (*Conn, error) {
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := newConn(addr, nc, d)
	if err := c.greet(ctx, d.bounds); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// greet asks for the broker's versions and authenticates.
func (c *Conn) greet(ctx context.Context, bounds *kversion.Versions) error {
	if err := c.askVersions(ctx, bounds); err != nil {
		return err
	}
	return c.authenticate(ctx)
}

// DialContext makes a TCP connection and starts TLS when the cluster has it. It is what NewClient gives to franz-go.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*dialTimeout)
	defer cancel()
	nc, err := d.dial(ctx, network, addr)
	if err != nil {
		return nil, dialError(addr, err)
	}
	if d.files == nil {
		return nc, nil
	}
	tc, err := d.startTLS(ctx, nc, addr)
	if err != nil {
		nc.Close()
		return nil, &TLSError{Addr: addr, Err: err}
	}
	return tc, nil
}

func (d *Dialer) startTLS(ctx context.Context, nc net.Conn, addr string) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	cfg, err := d.files.load()
	if err != nil {
		return nil, err
	}
	if cfg.ServerName == "" {
		if cfg.ServerName, _, err = net.SplitHostPort(addr); err != nil {
			return nil, err
		}
	}
	tc := tls.Client(&gatherConn{Conn: nc}, cfg)
	return tc, tc.HandshakeContext(ctx)
}
