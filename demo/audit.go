package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/verify"
)

// audit verifies all records piece by piece while the demo runs, and deletes on both sides what was verified (and read by the consumer), so that
// a demo that runs for days holds little and still compares everything. Only work and finish use it, one after the other.
type audit struct {
	clusters *Clusters
	route    *config.Route
	src, dst *kgo.Client
	consumer *consumer
	load     *load
	topics   []string // of west
	keep     int64    // bytes in west from which on it verifies and deletes

	next  map[verify.PartitionKey]verify.Position // where the next pass begins
	spare map[verify.PartitionKey]verify.Position // what is below may be deleted

	mu      sync.Mutex // guards what follows
	records int64      // verified to be equal
	bytes   int64
}

const (
	// holdFactor times keep is where the writers stop until the mirror has caught up.
	holdFactor = 3
	// rest is between two passes. What a pass has verified is deleted after the next one: a mirror that recovers looks at the last records that it
	// copied, on both sides, and its checkpoints come every second or so.
	rest = 2 * time.Second
)

func newAudit(c *Clusters, cfg *config.Config, consumer *consumer, load *load, keep int64) (*audit, error) {
	a := &audit{clusters: c, route: cfg.Routes[0], consumer: consumer, load: load, keep: keep, next: make(map[verify.PartitionKey]verify.Position)}
	for _, s := range shapes() {
		if s.cluster == West {
			a.topics = append(a.topics, s.topic)
		}
	}
	var err error
	a.src, a.dst, err = verify.Clients(cfg, a.route)
	return a, err
}

func (a *audit) close() {
	a.src.Close()
	a.dst.Close()
}

// work verifies and deletes whenever there is enough, until ctx ends. It returns the report of the first pass that is not equal.
func (a *audit) work(ctx context.Context) (*verify.Report, error) {
	t := time.NewTicker(rest / 4)
	defer t.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return nil, nil
		case <-t.C:
		}
		a.trimLocal()
		size := held(a.clusters.West, a.topics)
		a.load.held.Store(size > holdFactor*a.keep)
		if size < a.keep || time.Since(last) < rest {
			continue
		}
		report, err := a.pass(ctx, 0)
		switch {
		case ctx.Err() != nil:
			return nil, nil
		case err != nil:
			return nil, err
		case !report.Equal():
			return report, nil
		}
		a.trim()
		last = time.Now()
	}
}

// finish verifies the rest, after waiting for it.
func (a *audit) finish(ctx context.Context, wait time.Duration) (*verify.Report, error) {
	return a.pass(ctx, wait)
}

// pass goes on where the pass before ended.
func (a *audit) pass(ctx context.Context, wait time.Duration) (*verify.Report, error) {
	pairs, err := verify.Pairs(ctx, a.src, a.route, nil)
	if err != nil {
		return nil, err
	}
	o := verify.RouteOptions(a.route)
	o.Start, o.Wait = a.next, wait
	report, err := verify.Run(ctx, a.src, a.dst, pairs, o)
	if err != nil {
		return nil, fmt.Errorf("verify the demo's route: %w", err)
	}
	a.spare, a.next = a.next, make(map[verify.PartitionKey]verify.Position)
	for _, p := range report.Partitions {
		a.next[verify.PartitionKey{Source: p.Source, Target: p.Target, Partition: p.Partition}] = p.Next
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.records += report.Records
	a.bytes += report.Bytes
	return report, nil
}

// trim deletes what was verified before the last pass.
func (a *audit) trim() {
	for p, at := range a.spare {
		trim(a.clusters.West, p.Source, p.Partition, at.Source)
		trim(a.clusters.East, p.Target, p.Partition, min(at.Target, a.consumer.offset(p.Target, p.Partition)))
	}
}

// trimLocal deletes east's own records that the consumer has read.
func (a *audit) trimLocal() {
	for _, s := range shapes() {
		if s.cluster != East {
			continue
		}
		for _, p := range a.clusters.East.PartitionInfos(s.topic) {
			if p.NumBytes > segmentBytes {
				trim(a.clusters.East, s.topic, p.Partition, a.consumer.offset(s.topic, p.Partition))
			}
		}
	}
}

// total returns what was verified so far.
func (a *audit) total() (records, bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.records, a.bytes
}
