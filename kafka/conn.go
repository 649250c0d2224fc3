package kafka

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Bounds on what a broker may send.
const (
	// maxExtra is how much a Fetch response may exceed what was asked for: a broker returns the first batch whole
	// however large it is (KIP-74), and topics with batches of 100 MiB exist.
	maxExtra = 128 << 20
	// maxAnswer bounds every other response. 16 MiB are 400,000 active producers in a DescribeProducers response.
	maxAnswer = 16 << 20
	// maxGreeting bounds what is read from a broker that has not authenticated us yet.
	maxGreeting = 64 << 10
)

// Conn is one connection to a broker, made by Dialer.Dial. Its methods are for one goroutine at a time, except that one
// may call WriteProduce while another calls ReadProduce, and Close may be called by any. Request, Fetch and Reauth need
// the connection to themselves: no Produce request may be in flight. After an error of the transport every further call
// fails with the first cause; the caller closes the connection and dials anew.
type Conn struct {
	// Immutable.
	addr     string
	nc       net.Conn
	br       *bufio.Reader // over nc; small, so that large reads pass it by
	versions versions
	timeout  time.Duration // without progress
	format   *kmsg.RequestFormatter
	clientID string
	auth     *authenticator // nil without SASL
	rtt      time.Duration  // of the first request

	// The writer's: whoever calls Request, Fetch, WriteProduce or Reauth.
	corr    int32 // of the last request
	scratch []byte
	tls     *tlsWriter  // nil for plaintext
	cuts    []int       // of a produce request: where in scratch each part's records belong
	order   []int       // of a produce request: its parts, sorted
	vector  net.Buffers // of a produce request
	reauth  time.Time   // when the session should be renewed, zero for never

	inflight chan produced // from the writer to the reader
	muted    atomic.Int64  // until when the broker reads nothing from us because of a quota, in nanoseconds since 1970

	// The reader's: whoever calls ReadProduce, and the writer while nothing is in flight.
	answer   []byte
	answered bool // a request after the greeting was answered

	mu   sync.Mutex    // guards err
	err  error         // why the connection is not usable
	dead chan struct{} // closed, under mu, when err is set
}

func newConn(addr string, nc net.Conn, d *Dialer) *Conn {
	c := &Conn{
		addr: addr, nc: nc, br: bufio.NewReaderSize(nc, 4<<10), timeout: d.timeout,
		format: kmsg.NewRequestFormatter(kmsg.FormatterClientID(d.clientID)), clientID: d.clientID,
		auth: d.auth, inflight: make(chan produced, maxInflight), dead: make(chan struct{}),
	}
	if t, ok := nc.(*tls.Conn); ok {
		c.tls = newTLSWriter(t)
	}
	return c
}

// Addr returns the address that was dialled, host:port.
func (c *Conn) Addr() string { return c.addr }

// RTT returns how long the first request, ApiVersions, took: about one round trip, since it costs a broker no work.
func (c *Conn) RTT() time.Duration { return c.rtt }

// Close closes the connection and interrupts whoever reads or writes. It is safe for concurrent use and may be repeated.
func (c *Conn) Close() error {
	c.fail(net.ErrClosed)
	return nil
}

// fail makes the connection unusable, keeps the first cause and returns it.
func (c *Conn) fail(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.dead)
		c.raw().Close()
	}
	return c.err
}

// raw returns the connection below TLS. It is the one to close: TLS would first write that it ends, which may block where
// the connection is in trouble, and brokers do not need it.
func (c *Conn) raw() net.Conn {
	if t, ok := c.nc.(*tls.Conn); ok {
		return t.NetConn()
	}
	return c.nc
}

// usable returns why the connection or the context cannot be used, before anything is written.
func (c *Conn) usable(ctx context.Context) error {
	c.mu.Lock()
	err := c.err
	c.mu.Unlock()
	if err != nil {
		return fmt.Errorf("use connection to %s: %w", c.addr, err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("use connection to %s: %w", c.addr, context.Cause(ctx))
	}
	return nil
}

// refuse closes the connection because of what the broker sent.
func (c *Conn) refuse(format string, args ...any) error {
	return c.fail(&ProtocolError{Addr: c.addr, Why: fmt.Sprintf(format, args...)})
}
