package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// tick is how often a writer writes; a transaction is that long.
const tick = 50 * time.Millisecond

// writer writes one shape at its rate. Each partition's records are numbered from 0; the records of an aborted transaction are written again with
// the same numbers, as an application would.
type writer struct {
	shape
	run    string
	rate   float64 // bytes per second
	client *kgo.Client
	random *rand.Rand
	next   []int64      // number of the next record of each partition
	turn   int          // partition of the next record
	held   *atomic.Bool // write nothing for now

	patience time.Duration // for one write, 0 without end

	records, bytes atomic.Int64 // written and, in transactions, committed
}

func newWriter(s shape, run string, rate float64, seeds []string, held *atomic.Bool) (*writer, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(seeds...), kgo.ClientID("demo-" + s.topic), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(s.codec), kgo.ProducerLinger(5 * time.Millisecond), kgo.MaxBufferedRecords(5000),
		kgo.UnknownTopicRetries(-1), // not every broker knows a new topic at once
	}
	if s.transacted {
		opts = append(opts, kgo.TransactionalID("demo-"+s.topic))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("connect the writer of %s: %w", s.topic, err)
	}
	var seed [32]byte
	copy(seed[:], run+s.topic+s.cluster)
	return &writer{shape: s, run: run, rate: rate * s.share, client: client, random: rand.New(rand.NewChaCha8(seed)), next: make([]int64, s.partitions), held: held, patience: 30 * time.Second}, nil
}

// lastWrite is how long a write may still take once the writer is to stop.
const lastWrite = 5 * time.Second

// work writes until ctx ends, and then what is under way.
func (w *writer) work(ctx context.Context) error {
	defer w.client.Close()
	writing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWrite, cancel) })()
	t := time.NewTicker(tick)
	defer t.Stop()
	owed := 0.0 // bytes
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if w.held.Load() {
			continue
		}
		// A writer that was kept from writing does not make up for all of it.
		owed = min(owed+w.rate*tick.Seconds(), max(w.rate, float64(w.size)))
		count := int(owed / float64(w.size))
		if count == 0 {
			continue
		}
		owed -= float64(count * w.size)
		if err := w.write(writing, count, n%9 == 0); err != nil {
			return fmt.Errorf("write to %s in %s: %w", w.topic, w.cluster, err)
		}
	}
}

// write writes count records; abort applies to shapes with transactions.
func (w *writer) write(ctx context.Context, count int, abort bool) error {
	if w.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.patience)
		defer cancel()
	}
	if !w.transacted {
		return w.flush(ctx, w.make(count))
	}
	before := append([]int64(nil), w.next...)
	if err := w.client.BeginTransaction(); err != nil {
		return err
	}
	records := w.make(count)
	if err := w.produce(ctx, records); err != nil {
		return errors.Join(err, w.client.EndTransaction(ctx, kgo.TryAbort))
	}
	if abort {
		w.next = before
		return w.client.EndTransaction(ctx, kgo.TryAbort)
	}
	if err := w.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return err
	}
	w.count(records)
	return nil
}

func (w *writer) make(count int) []*kgo.Record {
	records := make([]*kgo.Record, count)
	for i := range records {
		p := int32(w.turn % len(w.next))
		w.turn++
		key, payload, headers := w.payload(w.random)
		id := identity{w.run, w.topic, p, w.next[p]}
		w.next[p]++
		records[i] = &kgo.Record{Topic: w.topic, Partition: p, Key: key, Value: id.appendValue(make([]byte, 0, w.size+64), payload), Headers: headers}
	}
	return records
}

func (w *writer) flush(ctx context.Context, records []*kgo.Record) error {
	if err := w.produce(ctx, records); err != nil {
		return err
	}
	w.count(records)
	return nil
}

// produce writes the records and waits for all.
func (w *writer) produce(ctx context.Context, records []*kgo.Record) error {
	var first atomic.Pointer[error]
	for _, r := range records {
		w.client.Produce(ctx, r, func(_ *kgo.Record, err error) {
			if err != nil {
				first.CompareAndSwap(nil, &err)
			}
		})
	}
	if err := w.client.Flush(ctx); err != nil {
		return err
	}
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

func (w *writer) count(records []*kgo.Record) {
	var bytes int64
	for _, r := range records {
		bytes += int64(len(r.Key) + len(r.Value))
	}
	w.records.Add(int64(len(records)))
	w.bytes.Add(bytes)
}

// load is all writers together.
type load struct {
	writers []*writer
	held    atomic.Bool // nothing is written, since what is not copied would take too much memory
	cancel  context.CancelFunc
	done    sync.WaitGroup
	fail    func(error)
}

// startLoad starts a writer for each shape. fail is told of the first error of each.
func startLoad(ctx context.Context, c *Clusters, run string, rate float64, fail func(error)) (*load, error) {
	ctx, cancel := context.WithCancel(ctx)
	l := &load{cancel: cancel, fail: fail}
	for _, s := range shapes() {
		w, err := newWriter(s, run, rate, c.of(s.cluster).ListenAddrs(), &l.held)
		if err != nil {
			cancel()
			for _, w := range l.writers {
				w.client.Close()
			}
			return nil, err
		}
		l.writers = append(l.writers, w)
	}
	for _, w := range l.writers {
		l.done.Go(func() {
			if err := w.work(ctx); err != nil {
				l.fail(err)
			}
		})
	}
	return l, nil
}

// stop waits until every writer has written what it began.
func (l *load) stop() {
	l.cancel()
	l.done.Wait()
}
