package replicate

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

var errNoAnswer = errors.New("the target's answer leaves this partition out")

// handOut gives each partition its part of the answer to a request.
func (w *producer) handOut(fl flight, resp *kmsg.ProduceResponse) {
	now := time.Now()
	for i := range resp.Topics {
		t := &resp.Topics[i]
		for j := range t.Partitions {
			a := &t.Partitions[j]
			for k := range fl.items {
				it := &fl.items[k]
				if it.p == nil || it.p.number != a.Partition || !it.named(t.Topic, t.TopicID) {
					continue
				}
				p, o := it.p, it.o
				it.p = nil
				p.answered(o, answerOf(a), now)
				break
			}
		}
	}
	for _, it := range fl.items {
		if it.p != nil {
			it.p.answered(it.o, answer{lost: errNoAnswer}, now)
		}
	}
}

// named tells whether an answer is about this shipment's topic: by id from
// Produce v13 on, by name before.
func (it shipment) named(topic string, id [16]byte) bool {
	if topic != "" {
		return topic == it.p.target
	}
	return id == it.o.targetID
}

// producers is the set of producers of a route, one for each target broker.
type producers struct {
	route *route

	mu       sync.Mutex // guards what follows
	ctx      context.Context
	byBroker map[int32]*producer
	wg       sync.WaitGroup
}

func newProducers(r *route) *producers {
	return &producers{route: r, byBroker: map[int32]*producer{}}
}

func (ps *producers) start(ctx context.Context) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.ctx = ctx
}

// of returns the producer of a broker, nil for no leader.
func (ps *producers) of(broker int32) *producer {
	if broker < 0 {
		return nil
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	w := ps.byBroker[broker]
	if w == nil {
		w = newProducer(ps.route, broker)
		ps.byBroker[broker] = w
		ps.wg.Add(1)
		go func() {
			defer ps.wg.Done()
			w.run(ps.ctx)
		}()
	}
	return w
}

func (ps *producers) wait() { ps.wg.Wait() }
