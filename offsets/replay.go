package offsets

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// replayPatience is how long a read may bring nothing before it counts as read to
// the end. The offset of the last record can be below the log's end, since
// compaction removes tombstones at the end too.
const replayPatience = 3 * time.Second

// Replay reads a checkpoint topic from its beginning to where it ends now, for
// whoever is not in the fleet. A topic that does not exist has no lanes.
//
// client asks for the ends; open makes the client that reads, with options added.
// Records that cannot be used are faults of their lane, as in Lane.Apply.
func Replay(ctx context.Context, client *kgo.Client, topic string, open func(...kgo.Opt) (*kgo.Client, error)) ([]*Lane, error) {
	adm := kadm.NewClient(client)
	ends, err := adm.ListEndOffsets(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint topic %s: %w", topic, err)
	}
	if errors.Is(ends.Error(), kerr.UnknownTopicOrPartition) {
		return nil, nil
	}
	// After the ends: of a topic that is being created just now, both are known then.
	starts, err := adm.ListStartOffsets(ctx, topic)
	if err := errors.Join(err, ends.Error(), starts.Error()); err != nil {
		return nil, fmt.Errorf("read checkpoint topic %s: %w", topic, err)
	}
	r := replay{topic: topic, left: map[int32]int64{}}
	from := map[int32]kgo.Offset{}
	for n := range int32(len(ends[topic])) {
		r.lanes = append(r.lanes, NewLane(n))
		start, _ := starts.Lookup(topic, n)
		if end, _ := ends.Lookup(topic, n); start.Offset < end.Offset {
			r.left[n], from[n] = end.Offset, kgo.NewOffset().At(start.Offset)
		}
	}
	if len(from) == 0 {
		return r.lanes, nil
	}
	reader, err := open(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.FetchMaxWait(200*time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return r.lanes, r.run(ctx, adm, reader)
}

// replay is a checkpoint topic that is being read.
type replay struct {
	topic string
	lanes []*Lane
	left  map[int32]int64 // by lane, the end to reach
}

func (r *replay) run(ctx context.Context, adm *kadm.Client, reader *kgo.Client) error {
	for len(r.left) > 0 {
		polling, cancel := context.WithTimeout(ctx, replayPatience)
		fetches := reader.PollFetches(polling)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := fetches.Err()
		if errors.Is(err, context.DeadlineExceeded) {
			// There is no more, unless the cluster has just gone away.
			if _, err = adm.ListEndOffsets(ctx, r.topic); err == nil {
				return nil
			}
		}
		if err != nil {
			return fmt.Errorf("read checkpoint topic %s: %w", r.topic, err)
		}
		fetches.EachRecord(r.apply)
	}
	return nil
}

func (r *replay) apply(record *kgo.Record) {
	_ = r.lanes[record.Partition].Apply(record.Key, record.Value, record.Offset) // the lane keeps it as a fault
	if end, ok := r.left[record.Partition]; ok && record.Offset+1 >= end {
		delete(r.left, record.Partition)
	}
}
