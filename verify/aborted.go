package verify

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// aborted tells which records of one Fetch response belong to aborted transactions: a producer's records from the first offset of a listed
// transaction up to its next abort marker (Kafka: org.apache.kafka.clients.consumer.internals.CompletedFetch). The broker lists, for each
// response, every aborted transaction that overlaps it.
type aborted struct {
	listed []kmsg.FetchResponseTopicPartitionAbortedTransaction // by first offset
	open   map[int64]bool                                       // producer ids within an aborted transaction
}

func newAborted(listed []kmsg.FetchResponseTopicPartitionAbortedTransaction) *aborted {
	listed = slices.Clone(listed)
	// Some brokers list them newest first.
	slices.SortStableFunc(listed, func(a, b kmsg.FetchResponseTopicPartitionAbortedTransaction) int {
		return int(min(max(a.FirstOffset-b.FirstOffset, -1), 1))
	})
	return &aborted{listed: listed, open: make(map[int64]bool)}
}

// drop reports whether the record belongs to an aborted transaction. Records must come in the order of their offsets, control records included.
func (a *aborted) drop(r *kgo.Record) bool {
	for len(a.listed) > 0 && a.listed[0].FirstOffset <= r.Offset {
		a.open[a.listed[0].ProducerID] = true
		a.listed = a.listed[1:]
	}
	if !r.Attrs.IsControl() {
		return r.Attrs.IsTransactional() && a.open[r.ProducerID]
	}
	// A control record's key is a version and a type, both int16; type 0 is abort.
	if len(r.Key) >= 4 && r.Key[2] == 0 && r.Key[3] == 0 {
		delete(a.open, r.ProducerID)
	}
	return true
}
