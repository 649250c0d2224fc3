package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// liveRate is the records a second of the latency and restart measurements.
const liveRate = 1000

// load writes numbered records at liveRate and reads them from the target.
type load struct {
	mu    sync.Mutex
	acked []time.Time // by number: when the source had it; guarded by mu
	seen  []time.Time // by number: when the target's consumer had it first; guarded by mu

	stop func() // ends both sides and waits
}

// startLoad begins to write to the source topic and to read the target topic,
// which must exist.
func (b *bench) startLoad(ctx context.Context, topic, copyTopic string) (*load, error) {
	producer, err := b.west.Client(kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return nil, err
	}
	consumer, err := b.east.Client(kgo.ConsumeTopics(copyTopic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMinBytes(1))
	if err != nil {
		producer.Close()
		return nil, err
	}
	l := &load{}
	ctx, cancel := context.WithCancel(ctx)
	var both sync.WaitGroup
	both.Go(func() { l.write(ctx, producer) })
	both.Go(func() { l.read(ctx, consumer) })
	l.stop = sync.OnceFunc(func() {
		cancel()
		both.Wait()
		producer.Close()
		consumer.Close()
	})
	return l, nil
}

func (l *load) write(ctx context.Context, producer *kgo.Client) {
	ticker := time.NewTicker(time.Second / liveRate)
	defer ticker.Stop()
	for number := 0; ; number++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		l.mu.Lock()
		l.acked, l.seen = append(l.acked, time.Time{}), append(l.seen, time.Time{})
		l.mu.Unlock()
		value := make([]byte, 200)
		binary.BigEndian.PutUint64(value, uint64(number))
		producer.Produce(ctx, &kgo.Record{Partition: int32(number % partitions), Value: value}, func(_ *kgo.Record, err error) {
			if err == nil {
				l.mu.Lock()
				l.acked[number] = time.Now()
				l.mu.Unlock()
			}
		})
	}
}

func (l *load) read(ctx context.Context, consumer *kgo.Client) {
	for ctx.Err() == nil {
		fetches := consumer.PollFetches(ctx)
		now := time.Now()
		l.mu.Lock()
		fetches.EachRecord(func(r *kgo.Record) {
			number := binary.BigEndian.Uint64(r.Value)
			if number < uint64(len(l.seen)) && l.seen[number].IsZero() {
				l.seen[number] = now
			}
		})
		l.mu.Unlock()
	}
}

// newest is the highest number that the target has; -1 for none.
func (l *load) newest() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for number := len(l.seen) - 1; number >= 0; number-- {
		if !l.seen[number].IsZero() {
			return number
		}
	}
	return -1
}

// latencies are the milliseconds from ack to arrival of records from a number on.
func (l *load) latencies(from int) float64s {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all float64s
	for number := from; number < len(l.seen); number++ {
		if !l.seen[number].IsZero() && !l.acked[number].IsZero() {
			// A record can be at the target before the source's ack is read here.
			all = append(all, max(0, float64(l.seen[number].Sub(l.acked[number]))/float64(time.Millisecond)))
		}
	}
	return all
}

// liveRun starts a copier on a new topic under load and waits until it keeps up.
func (b *bench) liveRun(ctx context.Context, c copier) (j job, p *process, l *load, err error) {
	j = job{id: b.next(), codec: "none", live: true}
	j.topic = "live-" + j.id
	copyTopic := c.targetName(j.id, j.topic)
	if err = createTopic(ctx, b.west, j.topic); err != nil {
		return
	}
	// The target topic is there before, so that the consumer knows it.
	if !c.creates {
		if err = createTopic(ctx, b.east, copyTopic); err != nil {
			return
		}
	}
	if p, err = c.start(ctx, j); err != nil {
		return
	}
	if l, err = b.startLoad(ctx, j.topic, copyTopic); err != nil {
		p.stop()
		return
	}
	err = until(ctx, p, 2*time.Minute, "the copier to keep up", func() bool {
		l.mu.Lock()
		written := len(l.seen)
		l.mu.Unlock()
		return written > 3*liveRate && l.newest() > written-liveRate/2
	})
	if err != nil {
		l.stop()
		p.stop()
	}
	return
}

// lateError says that something did not happen in the time there was. It is a
// result, too: the other measurements go on.
type lateError struct{ text string }

func (e *lateError) Error() string { return e.text }

// until polls a condition.
func until(ctx context.Context, p *process, limit time.Duration, what string, met func() bool) error {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(limit); ; {
		if met() {
			return nil
		}
		if time.Now().After(end) {
			return &lateError{fmt.Sprintf("waited %v for %s", limit, what)}
		}
		if err := p.ended(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// latency returns p50 and p99 in milliseconds.
func (b *bench) latency(ctx context.Context, c copier) (float64s, error) {
	_, p, l, err := b.liveRun(ctx, c)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	defer l.stop()
	from := l.newest() + 2*liveRate // JIT and windows have settled by then
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(time.Duration(b.seconds+2) * time.Second):
	}
	if err := p.ended(); err != nil {
		return nil, err
	}
	all := l.latencies(from)
	return float64s{all.quantile(0.5), all.quantile(0.99)}, nil
}

// restart returns the seconds from the start after kill -9 to a new record.
func (b *bench) restart(ctx context.Context, c copier) (float64s, error) {
	j, p, l, err := b.liveRun(ctx, c)
	if err != nil {
		return nil, err
	}
	defer l.stop()
	p.Kill()
	time.Sleep(300 * time.Millisecond) // what was on its way to the consumer arrives
	before := l.newest()
	if p, err = c.start(ctx, j); err != nil {
		return nil, err
	}
	defer func() { p.stop() }()
	if err := until(ctx, p, 3*time.Minute, "a new record after the restart", func() bool { return l.newest() > before }); err != nil {
		return nil, err
	}
	return float64s{time.Since(p.started).Seconds()}, nil
}

// newTopic returns the seconds from a topic's creation to its first copy.
func (b *bench) newTopic(ctx context.Context, c copier) (float64s, error) {
	j := job{id: b.next(), prefix: true, codec: "none", live: true}
	j.topic = "new-" + j.id + "-"
	first, second := j.topic+"a", j.topic+"b"
	if err := b.createWithRecord(ctx, first); err != nil {
		return nil, err
	}
	p, err := c.start(ctx, j)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if _, _, err := b.target.wait(ctx, p, c.targetName(j.id, first), 1, 2*time.Minute); err != nil {
		return nil, err
	}
	created := time.Now()
	if err := b.createWithRecord(ctx, second); err != nil {
		return nil, err
	}
	_, last, err := b.target.wait(ctx, p, c.targetName(j.id, second), 1, b.topicWait)
	if err != nil {
		return nil, err
	}
	return float64s{last.Sub(created).Seconds()}, nil
}

func (b *bench) createWithRecord(ctx context.Context, topic string) error {
	if err := createTopic(ctx, b.west, topic); err != nil {
		return err
	}
	client, err := b.west.Client(kgo.DefaultProduceTopic(topic))
	if err != nil {
		return err
	}
	defer client.Close()
	return client.ProduceSync(ctx, &kgo.Record{Value: []byte("first")}).FirstErr()
}
