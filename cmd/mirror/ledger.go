package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/kafka"
	"mirror/offsets"
)

// ledgerPatience is how long a read of the checkpoint topic may bring nothing
// before it counts as read to the end. The offset of the last record can be
// below the log's end, since compaction removes tombstones at the end too.
const ledgerPatience = 3 * time.Second

// ledger is what a route's checkpoint topic says: how far it is, what it lost and
// which configs it manages. One that openLedger made can also be written.
type ledger struct {
	lanes   []*offsets.Lane
	targets map[string]bool // target topics that config records name
	writer  *ledgerWriter   // nil: read only
}

// readLedger replays a route's checkpoint topic. A route that never ran has none,
// and gives an empty ledger.
func readLedger(ctx context.Context, target *cluster, route *config.Route) (*ledger, error) {
	topic := offsets.TopicName(route.Name)
	starts, err := target.admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, clusterError(err, target.config, "read topic "+topic)
	}
	ends, err := target.admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return nil, clusterError(err, target.config, "read topic "+topic)
	}
	if errors.Is(ends.Error(), kerr.UnknownTopicOrPartition) {
		return &ledger{}, nil
	}
	if err := errors.Join(starts.Error(), ends.Error()); err != nil {
		return nil, clusterError(err, target.config, "read topic "+topic)
	}
	l := &ledger{targets: make(map[string]bool)}
	for n := range len(ends[topic]) {
		l.lanes = append(l.lanes, offsets.NewLane(int32(n)))
	}
	return l, l.replay(ctx, target, topic, starts, ends)
}

// replay reads from starts to ends, which are frozen: a running mirror goes on
// writing.
func (l *ledger) replay(ctx context.Context, target *cluster, topic string, starts, ends kadm.ListedOffsets) error {
	left := make(map[int32]int64) // by lane, the end to reach
	from := make(map[int32]kgo.Offset)
	for n := range l.lanes {
		start, _ := starts.Lookup(topic, int32(n))
		end, _ := ends.Lookup(topic, int32(n))
		if start.Offset < end.Offset {
			left[int32(n)] = end.Offset
			from[int32(n)] = kgo.NewOffset().At(start.Offset)
		}
	}
	if len(left) == 0 {
		return nil
	}
	client, err := kafka.NewClient(target.config, clientID,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.FetchMaxWait(200*time.Millisecond))
	if err != nil {
		return clusterError(err, target.config, "read topic "+topic)
	}
	defer client.Close()
	for len(left) > 0 {
		polling, cancel := context.WithTimeout(ctx, ledgerPatience)
		fetches := client.PollFetches(polling)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := fetches.Err()
		if errors.Is(err, context.DeadlineExceeded) {
			// There is no more, unless the cluster has just gone away.
			_, err := target.admin.ListEndOffsets(ctx, topic)
			return clusterError(err, target.config, "read topic "+topic)
		}
		if err != nil {
			return clusterError(err, target.config, "read topic "+topic)
		}
		if err := l.apply(fetches, left); err != nil {
			return err
		}
	}
	return nil
}

// apply takes records in. A record that is damaged is kept by the lane as a fault
// and matters only to its partition; one of a newer version may mean anything.
func (l *ledger) apply(fetches kgo.Fetches, left map[int32]int64) error {
	for records := fetches.RecordIter(); !records.Done(); {
		record := records.Next()
		var newer *offsets.NewerError
		err := l.lanes[record.Partition].Apply(record.Key, record.Value, record.Offset)
		if errors.As(err, &newer) {
			return fmt.Errorf("read topic %s: %w", record.Topic, err)
		}
		if key, err := offsets.DecodeKey(record.Key); err == nil && key.Kind == offsets.KindConfig {
			l.targets[key.Target] = true
		}
		if end, ok := left[record.Partition]; ok && record.Offset+1 >= end {
			delete(left, record.Partition)
		}
	}
	return nil
}

// managed returns the config keys that the route manages, by target topic.
func (l *ledger) managed() map[string][]string {
	keys := make(map[string][]string)
	for _, lane := range l.lanes {
		for target := range l.targets {
			if c, ok := lane.Config(target); ok {
				keys[target] = c.Keys
			}
		}
	}
	return keys
}

// losses returns the loss ledger.
func (l *ledger) losses() []offsets.LossEntry {
	var all []offsets.LossEntry
	for _, lane := range l.lanes {
		all = append(all, lane.Losses()...)
	}
	return all
}

// shared reports whether others write to the target topic too; known is false
// when nothing was copied to it yet.
func (l *ledger) shared(topic, target string) (shared, known bool) {
	for _, lane := range l.lanes {
		for _, key := range lane.Checkpoints() {
			if key.Topic != topic || key.Target != target {
				continue
			}
			if c, ok, _ := lane.Checkpoint(key); ok {
				shared, known = shared || c.Shared, true
			}
		}
	}
	return shared, known
}

// offsetMap returns the newest copy's map of a partition, or nil.
func (l *ledger) offsetMap(topic string, partition int32, target string) *offsets.Map {
	if len(l.lanes) == 0 {
		return nil
	}
	lane := l.lanes[offsets.LaneOf(topic, partition, int32(len(l.lanes)))]
	return lane.Map(offsets.Key{Kind: offsets.KindMap, Topic: topic, Partition: partition, Target: target,
		Generation: lane.Generation(topic, partition, target)})
}

// copied returns the source topic of each target topic that was copied to.
func (l *ledger) copied() map[string]string {
	sources := make(map[string]string)
	for _, lane := range l.lanes {
		for _, key := range lane.Checkpoints() {
			sources[key.Target] = key.Topic
		}
	}
	return sources
}
