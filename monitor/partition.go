package monitor

import (
	"sync/atomic"

	"mirror/batch"
)

// Partition is the counters of one partition of one route in this process. The
// engine looks it up once and adds to it once per batch; readers load the
// atomics whenever they like. The names are immutable.
type Partition struct {
	Route     string
	Topic     string // the source topic
	Partition int32
	of        *Topic // what it is a part of

	Records atomic.Int64 // acked by the target
	Bytes   atomic.Int64 // of acked batches, as they lie in the target's log
	Shallow atomic.Int64 // batches whose bytes were passed on
	// Deep counts batches that were decoded and written anew, by reason.
	Deep [batch.Reasons]atomic.Int64

	Gaps        atomic.Int64 // source offsets with nothing to copy
	Losses      atomic.Int64 // entries written to the loss ledger
	LostOffsets atomic.Int64 // source offsets inside those entries
	Skipped     atomic.Int64 // batches left out because a mirror brought them here
	Repeats     atomic.Int64 // batches that the target knew already
	Foreign     atomic.Int64 // records in the target partition that the mirror did not write
	Rejected    atomic.Int64 // records that the target refused for certain
	Retries     atomic.Int64 // produce requests sent again
	Recoveries  atomic.Int64 // times the position was read again from the brokers
}
