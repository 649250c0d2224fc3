package replicate

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/monitor"
)

// TestJudge lists what each answer to a batch leads to. What is unclear is sent
// again while the broker knows us, and recovered where it may not: it would take
// a repeat for something new.
func TestJudge(t *testing.T) {
	const unclear = verdictRetry // verdictRecover where in doubt
	lost := answer{lost: errors.New("the connection ended")}
	code := func(e *kerr.Error) answer { return answer{code: e.Code, base: -1, appendTime: -1} }
	for _, c := range []struct {
		answer         answer
		oldest, behind verdict // for the oldest batch in flight, and for one behind it
	}{
		{lost, unclear, unclear},
		{code(kerr.NotLeaderForPartition), unclear, unclear},
		{code(kerr.LeaderNotAvailable), unclear, unclear},
		{code(kerr.FencedLeaderEpoch), unclear, unclear},
		{code(kerr.UnknownTopicOrPartition), unclear, unclear},
		{code(kerr.UnknownTopicID), unclear, unclear},
		{code(kerr.InconsistentTopicID), unclear, unclear},
		{code(kerr.KafkaStorageError), unclear, unclear},
		{code(kerr.RequestTimedOut), unclear, unclear},
		{code(kerr.NotEnoughReplicas), unclear, unclear},
		{code(kerr.NotEnoughReplicasAfterAppend), unclear, unclear},
		{code(kerr.ThrottlingQuotaExceeded), unclear, unclear},
		{code(kerr.NetworkException), unclear, unclear},
		{code(kerr.UnknownServerError), unclear, unclear},
		{answer{code: 9999}, unclear, unclear},
		{code(kerr.UnknownProducerID), verdictRecover, verdictRecover},
		{code(kerr.InvalidProducerEpoch), verdictRecover, verdictRecover},
		{code(kerr.InvalidProducerIDMapping), verdictRecover, verdictRecover},
		{code(kerr.DuplicateSequenceNumber), verdictRecover, verdictRecover},
		{code(kerr.OutOfOrderSequenceNumber), verdictRecover, unclear}, // behind: because the one in front failed
		{code(kerr.MessageTooLarge), verdictRewind, verdictRecover},
		{code(kerr.RecordListTooLarge), verdictRewind, verdictRecover},
		{code(kerr.CorruptMessage), verdictRewind, verdictRecover},
		{code(kerr.InvalidTimestamp), verdictReject, verdictReject},
		{code(kerr.InvalidRecord), verdictReject, verdictReject},
		{code(kerr.PolicyViolation), verdictReject, verdictReject},
		{code(kerr.UnsupportedCompressionType), verdictReject, verdictReject},
		{code(kerr.UnsupportedForMessageFormat), verdictReject, verdictReject},
		{code(kerr.TopicAuthorizationFailed), verdictWait, verdictWait},
		{code(kerr.ClusterAuthorizationFailed), verdictWait, verdictWait},
		{code(kerr.TransactionalIDAuthorizationFailed), verdictWait, verdictWait},
	} {
		for _, doubtful := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, doubtful %v", c.answer.name(), doubtful), func(t *testing.T) {
				now := time.UnixMilli(1_700_000_000_000)
				for i, want := range []verdict{c.oldest, c.behind} {
					p := openPartition(t, !doubtful, now)
					first, second := p.queued(10, now), p.queued(10, now)
					if want == unclear && doubtful {
						want = verdictRecover
					}
					got, why := p.judge([]*outgoing{first, second}[i], c.answer, now)
					if got != want {
						t.Errorf("batch %d: got verdict %d, want %d", i, got, want)
					}
					if why == "" || c.answer.lost == nil && !strings.Contains(why, "west.orders") {
						t.Errorf("batch %d: the reason %q does not name the topic", i, why)
					}
				}
			})
		}
	}
}

// TestJudgeTooLarge halves the batch limit for a batch of several records and
// gives the record to on_rejected when it is alone.
func TestJudgeTooLarge(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	p := openPartition(t, true, now)
	many, one := p.queued(2, now), p.queued(1, now)
	if v, _ := p.judge(many, answer{code: kerr.MessageTooLarge.Code}, now); v != verdictRewind || p.limit() != len(many.raw)/2 {
		t.Errorf("got verdict %d and limit %d, want %d and %d", v, p.limit(), verdictRewind, len(many.raw)/2)
	}
	many.raw = many.raw[:600]
	p.judge(many, answer{code: kerr.MessageTooLarge.Code}, now)
	if p.limit() != 512 {
		t.Errorf("got limit %d, want no less than 512", p.limit())
	}
	if v, _ := p.judge(one, answer{code: kerr.MessageTooLarge.Code}, now); v != verdictReject || p.rejected == nil || p.rejected.first != 2 || p.rejected.last != 2 {
		t.Errorf("got verdict %d and rejection %+v, want %d of source offset 2", v, p.rejected, verdictReject)
	}
}

// TestJudgeRejected keeps the earliest refusal with the records that the broker
// names.
func TestJudgeRejected(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	p := openPartition(t, true, now)
	first, second := p.queued(5, now), p.queued(5, now)
	p.judge(second, answer{code: kerr.InvalidRecord.Code, indexes: []int32{1}}, now)
	p.judge(first, answer{code: kerr.InvalidRecord.Code, indexes: []int32{4}, message: "no key"}, now)
	p.judge(second, answer{code: kerr.InvalidRecord.Code, indexes: []int32{2}}, now)
	r := p.rejected
	if r == nil || r.first != 0 || r.last != 4 || len(r.indexes) != 1 || r.indexes[0] != 4 || !strings.Contains(r.message, "no key") {
		t.Errorf("got %+v, want index 4 of source offsets 0 to 4", r)
	}
}

// TestJudgeFuture waits for the target's clock instead of refusing a record
// whose timestamp lies ahead.
func TestJudgeFuture(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	p := openPartition(t, true, now)
	v, why := p.judge(p.queued(1, now.Add(time.Hour)), answer{code: kerr.InvalidTimestamp.Code}, now)
	if v != verdictWait || !strings.Contains(why, now.Add(time.Hour).UTC().Format(time.RFC3339)) {
		t.Errorf("got verdict %d because %q, want %d until the record's time", v, why, verdictWait)
	}
}

// TestJudgeGivesUp ends with a stop what does not get better: answers that are
// not known, and a batch that the target finds damaged again and again.
func TestJudgeGivesUp(t *testing.T) {
	for _, c := range []struct {
		err   *kerr.Error
		tries int
	}{{kerr.UnknownServerError, unknownTries}, {kerr.CorruptMessage, corruptTries}} {
		t.Run(c.err.Message, func(t *testing.T) {
			now := time.UnixMilli(1_700_000_000_000)
			p := openPartition(t, true, now)
			o := p.queued(1, now)
			for i := range c.tries {
				if v, _ := p.judge(o, answer{code: c.err.Code}, now); v == verdictStop {
					t.Fatalf("stopped at answer %d of %d", i+1, c.tries)
				}
			}
			if v, why := p.judge(o, answer{code: c.err.Code}, now); v != verdictStop {
				t.Errorf("got verdict %d because %q after %d answers, want %d", v, why, c.tries+1, verdictStop)
			}
		})
	}
}

// TestAnsweredInOrder moves the position with each ack and leads to recovery
// when the target's word does not fit.
func TestAnsweredInOrder(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	ok := func(base int64) answer { return answer{base: base, appendTime: -1} }
	for _, c := range []struct {
		name    string
		set     func(p *partition)
		answer  answer
		phase   phase
		source  int64 // where the position stands then
		foreign int64
		repeats int64
	}{
		{name: "acked", answer: ok(40), phase: phaseOpen, source: 10},
		{name: "acked for the first time", set: func(p *partition) { p.known = false }, answer: ok(40), phase: phaseOpen, source: 10},
		{name: "at another offset", answer: ok(41), phase: phaseStarting, foreign: 1},
		{name: "at another offset of a shared partition", set: func(p *partition) { p.shared = true }, answer: ok(77), phase: phaseOpen, source: 10},
		{name: "a repeat that nobody here sent", answer: answer{base: 40, appendTime: 5}, phase: phaseStarting, repeats: 1},
		{name: "a repeat of ours", set: func(p *partition) { p.queue[0].attempts = 2 }, answer: answer{base: 40, appendTime: 5}, phase: phaseOpen, source: 10},
		{name: "the flag of a topic that stamps its own time", set: func(p *partition) { p.targetAppendTime = true }, answer: answer{base: 40, appendTime: 5}, phase: phaseOpen, source: 10},
		{name: "the first one of a run to a topic that stamps its own time", set: func(p *partition) { p.targetAppendTime, p.known = true, false },
			answer: answer{base: 40, appendTime: 5}, phase: phaseStarting},
		{name: "the first one of a run without a timestamp", set: func(p *partition) { p.known, p.queue[0].maxTimestamp = false, -1 }, answer: ok(40), phase: phaseStarting},
		{name: "an answer for an older run", set: func(p *partition) { p.run++ }, answer: ok(40), phase: phaseOpen},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := openPartition(t, true, now)
			p.acked.target, p.expected = 40, 40
			o := p.queued(10, now)
			o.expected, o.attempts, o.inFlight = 40, 1, true
			p.sent, p.flying, p.queuedBytes = 1, 1, int64(len(o.raw))
			if c.set != nil {
				c.set(p)
			}
			p.answered(o, c.answer, now)
			if p.phase != c.phase || p.acked.source != c.source {
				t.Errorf("got phase %d at source offset %d, want %d at %d", p.phase, p.acked.source, c.phase, c.source)
			}
			if c.source > 0 && (p.acked.ordinal != 10 || p.acked.last != 9 || p.acked.target != c.answer.base+10 || p.queuedBytes != 0 || !p.known) {
				t.Errorf("got position %+v, %d bytes queued, known %v", p.acked, p.queuedBytes, p.known)
			}
			if got := p.counters.Foreign.Load(); got != c.foreign {
				t.Errorf("counted %d foreign writes, want %d", got, c.foreign)
			}
			if got := p.counters.Repeats.Load(); got != c.repeats {
				t.Errorf("counted %d repeats, want %d", got, c.repeats)
			}
		})
	}
}

// TestAnsweredDrains waits for all answers of a window before it acts on a bad
// one, and acts on the gravest.
func TestAnsweredDrains(t *testing.T) {
	now := time.Now()
	p := openPartition(t, true, now)
	var sent []*outgoing
	for i := range 3 {
		o := p.queued(1, now)
		o.expected, o.attempts, o.inFlight = int64(i), 1, true
		sent = append(sent, o)
	}
	p.sent, p.flying = 3, 3
	p.answered(sent[0], answer{code: kerr.NotLeaderForPartition.Code}, now)
	p.answered(sent[1], answer{code: kerr.TopicAuthorizationFailed.Code}, now)
	if p.phase != phaseDrain || p.moving() {
		t.Errorf("got phase %d with an answer outstanding, want %d", p.phase, phaseDrain)
	}
	p.answered(sent[2], answer{code: kerr.OutOfOrderSequenceNumber.Code}, now)
	if p.phase != phaseWaiting || p.acked.source != 0 || len(p.queue) != 0 {
		t.Errorf("got phase %d at source offset %d with %d batches, want %d at 0 with none", p.phase, p.acked.source, len(p.queue), phaseWaiting)
	}
	s, _ := p.status(now)
	if s.State != monitor.Waiting || !strings.Contains(s.Reason, "not authorised to Write") {
		t.Errorf("shown as %s because %q", s.State, s.Reason)
	}
}
