package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

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
	c.throttle(resp)
	return nil
}

// flexibleHeader tells whether the response's header has tags (KIP-482). ApiVersions never has them, because a broker
// that does not know the request's version answers in version 0 (KIP-511).
func flexibleHeader(req kmsg.Request) bool {
	return req.IsFlexible() && kmsg.Key(req.Key()) != kmsg.ApiVersions
}
