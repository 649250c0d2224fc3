package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/kafka"
	"mirror/offsets"
)

// ledger is what a route's checkpoint topic says: how far it is, what it lost and
// which configs it manages. One that openLedger made can also be written.
type ledger struct {
	lanes  []*offsets.Lane
	writer *ledgerWriter // nil: read only
}

// readLedger replays a route's checkpoint topic. A route that never ran has none,
// and gives an empty ledger.
func readLedger(ctx context.Context, target *cluster, route *config.Route) (*ledger, error) {
	topic := offsets.TopicName(route.Name)
	lanes, err := offsets.Replay(ctx, target.client, topic, func(opts ...kgo.Opt) (*kgo.Client, error) {
		return kafka.NewClient(target.config, clientID, opts...)
	})
	if err != nil {
		return nil, clusterError(err, target.config, "read topic "+topic)
	}
	// A record that is damaged is kept by its lane as a fault and matters only to
	// its partition; one of a newer version may mean anything.
	for _, lane := range lanes {
		for _, fault := range lane.Faults() {
			if newer := (*offsets.NewerError)(nil); errors.As(fault, &newer) {
				return nil, fmt.Errorf("read topic %s: %w", topic, fault)
			}
		}
	}
	return &ledger{lanes: lanes}, nil
}

// ledgerOf is readLedger with a connection of its own.
func ledgerOf(ctx context.Context, target *config.Cluster, route *config.Route) (*ledger, error) {
	connected, err := connect(ctx, target)
	if err != nil {
		return nil, err
	}
	defer connected.close()
	return readLedger(ctx, connected, route)
}

// eachLedger reads the ledger of the named route, or of all, from the targets,
// and tells how many routes that are.
func eachLedger(ctx context.Context, path, name string, visit func(*config.Route, *ledger)) (routes int, err error) {
	cfg, chosen, err := loadRoutes(path, name, io.Discard)
	if err != nil {
		return 0, err
	}
	for _, route := range chosen {
		l, err := ledgerOf(ctx, cfg.Clusters[route.To], route)
		if err != nil {
			return 0, err
		}
		visit(route, l)
	}
	return len(chosen), nil
}

// managed returns the config keys that the route manages, by target topic.
func (l *ledger) managed() map[string][]string {
	keys := make(map[string][]string)
	for _, lane := range l.lanes {
		for target, c := range lane.Configs() {
			keys[target] = c.Keys
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
