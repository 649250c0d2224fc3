package replicate

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/batch"
)

const (
	sampleBytes = 256 << 10 // of a partition whose size the source does not tell
	speedBytes  = 4 << 20   // read once to see how fast the source is
	speedLeast  = 64 << 10  // less than this tells of round trips only
)

// estimate fills in how many bytes the ranges have left, and returns how many
// bytes a second one connection brought, 0 when too little could be read. Both are
// estimates: what cannot be learnt stays unknown.
func estimate(ctx context.Context, src *side, ranges []Range) (speed float64, err error) {
	var topics []string
	set := kadm.TopicsSet{}
	for _, g := range ranges {
		topics = append(topics, g.Topic)
		set.Add(g.Topic, g.Partition)
	}
	meta, err := FetchMetadata(ctx, src.client, topics)
	if err != nil || len(ranges) == 0 {
		return 0, err
	}
	sizes, _ := kadm.NewClient(src.client).DescribeAllLogDirs(ctx, set) // needs Describe on the cluster; what is missing is sampled
	largest := -1
	for i := range ranges {
		g := &ranges[i]
		t := meta.Topics[g.Topic]
		if t == nil || int(g.Partition) >= len(t.Partitions) || g.Left() <= 0 {
			g.Bytes = 0
			continue
		}
		m := t.Partitions[g.Partition]
		l := leadership{m.Leader, m.LeaderEpoch}
		perOffset, ok := src.sizePerOffset(ctx, l, g, sizes)
		if !ok {
			perOffset, ok = src.sampleSize(ctx, l, t, g)
		}
		if !ok {
			continue
		}
		g.Bytes = int64(perOffset * float64(g.Left()))
		if largest < 0 || g.Bytes > ranges[largest].Bytes {
			largest = i
		}
	}
	if largest >= 0 {
		g := ranges[largest]
		m := meta.Topics[g.Topic].Partitions[g.Partition]
		speed = src.sampleSpeed(ctx, leadership{m.Leader, m.LeaderEpoch}, meta.Topics[g.Topic], g)
	}
	return speed, ctx.Err()
}

// sizePerOffset is the average by the size of the leader's log.
func (s *side) sizePerOffset(ctx context.Context, l leadership, g *Range, sizes kadm.DescribedAllLogDirs) (float64, bool) {
	d, ok := sizes[l.broker].LookupPartition(g.Topic, g.Partition)
	if !ok || d.Size <= 0 {
		return 0, false
	}
	begin, err := s.listOffset(ctx, l, g.Topic, g.Partition, -2, false)
	if err != nil {
		return 0, false
	}
	end, err := s.listOffset(ctx, l, g.Topic, g.Partition, -1, false)
	if err != nil || end <= begin {
		return 0, false
	}
	return float64(d.Size) / float64(end-begin), true
}

// sampleSize is the average of some batches at the beginning and in the middle of
// what is left.
func (s *side) sampleSize(ctx context.Context, l leadership, t *Topic, g *Range) (float64, bool) {
	var bytes, offsets int64
	for _, at := range []int64{g.Position, g.Position + g.Left()/2} {
		a, err := s.readAt(ctx, l, g.Topic, t.ID, g.Partition, at, sampleBytes, false)
		if err != nil {
			continue
		}
		scan := batch.Scan(a.RecordBatches)
		for scan.Next() {
			b := scan.Batch()
			bytes += int64(b.Size())
			offsets += b.LastOffset() + 1 - b.BaseOffset
		}
	}
	if offsets == 0 {
		return 0, false
	}
	return float64(bytes) / float64(offsets), true
}

// sampleSpeed reads once and takes the time.
func (s *side) sampleSpeed(ctx context.Context, l leadership, t *Topic, g Range) float64 {
	began := time.Now()
	a, err := s.readAt(ctx, l, g.Topic, t.ID, g.Partition, g.Position, speedBytes, false)
	if err != nil || len(a.RecordBatches) < speedLeast {
		return 0
	}
	return float64(len(a.RecordBatches)) / max(time.Since(began).Seconds(), 0.001)
}
