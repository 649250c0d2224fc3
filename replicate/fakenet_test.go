package replicate

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/strict"
)

// fakeNet is a network without sockets, for tests in which the clock is not the
// machine's: waiting for it does not keep a testing/synctest bubble from moving on.
type fakeNet struct {
	mu        sync.Mutex // guards what follows
	listeners map[string]*fakeListener
}

type fakeListener struct {
	addr  *net.TCPAddr
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newFakeNet() *fakeNet { return &fakeNet{listeners: map[string]*fakeListener{}} }

// listen is for kfake.ListenFn.
func (n *fakeNet) listen(string, string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := &fakeListener{addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9000 + len(n.listeners)}, conns: make(chan net.Conn), done: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.done) })
	n.listeners[l.addr.String()] = l
	return l, nil
}

func (n *fakeNet) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[addr]
	n.mu.Unlock()
	if l == nil {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *fakeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *fakeListener) Close() error   { l.close(); return nil }
func (l *fakeListener) Addr() net.Addr { return l.addr }

// pair is newPair on this network.
func (n *fakeNet) pair(t *testing.T, west ...kfake.Opt) *pair {
	t.Helper()
	w, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.ClusterID("west-cluster"), kfake.ListenFn(n.listen)}, west...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	e, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ClusterID("east-cluster"), kfake.ListenFn(n.listen),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	strict.Watch(t, e)
	return &pair{w, e}
}

// client is a client on this network.
func (n *fakeNet) client(t *testing.T, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	return client(t, c, append(opts, kgo.Dialer(n.dial))...)
}
