// Command kgocopy copies one topic, or the topics of a regular expression, with
// a franz-go consumer and an idempotent franz-go producer, tuned. It is what one
// would write by hand in an afternoon, and what the benchmark compares with: at
// least once, offsets in a group on the source, every record decoded and encoded.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type options struct {
	from, to, topic, target, group, codec string
	linger                                time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.from, "from", "", "source brokers")
	flag.StringVar(&o.to, "to", "", "target brokers")
	flag.StringVar(&o.topic, "topic", "", "source topic")
	flag.StringVar(&o.target, "target", "", "target topic, with as many partitions")
	flag.StringVar(&o.group, "group", "", "group on the source")
	flag.StringVar(&o.codec, "codec", "none", "none, lz4 or zstd")
	flag.DurationVar(&o.linger, "linger", 5*time.Millisecond, "how long to gather a batch")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "kgocopy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	consumer, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(o.from, ",")...),
		kgo.ConsumeTopics(o.topic),
		kgo.ConsumerGroup(o.group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(time.Second),
		kgo.BlockRebalanceOnPoll(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxBytes(64<<20),
		kgo.FetchMaxPartitionBytes(8<<20),
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	if err != nil {
		return fmt.Errorf("make consumer: %w", err)
	}
	defer consumer.CloseAllowingRebalance()
	codec := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}[o.codec]
	producer, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(o.to, ",")...),
		kgo.DefaultProduceTopic(o.target),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(codec),
		kgo.ProducerBatchMaxBytes(1_000_000),
		kgo.ProducerLinger(o.linger),
		kgo.MaxBufferedRecords(400_000),
	)
	if err != nil {
		return fmt.Errorf("make producer: %w", err)
	}
	defer producer.Close()
	for ctx.Err() == nil {
		fetches := consumer.PollFetches(ctx)
		for _, fault := range fetches.Errors() {
			if ctx.Err() == nil {
				return fmt.Errorf("fetch %s/%d: %w", fault.Topic, fault.Partition, fault.Err)
			}
		}
		// Not the poll's context: what was fetched is copied before the end.
		fetches.EachRecord(func(r *kgo.Record) {
			producer.Produce(context.Background(), copyOf(r), func(_ *kgo.Record, err error) {
				if err != nil {
					fmt.Fprintln(os.Stderr, "kgocopy: produce:", err)
					os.Exit(1)
				}
				consumer.MarkCommitRecords(r)
			})
		})
		consumer.AllowRebalance()
	}
	flushing, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := producer.Flush(flushing); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return consumer.CommitMarkedOffsets(flushing)
}

// copyOf keeps what a copy keeps: partition, key, value, headers and timestamp.
func copyOf(r *kgo.Record) *kgo.Record {
	return &kgo.Record{Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers, Timestamp: r.Timestamp}
}
