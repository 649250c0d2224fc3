package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

const partitions = 8

// work is one source topic to copy.
type work struct {
	name    string
	records int64
	size    int // of a value in bytes
	codec   string
}

func works(scale float64) []work {
	return []work{
		{"uncompressed", int64(2e6 * scale), 1024, "none"},
		{"lz4", int64(6e6 * scale), 100, "lz4"},
		{"zstd", int64(1e6 * scale), 1024, "zstd"},
	}
}

func (w work) gib() float64 { return float64(w.records) * float64(w.size) / (1 << 30) }

func codecOf(name string) kgo.CompressionCodec {
	switch name {
	case "lz4":
		return kgo.Lz4Compression()
	case "zstd":
		return kgo.ZstdCompression()
	}
	return kgo.NoCompression()
}

// createTopic makes a topic that keeps everything.
func createTopic(ctx context.Context, c *brokers.Cluster, topic string) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	created, err := kadm.NewClient(client).CreateTopic(ctx, partitions, 1, map[string]*string{"retention.ms": kadm.StringPtr("-1")}, topic)
	if err == nil {
		err = created.Err
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// fill writes the source topic: batches of up to 1 MB before compression, the
// records spread evenly, values that compress about four times, as text does.
func (b *bench) fill(ctx context.Context, w work) error {
	if err := createTopic(ctx, b.west, w.name); err != nil {
		return err
	}
	client, err := b.west.Client(
		kgo.DefaultProduceTopic(w.name),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(codecOf(w.codec)),
		kgo.ProducerBatchMaxBytes(1_000_000),
		kgo.ProducerLinger(100*time.Millisecond),
		kgo.MaxBufferedRecords(200_000),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	var failed error
	values := sampleValues(w.size)
	for i := range w.records {
		record := &kgo.Record{Partition: int32(i % partitions), Value: values[i%int64(len(values))]}
		client.Produce(ctx, record, func(_ *kgo.Record, err error) {
			if err != nil && failed == nil {
				failed = err // promises are called one after another, and Flush waits for them
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return fmt.Errorf("fill %s: %w", w.name, err)
	}
	return failed
}

// sampleValues are a prime number of different values, so that partitions do not
// repeat each other.
func sampleValues(size int) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"order", "customer", "amount", "currency", "EUR", "status", "paid", "shipped", "address", "street", "quantity", "article"}
	values := make([][]byte, 9973)
	for i := range values {
		value := make([]byte, 0, size+32)
		for len(value) < size {
			value = fmt.Appendf(value, `{"%s":%d,"%s":"%s"}`, words[random.IntN(len(words))], random.IntN(1e6), words[random.IntN(len(words))], words[random.IntN(len(words))])
		}
		values[i] = value[:size]
	}
	return values
}
