package kafka

import (
	"net"
	"sync"
)

// gathered is how much a gatherConn writes in one system call.
const gathered = 128 << 10

// gatherConn lies between crypto/tls, which makes a system call for each record of at most 16 KiB, and the network:
// while a large request is written it gathers records. All other writes, as of the handshake and of alerts, pass through.
type gatherConn struct {
	net.Conn

	mu     sync.Mutex // guards the rest, because crypto/tls also writes where it reads
	gather bool
	held   []byte
}

func (g *gatherConn) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.gather {
		return g.Conn.Write(p)
	}
	g.held = append(g.held, p...)
	if len(g.held) < gathered {
		return len(p), nil
	}
	return len(p), g.flush()
}

// begin starts to gather.
func (g *gatherConn) begin() {
	g.mu.Lock()
	g.gather = true
	g.mu.Unlock()
}

// end writes what was gathered and lets later writes pass.
func (g *gatherConn) end() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gather = false
	return g.flush()
}

// flush writes what is held. The mutex is held.
func (g *gatherConn) flush() error {
	if len(g.held) == 0 {
		return nil
	}
	_, err := g.Conn.Write(g.held)
	g.held = g.held[:0]
	return err
}
