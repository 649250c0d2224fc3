package replicate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mirror/config/logkey"
	"mirror/kafka"
)

const (
	produceTimeout = 15 * time.Second // the broker answers REQUEST_TIMED_OUT after it
	answerTimeout  = 20 * time.Second // a connection without an answer for so long is given up
	requestBytes   = 4 << 20          // a Produce request is filled up to about this size
	requestsFlying = 20               // requests on their way on one connection
	smallRequest   = 64 << 10         // requests below it go one at a time: a broker serves a connection serially, and what arrives meanwhile shares the next one
	ownershipPause = 50 * time.Millisecond
	idleClose      = time.Minute // brokers close idle connections, too, and what is written just then has an unknown outcome
)

var errClosing = errors.New("the mirror is stopping")

// producer is one connection to one target broker. Its writer takes batches of
// the partitions that the broker leads and its reader takes the answers, which
// come in the order of the requests.
type producer struct {
	route  *route
	broker int32

	mu     sync.Mutex // guards what follows
	ready  []*partition
	queued map[*partition]bool
	flying []flight
	broken error // set once the present connection is of no more use
	limit  int   // requests that may be on their way, by what was sent last
	wakeup chan struct{}
	sent   chan struct{} // tells the reader that flying has grown
}

// flight is one Produce request on its way.
type flight struct {
	items   []shipment
	expires time.Time
}

type shipment struct {
	p *partition
	o *outgoing
}

func newProducer(r *route, broker int32) *producer {
	return &producer{route: r, broker: broker, queued: map[*partition]bool{}, wakeup: make(chan struct{}, 1), sent: make(chan struct{}, 1)}
}

// add puts p on the list of those that may have something to send.
func (w *producer) add(p *partition) {
	w.mu.Lock()
	if !w.queued[p] {
		w.queued[p] = true
		w.ready = append(w.ready, p)
	}
	w.mu.Unlock()
	w.poke()
}

func (w *producer) poke() {
	select {
	case w.wakeup <- struct{}{}:
	default:
	}
}

// run connects whenever there is something to send and serves that connection
// until it breaks.
func (w *producer) run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		if !w.waitReady(ctx) {
			return
		}
		err := w.session(ctx)
		if err == nil || ctx.Err() != nil {
			failures = 0
			continue
		}
		failures++
		why := kafka.Explain(err, w.route.target.config, fmt.Sprintf("produce to broker %d", w.broker))
		w.complain(why)
		if failures == 1 || failures%20 == 0 {
			w.route.log.Warn("producing", logkey.Broker, w.broker, logkey.Err, why)
		}
		w.route.targetLeaders.refresh()
		_ = sleep(ctx, jitter(min(fetchBackoff<<min(failures-1, 6), backoffMax))) // the loop sees ctx's end
	}
}

// complain shows why the partitions that wait for this broker do not move.
func (w *producer) complain(why string) {
	w.mu.Lock()
	ready := append([]*partition(nil), w.ready...)
	w.mu.Unlock()
	for _, p := range ready {
		p.mu.Lock()
		if p.moving() {
			p.reason = why
			if p.troubleAt.IsZero() {
				p.troubleAt = time.Now()
			}
		}
		p.mu.Unlock()
	}
}

func (w *producer) waitReady(ctx context.Context) bool {
	for {
		w.mu.Lock()
		n := len(w.ready)
		w.mu.Unlock()
		if n > 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-w.wakeup:
		}
	}
}

// session is the life of one connection. All that was sent and not answered
// when it ends has an unknown outcome.
func (w *producer) session(ctx context.Context) error {
	addr, ok := w.route.targetLeaders.addr(w.broker)
	if !ok {
		w.dropReady()
		return fmt.Errorf("broker %d is not in the target's metadata", w.broker)
	}
	conn, err := w.route.target.dialer.Dial(ctx, addr)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.broken, w.limit = nil, requestsFlying
	w.mu.Unlock()
	rctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.fail(w.read(rctx, conn))
		conn.Close()
	}()
	err = w.write(rctx, conn)
	w.fail(err)
	cancel()
	conn.Close()
	<-done
	w.lose(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

// dropReady sends the partitions back to where the metadata says they belong.
func (w *producer) dropReady() {
	w.mu.Lock()
	ready := w.ready
	w.ready, w.queued = nil, map[*partition]bool{}
	w.mu.Unlock()
	for _, p := range ready {
		p.mu.Lock()
		p.attachProducer()
		if p.producer != w {
			p.wake()
		} else {
			time.AfterFunc(fetchBackoff, p.poke)
		}
		p.mu.Unlock()
	}
}

// fail notes the first cause of the connection's end.
func (w *producer) fail(err error) {
	w.mu.Lock()
	if w.broken == nil && err != nil {
		w.broken = err
	}
	w.mu.Unlock()
	w.poke()
}

// lose gives every unanswered batch back with an unknown outcome.
func (w *producer) lose(ctx context.Context) {
	w.mu.Lock()
	flying := w.flying
	w.flying = nil
	cause := w.broken
	w.mu.Unlock()
	if cause == nil || ctx.Err() != nil {
		cause = errClosing
	}
	now := time.Now()
	lost := fmt.Errorf("the connection to target broker %d ended before its answer (%s)", w.broker, kafka.Explain(cause, w.route.target.config, "produce"))
	for _, fl := range flying {
		for _, it := range fl.items {
			it.p.answered(it.o, answer{lost: lost}, now)
		}
	}
}

// write sends requests until the connection breaks. It returns nil when the
// route ends or the connection has been idle for long.
func (w *producer) write(ctx context.Context, conn *kafka.Conn) error {
	var parts []kafka.ProducePart
	for {
		items, err := w.next(ctx, conn)
		if err != nil || items == nil {
			return err
		}
		parts = parts[:0]
		for _, it := range items {
			parts = append(parts, kafka.ProducePart{Topic: it.p.target, TopicID: it.o.targetID, Partition: it.p.number, Records: it.o.raw})
		}
		w.mu.Lock()
		w.flying = append(w.flying, flight{items: items, expires: time.Now().Add(answerTimeout)})
		w.mu.Unlock()
		select {
		case w.sent <- struct{}{}:
		default:
		}
		if _, err := conn.WriteProduce(ctx, parts, produceTimeout); err != nil {
			return err
		}
	}
}

// next waits for something to send and collects it: at most one batch per
// partition, since a broker takes only one per request.
func (w *producer) next(ctx context.Context, conn *kafka.Conn) ([]shipment, error) {
	for {
		w.mu.Lock()
		broken, flying := w.broken, len(w.flying)
		var ready []*partition
		reauth := conn.ReauthDue(time.Now())
		if flying < w.limit && !reauth {
			ready = w.ready
			w.ready, w.queued = nil, make(map[*partition]bool, len(ready))
		}
		w.mu.Unlock()
		if broken != nil {
			return nil, broken
		}
		if reauth && flying == 0 {
			if err := conn.Reauth(ctx); err != nil {
				return nil, err
			}
			continue
		}
		pause := idleClose
		if w.route.fleet.mayWrite() {
			if items := w.collect(ready); len(items) > 0 {
				return items, nil
			}
		} else if len(ready) > 0 {
			for _, p := range ready {
				w.add(p)
			}
			pause = ownershipPause
			w.drainWakeup()
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, nil
		case <-w.wakeup:
		case <-t.C:
			if pause == idleClose && flying == 0 {
				return nil, nil
			}
		}
		t.Stop()
	}
}

func (w *producer) drainWakeup() {
	select {
	case <-w.wakeup:
	default:
	}
}

// collect takes one batch from each ready partition up to the size of a
// request; partitions that were not reached, or have more, stay ready.
func (w *producer) collect(ready []*partition) []shipment {
	var items []shipment
	size, backlog := 0, false
	now := time.Now()
	for i, p := range ready {
		if size >= requestBytes {
			for _, rest := range ready[i:] {
				w.add(rest)
			}
			break
		}
		o := p.take(w, now)
		if o == nil {
			continue
		}
		items = append(items, shipment{p, o})
		size += len(o.raw)
		backlog = backlog || p.waiting() > window
		w.add(p)
	}
	if len(items) == 0 {
		return nil // what is on its way decides: nothing to add may mean that a partition has all in flight that it may
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = requestsFlying
	if size < smallRequest && !backlog {
		w.limit = 1
	}
	return items
}

// read takes answers until the connection breaks.
func (w *producer) read(ctx context.Context, conn *kafka.Conn) error {
	for {
		fl, ok := w.oldest()
		if !ok {
			select {
			case <-ctx.Done():
				return nil
			case <-w.sent:
				continue
			}
		}
		rctx, cancel := context.WithDeadline(ctx, fl.expires.Add(time.Second))
		_, resp, err := conn.ReadProduce(rctx)
		cancel()
		if err != nil {
			return err
		}
		w.mu.Lock()
		fl = w.flying[0]
		w.flying[0] = flight{}
		w.flying = w.flying[1:]
		w.mu.Unlock()
		w.handOut(fl, resp)
		w.poke()
	}
}

func (w *producer) oldest() (flight, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.flying) == 0 {
		return flight{}, false
	}
	return w.flying[0], true
}
