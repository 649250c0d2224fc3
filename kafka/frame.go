package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
)

// expected says what the next response must be like.
type expected struct {
	corr     int32
	wait     time.Duration // how long the broker may take before it begins to answer, besides the connection's timeout
	limit    int           // bytes
	flexible bool          // the header ends with tags
	greeting bool          // part of connecting, which a broker answers before it closes a connection it does not want
	memory   func(n int) []byte
}

// receive reads one response and returns its body: what follows the header, in memory from e.memory, which is asked for
// all that follows the correlation id.
//
// A response is: size int32 (of what follows), correlation id int32, tags when flexible, body.
func (c *Conn) receive(ctx context.Context, e expected) ([]byte, error) {
	release := interrupt(ctx, c.nc.SetReadDeadline)
	defer release()

	var head [8]byte
	err := arm(ctx, c.nc.SetReadDeadline, c.mute()+e.wait+c.timeout)
	if err == nil {
		_, err = io.ReadFull(c.br, head[:])
	}
	if err != nil {
		if who := sender(head); who != "" { // a TLS alert has 7 bytes
			return nil, c.fail(&ProtocolError{Addr: c.addr, Why: fmt.Sprintf("an answer of %s ends after %x", who, head), Sender: who})
		}
		if !c.answered && closedEarly(err) {
			err = &ClosedError{err}
		}
		return nil, c.broken(ctx, "read from", err)
	}
	n, err := c.checkHead(head, e)
	if err != nil {
		return nil, err
	}
	c.answered = c.answered || !e.greeting
	body := e.memory(n)
	if err := c.readFull(ctx, body); err != nil {
		return nil, c.broken(ctx, fmt.Sprintf("read %d bytes from", n), err)
	}
	if !e.flexible {
		return body, nil
	}
	if body, err = skipTags(body); err != nil {
		return nil, c.refuse("response header of %d bytes is broken: %v", n, err)
	}
	return body, nil
}

// checkHead checks the size and the correlation id and returns the number of bytes that follow.
func (c *Conn) checkHead(head [8]byte, e expected) (int, error) {
	size := int32(binary.BigEndian.Uint32(head[:]))
	corr := int32(binary.BigEndian.Uint32(head[4:]))
	if size < 4 || int64(size) > int64(e.limit) {
		err := &ProtocolError{Addr: c.addr, Why: fmt.Sprintf("a response claims %d bytes, more than 3 and at most %d are possible", size, e.limit), Sender: sender(head)}
		return 0, c.fail(err)
	}
	if corr != e.corr {
		return 0, c.refuse("a response carries correlation id %d where %d is due", corr, e.corr)
	}
	return int(size) - 4, nil
}

// sender guesses from the first bytes of an answer who sent it instead of a Kafka broker without TLS.
func sender(head [8]byte) string {
	switch {
	case head[0] >= 0x14 && head[0] <= 0x17 && head[1] == 3: // a TLS record: type, major version
		return "tls"
	case string(head[:5]) == "HTTP/":
		return "http"
	}
	return ""
}

// readFull fills p. Its deadline moves on as long as bytes keep coming, at least progress per timeout: so a large
// response over a slow link is not given up, and a broker that stopped in the middle is.
func (c *Conn) readFull(ctx context.Context, p []byte) error {
	for armed, n := -progress, 0; n < len(p); {
		if n-armed >= progress {
			if err := arm(ctx, c.nc.SetReadDeadline, c.timeout); err != nil {
				return err
			}
			armed = n
		}
		m, err := c.br.Read(p[n:])
		n += m
		if n < len(p) && err != nil {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// skipTags cuts the tags off that end a flexible response header.
func skipTags(b []byte) ([]byte, error) {
	w := walker{Reader: kbin.Reader{Src: b}}
	if err := w.tags(nil); err != nil {
		return nil, err
	}
	return w.Src, nil
}
