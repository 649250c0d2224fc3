package sink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// chunkBytes is about how much one write to a connection carries.
const chunkBytes = 32 << 10

// tcpLines sends a line for each point over one TCP connection.
type tcpLines struct {
	address  string
	line     func(buf []byte, b batch, p point) []byte // appends one line
	complain func(text string)                         // takes what the server answers; nil: it never does
	conn     net.Conn                                  // nil: not connected
}

func (t *tcpLines) close() {
	if t.conn != nil {
		_ = t.conn.Close() // nothing can be done about it
		t.conn = nil
	}
}

func (t *tcpLines) write(ctx context.Context, b batch) (int, error) {
	if err := t.connect(ctx); err != nil {
		return 0, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = t.conn.SetWriteDeadline(deadline) // fails when the connection does; so will the write
	}
	defer interrupt(ctx, t.conn)()
	sent, held := 0, 0
	buf := make([]byte, 0, chunkBytes+1024)
	for i, p := range b.points {
		buf = t.line(buf, b, p)
		held++
		if len(buf) < chunkBytes && i < len(b.points)-1 {
			continue
		}
		if _, err := t.conn.Write(buf); err != nil {
			t.close()
			return sent, fmt.Errorf("write to %s: %w", t.address, err)
		}
		sent, held, buf = sent+held, 0, buf[:0]
	}
	return sent, nil
}

// interrupt makes writes fail when ctx is cancelled. The returned function ends that.
func interrupt(ctx context.Context, conn net.Conn) func() bool {
	return context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Unix(1, 0)) })
}

// connect dials unless there is a connection that the server has not closed. A
// write to a closed one would succeed and be lost.
func (t *tcpLines) connect(ctx context.Context) error {
	if t.conn != nil && !t.alive() {
		t.close()
	}
	if t.conn != nil {
		return nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", t.address)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", t.address, err)
	}
	t.conn = conn
	return nil
}

// alive reads what the server has said meanwhile: nothing, a complaint, or that it
// has closed the connection.
func (t *tcpLines) alive() bool {
	answer := make([]byte, 1024)
	if err := t.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return false
	}
	for {
		n, err := t.conn.Read(answer)
		if n > 0 && t.complain != nil {
			first, _, _ := strings.Cut(strings.TrimSpace(string(answer[:n])), "\n")
			t.complain(first)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return true
		}
		if err != nil {
			return false // also io.EOF: the server has closed it
		}
	}
}
