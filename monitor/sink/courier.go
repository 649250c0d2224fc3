package sink

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-metrics"

	"mirror/config/logkey"
)

const (
	// sendTimeout bounds the sending of one snapshot, and so how long a server that
	// does not read can hold its connection.
	sendTimeout = 10 * time.Second
	firstPause  = time.Second // after a failure; doubles
	longPause   = time.Minute
	sayAgain    = 10 * time.Minute // a sink that stays down is logged again
)

// point is one value of a snapshot. Its labels must not be changed.
type point struct {
	name   string
	labels []metrics.Label
	value  float64
}

// batch is the points of one snapshot.
type batch struct {
	at     time.Time
	points []point
}

// writer sends batches by one protocol. Only the courier's goroutine uses it.
type writer interface {
	// write sends b before ctx ends. It returns how many points it is sure to have
	// handed on; an error means that the others are lost. It connects when it is not
	// connected, and is not after an error.
	write(ctx context.Context, b batch) (sent int, err error)
	close()
}

// courier takes the points of a snapshot one by one and hands them to its writer
// in a goroutine of its own. It never makes the snapshots wait, and it holds no
// more than the snapshot that is on its way and the one behind it.
type courier struct {
	metrics.BlackholeSink // what is not used of the interface

	name   string // the sink's, without credentials
	writer writer
	log    *slog.Logger

	pending []point // of the snapshot that is being taken; used by the sampler's goroutine alone
	box     chan batch

	sent, dropped atomic.Int64

	// Used by the courier's goroutine alone.
	pause     time.Duration // grows with each failure; 0: all is well
	notBefore time.Time
	saidAt    time.Time
	lost      int64 // since it was last said
}

func newCourier(name string, w writer, log *slog.Logger) *courier {
	return &courier{name: name, writer: w, log: log.With(logkey.Sink, name), box: make(chan batch, 1)}
}

// SetPrecisionGaugeWithLabels takes one point of the present snapshot. Values that
// are no numbers are left out, since no server can keep them.
func (c *courier) SetPrecisionGaugeWithLabels(key []string, value float64, labels []metrics.Label) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	c.pending = append(c.pending, point{strings.Join(key, "_"), labels, value})
}

// SetPrecisionGauge is the same without labels.
func (c *courier) SetPrecisionGauge(key []string, value float64) {
	c.SetPrecisionGaugeWithLabels(key, value, nil)
}

// flush ends the snapshot: it is sent, or dropped when the one before it still
// waits to be sent.
func (c *courier) flush(at time.Time) {
	b := batch{at, c.pending}
	select {
	case c.box <- b:
		c.pending = make([]point, 0, len(b.points))
	default:
		c.dropped.Add(int64(len(b.points)))
		clear(b.points)
		c.pending = b.points[:0]
	}
}

// run sends what flush hands over until ctx ends.
func (c *courier) run(ctx context.Context) {
	defer c.writer.close()
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-c.box:
			c.deliver(ctx, b, time.Now())
		}
	}
}

// deliver sends one batch, unless the sink has failed just now.
func (c *courier) deliver(ctx context.Context, b batch, now time.Time) {
	if now.Before(c.notBefore) {
		c.drop(len(b.points))
		return
	}
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	sent, err := c.writer.write(sending, b)
	c.sent.Add(int64(sent))
	if ctx.Err() != nil {
		return // the process ends
	}
	if err == nil {
		c.worked()
		return
	}
	c.drop(len(b.points) - sent)
	c.failed(err, now)
}

func (c *courier) drop(n int) {
	c.dropped.Add(int64(n))
	c.lost += int64(n)
}

func (c *courier) worked() {
	if c.pause > 0 {
		c.log.Info("sink works again", logkey.Dropped, c.lost)
	}
	c.pause, c.notBefore, c.saidAt, c.lost = 0, time.Time{}, time.Time{}, 0
}

// failed makes the next attempt wait, longer each time.
func (c *courier) failed(err error, now time.Time) {
	c.pause = min(max(2*c.pause, firstPause), longPause)
	c.notBefore = now.Add(c.pause)
	if now.Sub(c.saidAt) < sayAgain {
		return
	}
	c.saidAt = now
	c.log.Warn("sink does not take metrics; they are dropped and counted", logkey.Err, err, logkey.Dropped, c.lost)
}
