package web

import (
	"net"
	"sync"
	"sync/atomic"
)

// limitConnections closes connections beyond the first max at once. Waiting
// would let ten thousand idle ones take the process' file descriptors, which the
// brokers' connections need.
func limitConnections(listener net.Listener, max int64) net.Listener {
	return &limitedListener{Listener: listener, max: max}
}

type limitedListener struct {
	net.Listener
	max  int64
	open atomic.Int64
}

func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.max {
			return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
		}
		l.open.Add(-1)
		conn.Close() // nothing was sent: there is nothing to lose
	}
}

type limitedConn struct {
	net.Conn
	release func() // may be called many times
}

// CloseWrite lets the server end an answer before it closes a connection that
// still has unread bytes: without it the client would see a reset instead.
func (c *limitedConn) CloseWrite() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return nil
}

func (c *limitedConn) Close() error {
	c.release()
	return c.Conn.Close()
}
