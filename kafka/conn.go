package kafka

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
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

// progress is the number of bytes that must arrive within one request timeout for a transfer to count as alive.
const progress = 64 << 10

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

	// The writer's: whoever calls Request, Fetch, WriteProduce or Reauth.
	corr    int32 // of the last request
	scratch []byte
	tls     *tlsWriter  // nil for plaintext
	cuts    []int       // of a produce request: where in scratch each part's records belong
	order   []int       // of a produce request: its parts, sorted
	vector  net.Buffers // of a produce request
	reauth  time.Time   // when the session should be renewed, zero for never

	inflight chan produced // from the writer to the reader

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

// interrupt lets the end of a context break off blocked input (SetReadDeadline) or output (SetWriteDeadline). The
// function it returns takes that back, and waits until it no longer can happen.
func interrupt(ctx context.Context, setDeadline func(time.Time) error) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = setDeadline(time.Unix(1, 0))
		close(done)
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// arm sets a deadline. It is set before the context is looked at, so that an interrupt is not overwritten unseen.
func arm(ctx context.Context, setDeadline func(time.Time) error, wait time.Duration) error {
	if err := setDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	return ctx.Err()
}

// broken closes the connection because of an error of input or output and says which.
func (c *Conn) broken(ctx context.Context, doing string, err error) error {
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("no progress for %s: %w", c.timeout, os.ErrDeadlineExceeded)
	}
	return c.fail(fmt.Errorf("%s %s: %w", doing, c.addr, err))
}

// write writes one request. Its deadline allows for a slow network, progress bytes per timeout at least.
func (c *Conn) write(ctx context.Context, size int, write func() error) error {
	release := interrupt(ctx, c.nc.SetWriteDeadline)
	defer release()
	err := arm(ctx, c.nc.SetWriteDeadline, c.timeout*time.Duration(1+size/progress))
	if err == nil {
		err = write()
	}
	if err != nil {
		return c.broken(ctx, "write to", err)
	}
	return nil
}

// MaxVersion returns the highest version of a request that the broker, this program and the dialer's bounds have in
// common, or -1 when there is none.
func (c *Conn) MaxVersion(key int16) int16 { return c.versions.max(key) }

// version returns MaxVersion, or a VersionError when it is below the lowest version that this program can use.
func (c *Conn) version(key, least int16) (int16, error) {
	v := c.versions.max(key)
	if v < least {
		r, ok := c.versions[key]
		if !ok {
			r.max = -1
		}
		return 0, &VersionError{Addr: c.addr, Key: key, Min: r.min, Max: r.max, Need: least, Most: ourMax(key, nil)}
	}
	return v, nil
}

// Request writes a request in its highest common version, which it sets in req, and returns the response. A caller who
// needs a lower version sets bounds on the Dialer.
func (c *Conn) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	v, err := c.version(req.Key(), 0)
	if err != nil {
		return nil, err
	}
	req.SetVersion(v)
	return c.request(ctx, req, maxAnswer)
}

// request is Request with the version that req has, and a bound on the response in bytes.
func (c *Conn) request(ctx context.Context, req kmsg.Request, limit int) (kmsg.Response, error) {
	body, err := c.exchange(ctx, req, limit)
	if err != nil {
		return nil, err
	}
	resp := req.ResponseKind()
	return resp, c.decode(body, resp)
}

// exchange writes a request and returns the body of its response, freshly allocated.
func (c *Conn) exchange(ctx context.Context, req kmsg.Request, limit int) ([]byte, error) {
	var wait time.Duration
	if t, ok := req.(kmsg.TimeoutRequest); ok {
		wait = time.Duration(t.Timeout()) * time.Millisecond
	}
	if err := c.send(ctx, req); err != nil {
		return nil, err
	}
	return c.receive(ctx, expected{
		corr: c.corr, wait: wait, limit: limit, flexible: flexibleHeader(req), greeting: limit == maxGreeting,
		memory: func(n int) []byte { return make([]byte, n) },
	})
}

// send writes a request.
func (c *Conn) send(ctx context.Context, req kmsg.Request) error {
	if err := c.usable(ctx); err != nil {
		return err
	}
	c.corr++
	c.scratch = c.format.AppendRequest(c.scratch[:0], req, c.corr)
	return c.write(ctx, len(c.scratch), func() error {
		_, err := c.nc.Write(c.scratch)
		return err
	})
}

// decode checks a response's body and decodes it without copying bytes. It closes the connection when it cannot.
func (c *Conn) decode(body []byte, resp kmsg.Response) error {
	if s := responseShape(resp.Key()); s != nil {
		if err := s.check(body, resp.GetVersion()); err != nil {
			return c.refuse("%s response of %d bytes is broken: %v", kmsg.NameForKey(resp.Key()), len(body), err)
		}
	}
	if err := resp.ReadFrom(body); err != nil {
		return c.refuse("%s response of %d bytes is broken: %v", kmsg.NameForKey(resp.Key()), len(body), err)
	}
	return nil
}

// flexibleHeader tells whether the response's header has tags (KIP-482). ApiVersions never has them, because a broker
// that does not know the request's version answers in version 0 (KIP-511).
func flexibleHeader(req kmsg.Request) bool {
	return req.IsFlexible() && kmsg.Key(req.Key()) != kmsg.ApiVersions
}
