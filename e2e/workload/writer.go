package workload

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

// Writer names records one after the other for one producer. It is safe for concurrent use.
type Writer struct {
	Run      uint64
	Producer int32
	next     atomic.Uint64
}

// Next makes the next record of a shape for a partition.
func (w *Writer) Next(topic string, partition int32, shape Shape) brokers.Record {
	return Who{w.Run, topic, partition, w.Producer, w.next.Add(1) - 1, shape}.Record()
}

// Kgo turns a record into kgo's. The client must be made with kgo.ManualPartitioner.
func Kgo(r brokers.Record) *kgo.Record {
	k := &kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value}
	if r.Timestamp != nil {
		k.Timestamp = time.UnixMilli(*r.Timestamp)
	}
	for _, h := range r.Headers {
		k.Headers = append(k.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
	return k
}

// Load writes records to topics at a steady pace until Stop.
type Load struct {
	cancel context.CancelFunc
	done   sync.WaitGroup // the one goroutine that writes
	err    error          // set before done
	acked  atomic.Int64
}

// Target is a topic with its number of partitions.
type Target struct {
	Topic      string
	Partitions int32
}

// StartLoad writes about perSecond records of the shapes in turn to all partitions in turn. age is subtracted from each
// record's time. The client must be made with kgo.ManualPartitioner; it outlives the load.
func StartLoad(client *kgo.Client, w *Writer, targets []Target, shapes []Shape, perSecond int, age time.Duration) *Load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &Load{cancel: cancel}
	l.done.Go(func() { l.err = l.run(ctx, client, w, targets, shapes, perSecond, age) })
	return l
}

func (l *Load) run(ctx context.Context, client *kgo.Client, w *Writer, targets []Target, shapes []Shape, perSecond int, age time.Duration) error {
	const tick = 20 * time.Millisecond
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	perTick := max(1, perSecond*int(tick)/int(time.Second))
	var failed firstError
	at := 0
	for ctx.Err() == nil && failed.get() == nil {
		for range perTick {
			target := targets[at%len(targets)]
			r := w.Next(target.Topic, int32(at/len(targets))%target.Partitions, shapes[at%len(shapes)])
			*r.Timestamp -= age.Milliseconds()
			client.Produce(context.Background(), Kgo(r), func(_ *kgo.Record, err error) {
				if err != nil {
					failed.set(err)
					return
				}
				l.acked.Add(1)
			})
			at++
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	if err := client.Flush(context.Background()); err != nil {
		failed.set(err)
	}
	return failed.get()
}

// Acked is how many records the brokers have acknowledged so far.
func (l *Load) Acked() int64 { return l.acked.Load() }

// Stop ends the load and waits until everything written is acknowledged.
func (l *Load) Stop() error {
	l.cancel()
	l.done.Wait()
	if l.err != nil {
		return fmt.Errorf("write load: %w", l.err)
	}
	return nil
}

type firstError struct {
	mu  sync.Mutex // guards err
	err error
}

func (f *firstError) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *firstError) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
