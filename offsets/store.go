package offsets

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Store writes records to a checkpoint topic. It is safe for concurrent use;
// writes of one key must not overlap, or their order is undefined.
type Store struct {
	client *kgo.Client
	topic  string
}

// NewStore writes to topic with a client of the target. The client must have
// been made with kgo.RecordPartitioner(kgo.ManualPartitioner()), so that a
// record lands in its lane, and with kgo's default acks (all).
func NewStore(cl *kgo.Client, topic string) *Store {
	return &Store{client: cl, topic: topic}
}

// Entry is one record to write. A nil Value writes a tombstone.
type Entry struct {
	Lane  int32
	Key   Key
	Value any
}

// EveryLane is the same record in every lane, for what concerns all partitions of
// a topic or a route: whoever owns one lane only may rely on that lane alone.
func EveryLane(lanes int, key Key, value any) []Entry {
	entries := make([]Entry, lanes)
	for lane := range entries {
		entries[lane] = Entry{Lane: int32(lane), Key: key, Value: value}
	}
	return entries
}

// Write produces the entries together and returns when all are acked by all
// in-sync replicas. Entries of one lane are written in their order. After an
// error some may have been written; when ctx ended, some may still be.
func (s *Store) Write(ctx context.Context, entries ...Entry) error {
	records := make([]*kgo.Record, len(entries))
	for i, e := range entries {
		r := &kgo.Record{Topic: s.topic, Partition: e.Lane, Key: EncodeKey(e.Key)}
		if e.Value != nil {
			value, err := encode(e.Value)
			if err != nil {
				return fmt.Errorf("write %s to %s: %w", e.Key, s.topic, err)
			}
			r.Value = value
		}
		records[i] = r
	}
	acks := make(chan error, len(records))
	for i, r := range records {
		e := entries[i]
		s.client.Produce(ctx, r, func(r *kgo.Record, err error) { acks <- s.acked(e, r, err) })
	}
	var errs []error
	for range records {
		select {
		case err := <-acks:
			if err != nil {
				errs = append(errs, err)
			}
		case <-ctx.Done():
			return fmt.Errorf("write %d records to %s: %w", len(records), s.topic, context.Cause(ctx))
		}
	}
	return errors.Join(errs...)
}

// acked judges the answer to one record.
func (s *Store) acked(e Entry, r *kgo.Record, err error) error {
	if err != nil {
		return fmt.Errorf("write %s to %s lane %d: %w", e.Key, s.topic, e.Lane, err)
	}
	if r.Partition != e.Lane {
		return fmt.Errorf("write %s to %s: it went to lane %d instead of %d: the client does not use kgo.ManualPartitioner",
			e.Key, s.topic, r.Partition, e.Lane)
	}
	return nil
}
