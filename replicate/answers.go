package replicate

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config/logkey"
)

// answer is what a target said to one produced batch.
type answer struct {
	lost       error // the connection ended first: the outcome is unknown
	code       int16
	base       int64 // target offset of the first record
	appendTime int64 // milliseconds; on a CreateTime topic anything but -1 says "this was a repeat"
	message    string
	indexes    []int32 // of the records that the broker names as culprits
}

func answerOf(p *kmsg.ProduceResponseTopicPartition) answer {
	a := answer{code: p.ErrorCode, base: p.BaseOffset, appendTime: p.LogAppendTime}
	if p.ErrorMessage != nil {
		a.message = *p.ErrorMessage
	}
	for _, r := range p.ErrorRecords {
		a.indexes = append(a.indexes, r.RelativeOffset)
		if a.message == "" && r.ErrorMessage != nil {
			a.message = *r.ErrorMessage
		}
	}
	return a
}

// name is the error in Kafka's own terms.
func (a answer) name() string {
	if a.lost != nil {
		return a.lost.Error()
	}
	if e := kerr.TypedErrorForCode(a.code); e != nil {
		if a.message != "" {
			return e.Message + ": " + a.message
		}
		return e.Message
	}
	return "success"
}

// answered takes the answer to o. It is called once for each batch that was
// sent, in the order of sending.
func (p *partition) answered(o *outgoing, a answer, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o.inFlight = false
	if o.run != p.run {
		o.hold.release()
		return
	}
	p.flying--
	if a.lost != nil {
		p.lostAt = now
	}
	// A request whose sequence was refused has appended nothing.
	o.perhaps = o.perhaps || a.lost != nil || a.code != kerr.OutOfOrderSequenceNumber.Code
	if a.lost == nil && a.code == 0 {
		p.succeeded(o, a, now)
	} else {
		p.counters.Retries.Add(1)
		v, why := p.judge(o, a, now)
		p.log.Debug("produce answered", logkey.Partition, p.String(), logkey.Answer, a.name(), logkey.Verdict, int(v), logkey.Flying, p.flying)
		p.suspend(v, why)
	}
	if p.phase == phaseDrain && p.flying == 0 && o.run == p.run {
		p.drained()
	}
}

// succeeded acks o when its offset is the one that was expected.
func (p *partition) succeeded(o *outgoing, a answer, now time.Time) {
	repeat := !p.targetAppendTime && a.appendTime != -1
	switch {
	case len(p.queue) == 0 || p.queue[0] != o:
		p.suspend(verdictRecover, "a batch was taken before the one in front of it")
		return
	case p.shared:
		// Others write here too: where ours land cannot be foreseen.
		o.expected, p.expected = a.base, a.base+int64(o.count)
	case a.base != o.expected:
		p.counters.Foreign.Add(1)
		p.suspend(verdictRecover, fmt.Sprintf("the target stored source offset %d at %d and not at %d: someone else writes to %s/%d, or a batch was repeated",
			o.first, a.base, o.expected, p.target, p.number))
		return
	case repeat && o.attempts == 1:
		// Somebody sent this very range before us. Recovery compares what is there.
		p.counters.Repeats.Add(1)
		p.doubtRepeat, p.othersWrote = true, true
		p.suspend(verdictRecover, "another process wrote this range before")
		return
	case (p.targetAppendTime || o.maxTimestamp < 0) && !p.known && o.attempts == 1:
		// Here the flag means nothing, so the first batch of a run is read back
		// and compared before it counts.
		p.doubtRepeat = true
		p.acked.maxTimestamp = o.maxTimestamp
		p.suspend(verdictRecover, "")
		return
	}
	p.ack(o, now)
}

func (p *partition) ack(o *outgoing, now time.Time) {
	p.queue[0] = nil
	p.queue = p.queue[1:]
	p.sent = max(p.sent-1, 0)
	p.queuedBytes -= int64(len(o.raw))
	p.acked = position{source: o.next, epoch: o.nextEpoch, last: o.last, ordinal: o.ordinal + int64(o.count),
		target: o.expected + int64(o.count), targetEpoch: p.targetLeader.epoch, maxTimestamp: o.maxTimestamp}
	p.known, p.ackedAt, p.dirty = true, now, true
	p.mapBatch(o)
	p.count(o.tally(), now)
	o.hold.release()
	p.healthy()
	if p.phase == phaseRetry && (len(p.queue) == 0 || p.queue[0].attempts == 0) {
		p.phase = phaseOpen
		p.reason = ""
	}
	p.settle(now)
}

// mapBatch adds the batch to the offset map.
func (p *partition) mapBatch(o *outgoing) {
	n := int64(o.count)
	err := error(nil)
	if o.last-o.first+1 == n {
		err = p.offsetMap.Add(o.first, o.expected, n)
	} else {
		err = p.offsetMap.AddSparse(o.first, o.last, o.expected, n)
	}
	if err != nil {
		p.log.Error("offset map", logkey.Partition, p.String(), logkey.Err, err)
	}
}

// judge decides what an error or a lost answer leads to. Each rule names what
// is known about the batch: not appended, appended, or unknown.
func (p *partition) judge(o *outgoing, a answer, now time.Time) (verdict, string) {
	unclear := verdictRetry // the same bytes under the same sequence: the broker tells a repeat
	if p.doubtful(now) {
		unclear = verdictRecover // it may have forgotten us and would append them again
	}
	if a.lost != nil {
		return unclear, a.lost.Error()
	}
	why := fmt.Sprintf("the target answered %s for %s/%d", a.name(), p.target, p.number)
	oldest := len(p.queue) > 0 && p.queue[0] == o
	switch err := kerr.ErrorForCode(a.code); err {
	case kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.FencedLeaderEpoch, kerr.UnknownTopicOrPartition,
		kerr.UnknownTopicID, kerr.InconsistentTopicID, kerr.KafkaStorageError:
		// Not appended. The metadata says where to go; a topic that is gone for
		// good is found by recovery, which asks for it by id.
		p.route.targetLeaders.refresh()
		if err == kerr.UnknownTopicID || err == kerr.UnknownTopicOrPartition {
			p.route.discovery.stale()
		}
		return unclear, why
	case kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.ThrottlingQuotaExceeded, kerr.NetworkException:
		return unclear, why
	case kerr.UnknownProducerID, kerr.InvalidProducerEpoch, kerr.InvalidProducerIDMapping, kerr.DuplicateSequenceNumber:
		return verdictRecover, why
	case kerr.OutOfOrderSequenceNumber:
		if oldest {
			p.refusedFirst = !p.known && o.expected == 0
			return verdictRecover, why
		}
		return unclear, why
	case kerr.MessageTooLarge, kerr.RecordListTooLarge:
		return p.tooLarge(o, why)
	case kerr.CorruptMessage:
		if p.corruptAt == o.first {
			p.corruptSeen++
		} else {
			p.corruptAt, p.corruptSeen = o.first, 1
		}
		if p.corruptSeen > corruptTries {
			return verdictStop, fmt.Sprintf("source offset %d does not arrive whole: %s", o.first, why)
		}
		return p.refused(o, verdictRewind), why
	case kerr.InvalidTimestamp:
		if o.maxTimestamp > now.UnixMilli() {
			return verdictWait, fmt.Sprintf("source offset %d carries a timestamp in the future (%s); the target takes it when the time comes: %s",
				o.first, time.UnixMilli(o.maxTimestamp).UTC().Format(time.RFC3339), why)
		}
		return p.reject(o, a, why)
	case kerr.InvalidRecord, kerr.PolicyViolation, kerr.UnsupportedCompressionType, kerr.UnsupportedForMessageFormat:
		return p.reject(o, a, why)
	case kerr.TopicAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed:
		return verdictWait, fmt.Sprintf("%s is not authorised to Write to topic %s of cluster %s", p.route.target.principal(), p.target, p.route.target.config.Name)
	}
	p.unknowns++
	if p.unknowns > unknownTries {
		return verdictStop, why
	}
	return unclear, why
}

// refused turns a verdict for a batch that was refused for certain into one
// that is safe for what was sent behind it: only the oldest batch's refusal
// proves that nothing behind it was taken by a broker that knows us.
func (p *partition) refused(o *outgoing, v verdict) verdict {
	if len(p.queue) > 0 && p.queue[0] == o {
		return v
	}
	return verdictRecover
}

func (p *partition) tooLarge(o *outgoing, why string) (verdict, string) {
	if o.count == 1 {
		return p.reject(o, answer{code: kerr.MessageTooLarge.Code}, why)
	}
	p.shrunk = max(len(o.raw)/2, 512)
	p.route.discovery.stale()
	return p.refused(o, verdictRewind), why
}

func (p *partition) reject(o *outgoing, a answer, why string) (verdict, string) {
	r := &rejection{first: o.first, last: o.last, code: a.code, message: why, indexes: a.indexes}
	if p.rejected == nil || r.first < p.rejected.first {
		p.rejected = r
	}
	return verdictReject, why
}
