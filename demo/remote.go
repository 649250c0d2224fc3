package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

// sayEvery is how often Write and Read tell how far they are.
const sayEvery = 5 * time.Second

// WriteOptions say what load Write makes.
type WriteOptions struct {
	Brokers    []string
	Topics     []string // created when they are not there
	Partitions int32
	Replicas   int16
	Rate       float64   // bytes per second, all topics together
	Out        io.Writer // a line every five seconds
}

// Write writes records that name themselves to the topics of a real cluster until ctx ends. A cluster that does not answer
// is waited for, and nothing is written twice.
func Write(ctx context.Context, o WriteOptions) error {
	if err := createTopics(ctx, o); err != nil {
		return err
	}
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	var held atomic.Bool
	var writers []*writer
	for _, topic := range o.Topics {
		s := shape{topic: topic, partitions: o.Partitions, cluster: "remote", share: 1 / float64(len(o.Topics)), size: 200, codec: kgo.Lz4Compression(), payload: order}
		w, err := newWriter(s, run, o.Rate, o.Brokers, &held)
		if err != nil {
			return err
		}
		w.patience = 0
		writers = append(writers, w)
	}
	group, gctx := errgroup.WithContext(ctx)
	for _, w := range writers {
		group.Go(func() error { return w.work(gctx) })
	}
	group.Go(func() error {
		every(gctx, sayEvery, func() {
			for _, w := range writers {
				fmt.Fprintf(o.Out, "wrote %s: %d records\n", w.topic, w.records.Load())
			}
		})
		return nil
	})
	return group.Wait()
}

// createTopics waits for the cluster, and creates what is missing.
func createTopics(ctx context.Context, o WriteOptions) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(o.Brokers...), kgo.ClientID("demo-write"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer client.Close()
	var said time.Time
	for {
		created, err := kadm.NewClient(client).CreateTopics(ctx, o.Partitions, o.Replicas, nil, o.Topics...)
		for _, t := range created.Sorted() {
			if t.Err != nil && !errors.Is(t.Err, kerr.TopicAlreadyExists) {
				err = errors.Join(err, fmt.Errorf("create topic %s: %w", t.Topic, t.Err))
			}
		}
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			fmt.Fprintf(o.Out, "waiting for %s: %v\n", strings.Join(o.Brokers, ","), err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// ReadOptions say what Read reads.
type ReadOptions struct {
	Brokers []string
	Pattern string    // regular expression of the topics, anchored by the caller
	Out     io.Writer // a line for each topic every five seconds
}

// Read reads all topics that match a pattern, local and mirrored ones together, as an application would, until ctx ends.
// It checks that each record that Write wrote is whole, at its place, and follows the one before. It returns how many
// faults there were.
func Read(ctx context.Context, o ReadOptions) (faults int64, err error) {
	c, err := newConsumer(o.Brokers, o.Pattern)
	if err != nil {
		return 0, err
	}
	c.joins = true
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.work(ctx)
	}()
	every(ctx, sayEvery, func() { c.say(o.Out) })
	<-done
	c.say(o.Out)
	faults, _ = c.result()
	return faults, nil
}

// say prints what came so far.
func (c *consumer) say(out io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var topics []string
	for topic := range c.topics {
		topics = append(topics, topic)
	}
	slices.Sort(topics)
	for _, topic := range topics {
		t := c.topics[topic]
		fmt.Fprintf(out, "read %s: %d records, the latest %.1f s old\n", topic, t.records, t.age.Seconds())
	}
	for _, fault := range c.faults {
		fmt.Fprintf(out, "FAULT %s\n", fault)
	}
	fmt.Fprintf(out, "read %d topics, %d faults\n", len(topics), c.count)
}

// every calls f at each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, f func()) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			f()
		}
	}
}
