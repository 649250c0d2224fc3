package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

// lookEvery is how often the target is asked for its ends: the resolution of all
// times but the latencies, and cheap enough not to be felt.
const lookEvery = 20 * time.Millisecond

// stallLimit ends a run whose target does not grow any more.
const stallLimit = 3 * time.Minute

// target asks the target cluster.
type target struct {
	client *kgo.Client
	admin  *kadm.Client
}

func newTarget(c *brokers.Cluster) (*target, error) {
	client, err := c.Client()
	if err != nil {
		return nil, err
	}
	return &target{client: client, admin: kadm.NewClient(client)}, nil
}

func (t *target) close() { t.client.Close() }

// records is how many records a topic holds; 0 when there is no such topic.
func (t *target) records(ctx context.Context, topic string) (int64, error) {
	ends, err := t.admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return 0, fmt.Errorf("ask for the ends of %s: %w", topic, err)
	}
	var sum int64
	ends.Each(func(o kadm.ListedOffset) {
		if o.Err == nil {
			sum += o.Offset
		}
	})
	return sum, nil
}

// wait looks at the topic until it holds want records, or the copier is gone, or
// nothing grew for limit. It returns when the first record and the last one were
// seen.
func (t *target) wait(ctx context.Context, p *process, topic string, want int64, limit time.Duration) (first, last time.Time, err error) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var have int64
	grew := time.Now()
	for {
		n, err := t.records(ctx, topic)
		if err != nil {
			return first, last, err
		}
		now := time.Now()
		if n > have {
			have, grew = n, now
			if first.IsZero() {
				first = now
			}
		}
		switch {
		case have >= want:
			return first, now, nil
		case now.Sub(grew) > limit:
			return first, last, &lateError{fmt.Sprintf("%s stayed at %d of %d records for %v", topic, have, want, limit)}
		}
		if err := p.ended(); err != nil {
			return first, last, err
		}
		select {
		case <-ctx.Done():
			return first, last, ctx.Err()
		case <-ticker.C:
		}
	}
}

// remove deletes topics, so that the disk does not fill.
func (t *target) remove(ctx context.Context, topics ...string) error {
	_, err := t.admin.DeleteTopics(ctx, topics...)
	return err
}
