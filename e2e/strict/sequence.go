package strict

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
)

// remembered is how many of a producer's last batches a broker knows by heart (ProducerStateEntry).
const remembered = 5

type partitionKey struct {
	topic     [16]byte
	partition int32
}

type producerKey struct {
	partitionKey
	producerID int64
}

// sent is a batch that a producer has in the log.
type sent struct {
	first, last int32 // sequences
	base        int64 // offset
}

type producerState struct {
	epoch   int16
	batches []sent // at most remembered, oldest first
}

func (s *producerState) copy() *producerState {
	if s == nil {
		return nil
	}
	return &producerState{epoch: s.epoch, batches: append([]sent(nil), s.batches...)}
}

// pending is the last batch that was let through to kfake in a partition. Whether kfake appended it shows in the high
// watermark the next time; a fault that the test installed may have kept it out.
type pending struct {
	key    producerKey
	before *producerState
	end    int64 // the high watermark if it was appended
}

// checkSequence applies ProducerAppendInfo's rules, with repeats found before (ProducerStateEntry.findDuplicateBatch). The
// caller holds the lock.
func (v *Validator) checkSequence(topic [16]byte, partition int32, highWatermark int64, h header) (*Refusal, *sent) {
	where := partitionKey{topic, partition}
	if p := v.last[where]; p != nil && highWatermark < p.end {
		v.restore(p)
	}
	delete(v.last, where)
	if h.producerEpoch == epochUnknown {
		return nil, nil
	}
	state := v.producers[producerKey{where, h.producerID}]
	if state == nil {
		return nil, nil
	}
	if h.producerEpoch < state.epoch {
		return refuse(Unordered, kerr.InvalidProducerEpoch, fmt.Sprintf("epoch %d is older than %d", h.producerEpoch, state.epoch)), nil
	}
	if h.producerEpoch > state.epoch {
		if h.baseSequence != 0 {
			return refuse(Unordered, kerr.OutOfOrderSequenceNumber, fmt.Sprintf("a new epoch begins at sequence %d", h.baseSequence)), nil
		}
		return nil, nil
	}
	for i := range state.batches {
		if b := state.batches[i]; b.first == h.baseSequence && b.last == h.lastSequence() {
			return nil, &b
		}
	}
	want := state.next()
	if h.baseSequence != want {
		return refuse(Unordered, kerr.OutOfOrderSequenceNumber, fmt.Sprintf("sequence %d where %d is next", h.baseSequence, want)), nil
	}
	return nil, nil
}

// next is the sequence that follows the last batch; 2^31-1 is followed by 0.
func (s *producerState) next() int32 {
	last := s.batches[len(s.batches)-1].last
	return int32((int64(last) + 1) & maxSequence)
}

// note records that kfake is about to append the batch. The caller holds the lock.
func (v *Validator) note(d verdict) {
	where := partitionKey{d.topicID, d.partition}
	info := v.cluster.PartitionInfo(d.topic, d.partition)
	if info == nil || d.header.producerEpoch == epochUnknown || d.header.transactional() {
		return
	}
	key := producerKey{where, d.header.producerID}
	state := v.producers[key]
	v.last[where] = &pending{key: key, before: state.copy(), end: info.HighWatermark + int64(d.header.count)}
	if state == nil || state.epoch != d.header.producerEpoch {
		state = &producerState{epoch: d.header.producerEpoch}
		v.producers[key] = state
	}
	state.batches = append(state.batches, sent{d.header.baseSequence, d.header.lastSequence(), info.HighWatermark})
	if len(state.batches) > remembered {
		state.batches = state.batches[1:]
	}
}

func (v *Validator) restore(p *pending) {
	if p.before == nil {
		delete(v.producers, p.key)
		return
	}
	v.producers[p.key] = p.before
}
