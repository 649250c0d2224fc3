package replicate

import (
	"context"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/batch"
)

const (
	expiryEvery  = 5 * time.Minute
	expiryConfig = "producer.id.expiration.ms"
	watchEvery   = 5 * time.Second
)

// watchExpiry reads how long the target remembers idle producers.
func (r *route) watchExpiry(ctx context.Context) {
	for {
		if d, ok := r.readExpiry(ctx); ok {
			r.expiry.Store(int64(d))
		}
		if sleep(ctx, expiryEvery) != nil {
			return
		}
	}
}

// readExpiry asks a broker for its setting. That needs DescribeConfigs on the
// cluster, which a mirror need not have.
func (r *route) readExpiry(ctx context.Context) (time.Duration, bool) {
	cctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	meta, err := FetchMetadata(cctx, r.target.client, []string{})
	if err != nil {
		return 0, false
	}
	shortest := time.Duration(0)
	for id := range meta.Brokers {
		req := kmsg.NewPtrDescribeConfigsRequest()
		res := kmsg.NewDescribeConfigsRequestResource()
		res.ResourceType, res.ResourceName, res.ConfigNames = kmsg.ConfigResourceTypeBroker, strconv.Itoa(int(id)), []string{expiryConfig}
		req.Resources = append(req.Resources, res)
		resp, err := r.target.ask(cctx, id, req)
		if err != nil {
			return 0, false
		}
		for _, res := range resp.(*kmsg.DescribeConfigsResponse).Resources {
			for _, c := range res.Configs {
				if c.Name != expiryConfig || c.Value == nil {
					continue
				}
				if ms, err := strconv.ParseInt(*c.Value, 10, 64); err == nil && ms > 0 {
					if d := time.Duration(ms) * time.Millisecond; shortest == 0 || d < shortest {
						shortest = d
					}
				}
			}
		}
	}
	return shortest, shortest > 0
}

// watchEnds keeps the lag of partitions true that are not being fetched: where
// their source ends, and how old the first record is that is not copied yet.
func (r *route) watchEnds(ctx context.Context) {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		for _, p := range r.partitions() {
			if ctx.Err() != nil {
				return
			}
			if leader, id, at, stalled := p.stalled(); stalled {
				r.watchEnd(ctx, p, leader, id, at)
			}
		}
	}
}

// stalled says where to look when no Fetch tells the partition's lag.
func (p *partition) stalled() (leadership, [16]byte, int64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.phase {
	case phaseOpen:
		if p.haltWhy == "" && time.Since(p.deliveredAt) < silentFor {
			return leadership{}, [16]byte{}, 0, false
		}
	case phaseRetired:
		return leadership{}, [16]byte{}, 0, false
	}
	return p.sourceLeader, p.sourceID, p.acked.source, p.sourceLeader.broker >= 0
}

func (r *route) watchEnd(ctx context.Context, p *partition, leader leadership, id [16]byte, at int64) {
	cctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	end, err := r.source.listOffset(cctx, leader, p.topic, p.number, -1, r.config.ReadCommitted)
	if err != nil {
		return
	}
	first := int64(-1)
	if at >= 0 && at < end {
		a, err := r.source.readAt(cctx, leader, p.topic, id, p.number, at, 1, r.config.ReadCommitted)
		if err == nil && kerr.ErrorForCode(a.ErrorCode) == nil {
			scan := batch.Scan(a.RecordBatches)
			for scan.Next() {
				if b := scan.Batch(); b.LastOffset() >= at {
					first = firstTimestamp(b)
					break
				}
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sourceEnd = end
	p.growth.note(end, time.Now())
	p.firstTimestamp = first
	if p.phase == phasePaused {
		p.lookedAt(at, end, time.Now())
	}
}
