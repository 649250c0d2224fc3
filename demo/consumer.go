package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// pattern is what the demo's consumer in east reads: its own topics and the copies of west's, together.
const pattern = `^(orders|west[.-].*)$`

// consumer is an application in east that reads local and mirrored topics by one pattern. It checks each record by itself: whole, of the
// partition it came from, and the next one there. It knows nothing of mirrors or of west.
type consumer struct {
	client *kgo.Client
	joins  bool // the first record of a writer need not be its number 0: retention may have taken that

	mu     sync.Mutex // guards what follows
	topics map[string]*consumed
	at     map[place]*progress
	faults []string
	count  int64 // of faults
}

type place struct {
	topic     string
	partition int32
}

// consumed counts what came of one topic of east.
type consumed struct {
	records, bytes int64
	own            int64         // records that the demo wrote; other clients may join in
	age            time.Duration // of the latest record when it came
}

// progress is where the consumer is in a partition of east.
type progress struct {
	offset int64              // next
	next   map[identity]int64 // number of the next record, by run, topic and partition of origin
}

// maxFaults is how many faults are kept in words.
const maxFaults = 20

func newConsumer(seeds []string, pattern string) (*consumer, error) {
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(seeds...), kgo.ClientID("demo-consumer"),
		kgo.ConsumeRegex(), kgo.ConsumeTopics(pattern), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.MetadataMinAge(250*time.Millisecond), kgo.MetadataMaxAge(time.Second), // finds new topics soon
		kgo.FetchMaxWait(250*time.Millisecond), kgo.FetchMaxBytes(8<<20),
	)
	if err != nil {
		return nil, fmt.Errorf("connect the consumer: %w", err)
	}
	return &consumer{client: cl, topics: make(map[string]*consumed), at: make(map[place]*progress)}, nil
}

// work reads until ctx ends.
func (c *consumer) work(ctx context.Context) {
	defer c.client.Close()
	for ctx.Err() == nil {
		fetches := c.client.PollFetches(ctx)
		now := time.Now()
		c.mu.Lock()
		fetches.EachRecord(func(r *kgo.Record) { c.record(r, now) })
		fetches.EachError(func(topic string, partition int32, err error) {
			if !errors.Is(err, context.Canceled) {
				c.fault("%s[%d]: %v", topic, partition, err)
			}
		})
		c.mu.Unlock()
	}
}

func (c *consumer) fault(format string, args ...any) {
	c.count++
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, fmt.Sprintf(format, args...))
	}
}

func (c *consumer) record(r *kgo.Record, now time.Time) {
	t := c.topics[r.Topic]
	if t == nil {
		t = new(consumed)
		c.topics[r.Topic] = t
	}
	t.records++
	t.bytes += int64(len(r.Key) + len(r.Value))
	t.age = now.Sub(r.Timestamp)
	p := c.at[place{r.Topic, r.Partition}]
	if p == nil {
		p = &progress{next: make(map[identity]int64)}
		c.at[place{r.Topic, r.Partition}] = p
	}
	p.offset = r.Offset + 1
	id, err := parseValue(r.Value)
	if errors.Is(err, errNotOurs) {
		return
	}
	t.own++
	where := fmt.Sprintf("%s[%d] at offset %d", r.Topic, r.Partition, r.Offset)
	if err != nil {
		c.fault("%s: %v", where, err)
		return
	}
	if id.partition != r.Partition {
		c.fault("%s holds record %d of %s[%d]", where, id.number, id.topic, id.partition)
		return
	}
	number := id.number
	id.number = 0
	want, known := p.next[id]
	if number != want && (known || !c.joins) {
		c.fault("%s holds record %d of %s[%d], not %d", where, number, id.topic, id.partition, want)
	}
	p.next[id] = number + 1
}

// of returns what came of a topic of east so far.
func (c *consumer) of(topic string) consumed {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.topics[topic]; t != nil {
		return *t
	}
	return consumed{}
}

// offset returns where the consumer is in a partition of east.
func (c *consumer) offset(topic string, partition int32) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.at[place{topic, partition}]; p != nil {
		return p.offset
	}
	return 0
}

// result returns the number of faults and the first of them.
func (c *consumer) result() (int64, []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count, append([]string(nil), c.faults...)
}
