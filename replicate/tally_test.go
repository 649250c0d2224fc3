package replicate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/monitor"
)

// loser is a network in which the answers to batches that hold a mark get lost: the
// broker has taken them, and the connection ends before its answer is read.
type loser struct {
	addr string
	mark []byte
	lose func(n int64) bool // the nth answer to such a batch, from 1

	seen, lost atomic.Int64
}

type losingConn struct {
	net.Conn
	loser *loser
	cut   atomic.Bool // the next answer is lost
}

func (l *loser) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := plainDial(ctx, network, addr)
	if err != nil || addr != l.addr {
		return nc, err
	}
	return &losingConn{Conn: nc, loser: l}, nil
}

func (c *losingConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, c.loser.mark) && c.loser.lose(c.loser.seen.Add(1)) {
		c.cut.Store(true)
	}
	return c.Conn.Write(b)
}

func (c *losingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == nil && c.cut.Load() {
		c.loser.lost.Add(1)
		c.Conn.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// TestLostAnswersAreCounted loses answers to batches that the target took. Those of
// which the mirror cannot tell by sending them again are found by recovery, and
// count like all others: the counters say what the target has got, and each batch
// has a kind and a latency.
func TestLostAnswersAreCounted(t *testing.T) {
	for name, lose := range map[string]func(int64) bool{
		"the first one":    func(n int64) bool { return n == 1 },
		"every second one": func(n int64) bool { return n%2 == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			net := &loser{addr: p.east.ListenAddrs()[0], mark: []byte("load-"), lose: lose}
			m := newMirror(t, p.config(t, "topics: [orders]"), Options{Process: "p1", Dial: net.dial})
			running(t, m)
			waitState(t, m, "orders", monitor.CaughtUp)
			rounds := 4
			for i := range rounds {
				produce(t, p.west, "orders", 0, fmt.Sprintf("load-%d", i), 25)
				waitEnd(t, p.east, "west.orders", int64(25*(i+1)))
				waitState(t, m, "orders", monitor.CaughtUp)
			}
			waitFor(t, func() string {
				totals := m.routes[0].totals()
				if end := endOf(p.east, "west.orders"); totals.Records != end || end != int64(25*rounds) {
					return fmt.Sprintf("%d records counted, %d on the target, %d written; %d answers lost", totals.Records, end, 25*rounds, net.lost.Load())
				}
				return ""
			})
			if net.lost.Load() == 0 {
				t.Error("no answer was lost")
			}
		})
	}
}

// What another process wrote under the same sequences, what belongs to another
// numbering, and what the target has not got, is not counted.
func TestSettleUnanswered(t *testing.T) {
	at := func(ordinals ...int64) (all []tally) {
		for _, o := range ordinals {
			all = append(all, tally{ordinal: o, records: 10, bytes: 100, firstTimestamp: -1})
		}
		return all
	}
	for _, c := range []struct {
		name         string
		unanswered   []tally
		next         int64
		same, others bool
		want         int64
	}{
		{"all are there", at(100, 110, 120), 130, true, false, 30},
		{"the last one is not", at(100, 110, 120), 120, true, false, 20},
		{"half of one", at(100, 110), 115, true, false, 10},
		{"none", at(100, 110), 100, true, false, 0},
		{"the target lost records", at(100), 50, true, false, 0},
		{"acked before", at(90, 100), 200, true, false, 10},
		{"another numbering", at(100), 200, false, false, 0},
		{"another process", at(100), 200, true, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &partition{counters: monitor.NewRegistry().Partition("r", "t", 0), unanswered: c.unanswered, othersWrote: c.others}
			p.acked.ordinal = 100
			p.settleUnanswered(c.next, c.same, p.saidAt)
			if got := p.counters.Records.Load(); got != c.want || p.counters.Bytes.Load() != 10*c.want || p.counters.Shallow.Load() != c.want/10 {
				t.Errorf("got %d records, want %d", got, c.want)
			}
			if p.unanswered != nil || p.othersWrote {
				t.Error("they would be counted again")
			}
		})
	}
}
