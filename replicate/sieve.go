package replicate

import (
	"encoding/binary"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/batch"
	"mirror/offsets"
)

// fate is what becomes of a source batch, decided by its header alone.
type fate uint8

const (
	fateForward  fate = iota
	fateControl       // a transaction marker
	fateEmpty         // compaction left nothing in it
	fateAborted       // of an aborted transaction, route reads committed
	fateMirrored      // a mirror wrote it, and this route copies only local records or it comes from the target
)

// sieve tells forwardable batches from gaps within one Fetch answer of one
// partition. The same rule decides while copying and while recovery counts, so
// both number records alike.
type sieve struct {
	readCommitted bool
	local         bool   // copy only what no mirror wrote
	home          uint32 // origin of the target cluster: nothing goes home

	aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction
	open    map[int64]struct{} // producers inside an aborted transaction
}

// begin starts a new answer. Brokers list every aborted transaction that
// reaches into the answer, so nothing carries over from the one before. They do
// not promise an order.
func (s *sieve) begin(p *kmsg.FetchResponseTopicPartition) {
	s.aborted = p.AbortedTransactions
	slices.SortFunc(s.aborted, func(a, b kmsg.FetchResponseTopicPartitionAbortedTransaction) int {
		switch {
		case a.FirstOffset < b.FirstOffset:
			return -1
		case a.FirstOffset > b.FirstOffset:
			return 1
		}
		return 0
	})
	clear(s.open)
}

func (s *sieve) judge(b batch.Batch) fate {
	if b.Magic < 2 {
		return fateForward
	}
	if s.readCommitted && b.ProducerID >= 0 {
		s.enter(b.LastOffset())
	}
	switch {
	case b.Control():
		if abortMarker(b) {
			delete(s.open, b.ProducerID)
		}
		return fateControl
	case b.Count == 0:
		return fateEmpty
	}
	if b.Transactional() {
		if _, aborted := s.open[b.ProducerID]; aborted {
			return fateAborted
		}
	}
	if origin, mirror := offsets.OriginOf(b.ProducerID); mirror && (s.local || origin == s.home) {
		return fateMirrored
	}
	return fateForward
}

// enter opens the aborted transactions that begin at or below offset.
func (s *sieve) enter(offset int64) {
	for len(s.aborted) > 0 && s.aborted[0].FirstOffset <= offset {
		if s.open == nil {
			s.open = make(map[int64]struct{})
		}
		s.open[s.aborted[0].ProducerID] = struct{}{}
		s.aborted = s.aborted[1:]
	}
}

// abortMarker reads the control record's key: version int16, type int16, where
// type 0 is abort and 1 is commit (KIP-98, ControlRecordType).
func abortMarker(b batch.Batch) bool {
	abort := false
	_ = batch.Records(b.Raw, func(r batch.Record) error {
		abort = len(r.Key) >= 4 && binary.BigEndian.Uint16(r.Key[2:4]) == 0
		return nil
	})
	return abort
}
