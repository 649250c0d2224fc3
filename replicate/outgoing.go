package replicate

import (
	"time"

	"mirror/batch"
	"mirror/offsets"
)

// outgoing is one entry of a partition's queue: a batch that is ready to be
// produced, or a barrier. Once sent a batch is frozen: the same bytes under the
// same sequence until it is acked or refused for certain, since a broker
// answers the same sequence range with success and drops what it carries.
type outgoing struct {
	raw  []byte // the batch as it goes to the target; nil for a barrier
	hold *hold  // the memory that raw lives in

	first, last    int64 // source offsets of the first and the last record
	ordinal        int64 // ordinal of the first record
	count          int32
	firstTimestamp int64 // milliseconds since 1970, of about the first record
	maxTimestamp   int64
	reason         batch.Reason
	fetchedAt      time.Time

	// next is the source offset that follows once this entry is acked. It grows
	// when a gap is found behind the batch while it waits.
	next      int64
	nextEpoch int32 // leader epoch of the last source batch below next

	// Guarded by the partition's mutex, like the queue itself.
	run      uint32 // the partition's run that made it: answers for an older run are ignored
	attempts int
	targetID [16]byte // the topic it is sent to, set when it is sent
	expected int64    // target offset of the first record, set when it is sent
	inFlight bool
	perhaps  bool // an answer to it was lost, or leaves open whether it was appended

	// A barrier holds back everything behind it until its records are in the
	// checkpoint topic: a jump of drift that the source log cannot prove must be
	// durable before the first batch that is numbered by it.
	entries   []offsets.Entry
	submitted bool
}

func (o *outgoing) barrier() bool { return o.entries != nil }

// position is how far a partition is copied: all forwardable records below
// source are on the target below target.
type position struct {
	source       int64 // next source offset
	epoch        int32 // leader epoch of the last source batch below it, -1 unknown
	last         int64 // source offset of the last record copied, -1 none
	ordinal      int64 // of the next record
	target       int64 // next target offset
	targetEpoch  int32 // the target's leader epoch then
	maxTimestamp int64 // of the last batch acked in this life of the process
}
