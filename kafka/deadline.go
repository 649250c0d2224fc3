package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// progress is the number of bytes that must arrive within one request timeout for a transfer to count as alive.
const progress = 64 << 10

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
	err := arm(ctx, c.nc.SetWriteDeadline, c.mute()+c.timeout*time.Duration(1+size/progress))
	if err == nil {
		err = write()
	}
	if err != nil {
		return c.broken(ctx, "write to", err)
	}
	return nil
}

// maxThrottle bounds how long a broker's word is taken for a throttle.
const maxThrottle = 10 * time.Minute

// throttle notes that the broker, having answered, reads nothing from this connection for a while because a quota is
// used up (KIP-219). Deadlines are later by that; whether to send meanwhile is the caller's to decide.
func (c *Conn) throttle(resp kmsg.Response) {
	if t, ok := resp.(kmsg.ThrottleResponse); ok {
		if ms, after := t.Throttle(); after && ms > 0 {
			c.muted.Store(time.Now().Add(min(time.Duration(ms)*time.Millisecond, maxThrottle)).UnixNano())
		}
	}
}

// mute returns for how much longer the broker reads nothing.
func (c *Conn) mute() time.Duration {
	until := c.muted.Load()
	if until == 0 {
		return 0
	}
	return max(0, time.Until(time.Unix(0, until)))
}

// ThrottledUntil returns the time up to which the broker reads nothing from this connection because a quota is used up
// (KIP-219), zero when it never said so. It is safe for concurrent use.
func (c *Conn) ThrottledUntil() time.Time {
	if until := c.muted.Load(); until != 0 {
		return time.Unix(0, until)
	}
	return time.Time{}
}
