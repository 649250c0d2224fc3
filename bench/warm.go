package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

// warmTime is how long the brokers are kept busy with single records before the
// first measurement of latency. A broker that has just started interprets what
// it runs, and its compiler takes what the copiers need of the same two cores.
const warmTime = time.Minute

// warmUp makes what a broker does for a single record, to write it and to wait
// for it, the most compiled of its code: first with as many records as it takes,
// written and read by this program, on both clusters; then with a run of each
// copier that nobody measures.
func (b *bench) warmUp(ctx context.Context) error {
	if !slices.ContainsFunc([]string{"latency", "restart", "newtopic"}, func(name string) bool { return slices.Contains(b.measure, name) }) {
		return nil
	}
	progress("warming the brokers for %v", warmTime)
	done := make(chan error, 2)
	for _, c := range []*brokers.Cluster{b.west, b.east} {
		go func() { done <- hammer(ctx, c, warmTime) }()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		return fmt.Errorf("warm the brokers: %w", err)
	}
	for _, c := range b.copiers(0) {
		progress("warming the brokers with %s", c.name)
		late := (*lateError)(nil)
		if _, err := b.latency(ctx, c); err != nil && !errors.As(err, &late) {
			return fmt.Errorf("warm the brokers with %s: %w", c.name, err)
		}
	}
	return nil
}

// hammer writes single records to a cluster, a few at once, and reads them as
// they come.
func hammer(ctx context.Context, c *brokers.Cluster, d time.Duration) error {
	const topic = "warm"
	if err := createTopic(ctx, c, topic); err != nil {
		return err
	}
	client, err := c.Client(kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0), kgo.MaxBufferedRecords(partitions), kgo.ConsumeTopics(topic))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var writer sync.WaitGroup
	writer.Go(func() {
		for value := make([]byte, 200); ctx.Err() == nil; {
			for p := range int32(partitions) {
				client.Produce(ctx, &kgo.Record{Partition: p, Value: value}, nil) // waits while all are on their way
			}
		}
	})
	records := 0
	for ctx.Err() == nil {
		records += client.PollFetches(ctx).NumRecords()
	}
	writer.Wait()
	if records == 0 {
		return fmt.Errorf("no record came back from %s within %v", c.Addresses(brokers.Plain)[0], d)
	}
	progress("%d single records", records)
	return nil
}
