package replicate

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"mirror/config"
)

// startDialing is startMirror with a dial function.
func startDialing(t *testing.T, c *config.Config, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (*Mirror, func()) {
	t.Helper()
	m := newMirror(t, c, Options{Process: "p1", Dial: dial})
	return m, running(t, m)
}

// plainDial connects as the operating system does.
func plainDial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

// breaker is a network in which connections to one address can be cut and
// refused from then on. Where only is set it concerns those alone that only
// says yes to when they are made.
type breaker struct {
	addr    string // empty: all addresses
	only    func() bool
	through func(ctx context.Context, network, addr string) (net.Conn, error) // what connects; nil: plainDial
	refused atomic.Int64                                                      // connections since the cut

	mu    sync.Mutex // guards what follows
	down  bool
	conns []net.Conn
}

func (b *breaker) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := b.through
	if dial == nil {
		dial = plainDial
	}
	if b.addr != "" && addr != b.addr || b.only != nil && !b.only() {
		return dial(ctx, network, addr)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		b.refused.Add(1)
		return nil, errors.New("connection refused")
	}
	nc, err := dial(ctx, network, addr)
	if err == nil {
		b.conns = append(b.conns, nc)
	}
	return nc, err
}

func (b *breaker) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = true
	for _, nc := range b.conns {
		nc.Close()
	}
}

func (b *breaker) mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = false
}

// freezer is a network in which an address answers no more once it is frozen:
// what is written to it is lost, and so is what it sends.
type freezer struct {
	addr string
	on   atomic.Bool
	lost atomic.Int64 // reads and writes
}

func (f *freezer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if addr != f.addr {
		return plainDial(ctx, network, addr)
	}
	if f.on.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	nc, err := plainDial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &frozenConn{nc, f}, nil
}

type frozenConn struct {
	net.Conn
	f *freezer
}

func (c *frozenConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.f.on.Load() {
			return n, err
		}
		c.f.lost.Add(1)
	}
}

func (c *frozenConn) Write(b []byte) (int, error) {
	if c.f.on.Load() {
		c.f.lost.Add(1)
		return len(b), nil
	}
	return c.Conn.Write(b)
}
