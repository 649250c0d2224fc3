package strict

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
)

// step is one batch of a producer and the broker's answer.
type step struct {
	spec   batchSpec
	want   *kerr.Error
	base   int64
	repeat bool // flagged with an append time
}

// derived is a producer id as the mirror derives them: no broker has allocated it.
const derived = 1<<62 | 9

// sequences are batches of one producer, one after the other.
func sequences() map[string][]step {
	const id = derived
	return map[string][]step{
		"in order":           {{spec: from(id, 0, 10, 2)}, {spec: from(id, 0, 12, 1), base: 2}},
		"gap":                {{spec: from(id, 0, 10, 2)}, {spec: from(id, 0, 13, 1), want: kerr.OutOfOrderSequenceNumber}},
		"overlap":            {{spec: from(id, 0, 10, 2)}, {spec: from(id, 0, 11, 2), want: kerr.OutOfOrderSequenceNumber}},
		"repeat of the last": {{spec: from(id, 0, 10, 2)}, {spec: from(id, 0, 10, 2), repeat: true}, {spec: from(id, 0, 12, 1), base: 2}},
		"repeat of the fifth last": {
			{spec: from(id, 0, 0, 1)}, {spec: from(id, 0, 1, 1), base: 1}, {spec: from(id, 0, 2, 1), base: 2},
			{spec: from(id, 0, 3, 1), base: 3}, {spec: from(id, 0, 4, 1), base: 4}, {spec: from(id, 0, 0, 1), repeat: true},
		},
		"repeat of the sixth last": {
			{spec: from(id, 0, 0, 1)}, {spec: from(id, 0, 1, 1), base: 1}, {spec: from(id, 0, 2, 1), base: 2},
			{spec: from(id, 0, 3, 1), base: 3}, {spec: from(id, 0, 4, 1), base: 4}, {spec: from(id, 0, 5, 1), base: 5},
			{spec: from(id, 0, 0, 1), want: kerr.OutOfOrderSequenceNumber},
		},
		"old epoch":          {{spec: from(id, 3, 0, 1)}, {spec: from(id, 2, 1, 1), want: kerr.InvalidProducerEpoch}},
		"new epoch at 0":     {{spec: from(id, 3, 5, 1)}, {spec: from(id, 4, 0, 1), base: 1}, {spec: from(id, 4, 1, 1), base: 2}},
		"new epoch not at 0": {{spec: from(id, 3, 5, 1)}, {spec: from(id, 4, 6, 1), want: kerr.OutOfOrderSequenceNumber}},
	}
}

func TestSequences(t *testing.T) {
	for name, steps := range sequences() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.walk(t, "plain", steps)
			if got := b.validator.Violations(); len(got) != 0 {
				t.Errorf("violations: got %v, want none", got)
			}
		})
	}
}

// walk sends the steps and compares the answers.
func (b *bench) walk(t *testing.T, topic string, steps []step) {
	t.Helper()
	for i, s := range steps {
		answer := b.send(t, produceRequest(topic, partition(0, s.spec.bytes())))[0]
		if got := kerr.ErrorForCode(answer.ErrorCode); !sameError(got, s.want) {
			t.Fatalf("step %d: got %v, want %v", i, got, s.want)
		}
		if s.want == nil && answer.BaseOffset != s.base {
			t.Errorf("step %d: got offset %d, want %d", i, answer.BaseOffset, s.base)
		}
		if got := answer.LogAppendTime != -1; got != s.repeat {
			t.Errorf("step %d: flagged as a repeat: got %v, want %v", i, got, s.repeat)
		}
	}
}
