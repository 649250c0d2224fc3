package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// reader is an application with a consumer group, so that there is one to look at on the page. Unlike the consumer it checks nothing.
type reader struct {
	group, cluster, topic string
	pause                 time.Duration // between two polls
	most                  int           // records of one poll
}

// readers are one that keeps up in east, and one in west that is slower than the writers, whose lag grows until the records are deleted.
func readers() []reader {
	return []reader{
		{"billing", East, "west.orders", 200 * time.Millisecond, 10_000},
		{"reports", West, "prices", 2 * time.Second, 500},
	}
}

// start connects; what it starts ends with ctx.
func (r reader) start(ctx context.Context, d *demo) error {
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(d.clusters.of(r.cluster).ListenAddrs()...), kgo.ClientID("demo-"+r.group),
		kgo.ConsumerGroup(r.group), kgo.ConsumeTopics(r.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.MetadataMinAge(250*time.Millisecond), kgo.MetadataMaxAge(time.Second), // the mirror makes the topic in east
		kgo.AutoCommitInterval(time.Second), kgo.FetchMaxBytes(1<<20),
	)
	if err != nil {
		return fmt.Errorf("connect the reader %s: %w", r.group, err)
	}
	d.workers.Go(func() {
		defer cl.Close()
		for ctx.Err() == nil {
			cl.PollRecords(ctx, r.most) // a failure heals with the next poll, or shows on the page
			select {
			case <-ctx.Done():
			case <-time.After(r.pause):
			}
		}
	})
	return nil
}
