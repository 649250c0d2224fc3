package replicate

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/config"
	"mirror/monitor"
)

// startDialing is startMirror with a dial function.
func startDialing(t *testing.T, c *config.Config, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (*Mirror, func()) {
	t.Helper()
	m, err := New(c, Options{Log: testLog(t), Process: "p1", Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(ctx)
	}()
	stop := func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return m, stop
}

// frozen is a connection that from some time on loses all that is written to it
// and all that arrives.
type frozen struct {
	net.Conn
	on *atomic.Bool
}

func (f *frozen) Read(b []byte) (int, error) {
	for {
		n, err := f.Conn.Read(b)
		if err != nil || !f.on.Load() {
			return n, err
		}
	}
}

func (f *frozen) Write(b []byte) (int, error) {
	if f.on.Load() {
		return len(b), nil
	}
	return f.Conn.Write(b)
}

func freezer(addr string, on *atomic.Bool) func(ctx context.Context, network, a string) (net.Conn, error) {
	return func(ctx context.Context, network, a string) (net.Conn, error) {
		if a == addr && on.Load() {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		var d net.Dialer
		nc, err := d.DialContext(ctx, network, a)
		if err != nil || a != addr {
			return nc, err
		}
		return &frozen{Conn: nc, on: on}, nil
	}
}

// TestStopsInTime stops while the source does not answer any more.
func TestStopsInTime(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 10)
	var on atomic.Bool
	m, stop := startDialing(t, c, freezer(p.west.ListenAddrs()[0], &on))
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	on.Store(true)
	produce(t, p.west, "orders", 0, "b", 10)
	time.Sleep(time.Second)
	began := time.Now()
	stop()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
}
