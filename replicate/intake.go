package replicate

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/batch"
	"mirror/config/logkey"
)

// request is one partition's share of a Fetch.
type request struct {
	p      *partition
	run    uint32
	token  uint64 // of this request: one that was given up must not be taken for a later one
	cursor int64
	epoch  int32 // LastFetchedEpoch: the leader answers with a divergence when our past is gone
	leader leadership
	id     [16]byte
	got    int // bytes of records in the answer
}

// fetchable adds the partition to a Fetch when it wants more data. soon tells
// that it does not now, but may within moments.
func (p *partition) fetchable(f *fetcher, now time.Time, queueCap int64) (r request, ok, soon bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.phase {
	case phaseOpen, phaseRetry, phaseDrain:
		if p.after == verdictPause {
			return r, false, false
		}
	case phaseStarting, phaseRecovering:
		return r, false, true
	default:
		return r, false, false
	}
	if p.atEnd() {
		return r, false, false
	}
	if p.fetcher != f || p.fetching || p.haltWhy != "" {
		return r, false, true
	}
	if p.follower >= 0 && now.Sub(p.followedAt) > followFor {
		p.follower = -1
		p.attachFetcher()
		return r, false, true
	}
	if now.Before(p.fetchAfter) {
		return r, false, true
	}
	if p.queuedBytes >= queueCap {
		p.backlog(now)
		return r, false, true
	}
	p.fetching = true
	p.token++
	return request{p: p, run: p.run, token: p.token, cursor: p.cursor, epoch: p.cursorEpoch, leader: p.sourceLeader, id: p.sourceID}, true, false
}

// unfetched takes a request back that got no answer.
func (p *partition) unfetched(r request, why string, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != r.run || p.token != r.token || !p.fetching {
		return
	}
	p.fetching = false
	if why == "" {
		return
	}
	p.trouble(why)
	p.fetchAfter = time.Now().Add(jitter(delay))
	if p.follower >= 0 {
		p.leaveFollower()
	}
}

// delivered takes the answer to r. h holds the answer's memory.
func (p *partition) delivered(r request, a *kmsg.FetchResponseTopicPartition, h *hold, fromLeader bool) {
	p.mu.Lock()
	if p.run != r.run || p.token != r.token || !p.fetching {
		p.mu.Unlock()
		return
	}
	if a.ErrorCode != 0 || a.DivergingEpoch.EndOffset >= 0 {
		defer p.mu.Unlock()
		p.fetching = false
		p.fetchError(a, fromLeader)
		return
	}
	s := p.newShaper()
	p.mu.Unlock()

	err := s.shapeSafely(a, h) // outside of the lock: decoding takes its time

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != r.run || p.token != r.token {
		for _, o := range s.items {
			o.hold.release()
		}
		return
	}
	p.fetching = false
	p.fetchTrouble, p.fetchFailures, p.deliveredAt = "", 0, time.Now()
	p.noteEnds(a)
	p.enqueue(s)
	if p.cursor < p.sourceEnd {
		p.backlog(time.Now())
	}
	if err != nil {
		p.shapeError(err)
	} else if len(a.RecordBatches) > 0 && s.cursor > r.cursor {
		p.corruptSeen = 0
	}
	p.noteEmpty(len(a.RecordBatches), fromLeader)
	p.settle(time.Now())
}

func (p *partition) newShaper() *shaper {
	c := p.config()
	s := &shaper{
		sieve: sieve{readCommitted: c.ReadCommitted, local: p.filter() == "local", home: p.route.target.origin},
		key:   p.key("drift"), lane: p.lane, run: p.run,
		producerID: p.producerID, generation: p.generation, base: p.base,
		limit: p.limit(), guessed: p.limit() != p.maxBytes, skip: p.skip,
		budget: p.route.mirror.budget, now: time.Now(),
		cursor: p.cursor, epoch: p.cursorEpoch, ordinal: p.ordinal,
	}
	if p.bound != nil {
		s.to = p.bound.To
	}
	return s
}

// enqueue appends what was shaped and moves the cursor.
func (p *partition) enqueue(s *shaper) {
	if s.cursor > p.cursor && len(s.items) == 0 {
		p.passGap(s.cursor, s.epoch)
	}
	for _, o := range s.items {
		p.queue = append(p.queue, o)
		p.queuedBytes += int64(len(o.raw))
	}
	p.cursor, p.cursorEpoch, p.ordinal = s.cursor, s.epoch, s.ordinal
	if s.holes && !p.compacted {
		p.compacted = true
		p.log.Info("holes in the source's log: treated as a compacted topic from now on", logkey.Partition, p.String(), logkey.Offset, s.cursor)
	}
	p.counters.Gaps.Add(s.gaps)
	p.counters.Skipped.Add(s.skipped)
}

// passGap moves the position over offsets that hold nothing to copy: behind
// the last entry of the queue, or at once when everything is acked.
func (p *partition) passGap(next int64, epoch int32) {
	if n := len(p.queue); n > 0 {
		p.queue[n-1].next, p.queue[n-1].nextEpoch = next, epoch
		return
	}
	p.acked.source, p.acked.epoch = next, epoch
	p.dirty = true
}

func (p *partition) noteEnds(a *kmsg.FetchResponseTopicPartition) {
	p.sourceHW = a.HighWatermark
	p.sourceEnd = a.HighWatermark
	if p.config().ReadCommitted && a.LastStableOffset >= 0 {
		p.sourceEnd = a.LastStableOffset
	}
	p.growth.note(p.sourceEnd, time.Now())
	if a.LogStartOffset >= 0 {
		p.sourceStart = a.LogStartOffset
	}
	p.firstTimestamp = -1
}

// shapeError handles a batch that could not be shaped: damage is fetched again
// and stops the partition at the exact offset when it stays.
func (p *partition) shapeError(err error) {
	var big *batch.TooLargeError
	if errors.As(err, &big) {
		why := fmt.Sprintf("the record at source offset %d has %d bytes, more than the target topic %s takes (max.message.bytes %d): raise it there",
			big.Offset, big.Size, p.target, p.limit())
		p.rejected = &rejection{first: big.Offset, last: big.Offset, code: kerr.MessageTooLarge.Code, message: why}
		p.halt(why)
		return
	}
	if c, ok := corrupt(err); ok {
		if p.corruptAt == p.cursor {
			p.corruptSeen++
		} else {
			p.corruptAt, p.corruptSeen = p.cursor, 1
		}
		p.fetchAfter = time.Now().Add(jitter(fetchBackoff))
		p.trouble(fmt.Sprintf("source offset %d is damaged: %s", p.cursor, c.Why))
		if p.follower >= 0 {
			p.leaveFollower()
			return
		}
		if p.corruptSeen >= corruptTries {
			p.suspend(verdictStop, fmt.Sprintf("the batch at source offset %d of %s is damaged on the source and stays so after %d fetches: %s", p.cursor, p, p.corruptSeen, c.Why))
		}
		return
	}
	p.suspend(verdictStop, fmt.Sprintf("copy source offset %d of %s: %v", p.cursor, p, err))
}

// trouble notes why fetching does not work at present.
func (p *partition) trouble(why string) {
	if p.fetchTrouble == "" {
		p.fetchTroubleAt = time.Now()
	}
	p.fetchTrouble = why
	p.backlog(time.Now())
}

// halt ends fetching; when everything queued is acked recovery takes over. What
// is queued already may be gone from the source, so it is not thrown away.
func (p *partition) halt(why string) {
	p.haltWhy = why
	p.settle(time.Now())
}

// fetchError handles an error of one partition in a Fetch answer.
func (p *partition) fetchError(a *kmsg.FetchResponseTopicPartition, fromLeader bool) {
	now := time.Now()
	p.fetchAfter = now.Add(jitter(min(fetchBackoff<<min(p.fetchFailures, 10), backoffMax)))
	p.fetchFailures++
	if !fromLeader {
		// A lagging replica's divergence or out-of-range proves nothing.
		p.leaveFollower()
		return
	}
	if a.ErrorCode == 0 {
		p.halt(fmt.Sprintf("the source's log has changed its past: it diverges from what was copied at offset %d of epoch %d", a.DivergingEpoch.EndOffset, a.DivergingEpoch.Epoch))
		return
	}
	err := kerr.ErrorForCode(a.ErrorCode)
	switch err {
	case kerr.OffsetOutOfRange:
		p.halt(fmt.Sprintf("source offset %d is out of range", p.cursor))
	case kerr.UnknownTopicID, kerr.InconsistentTopicID, kerr.UnknownTopicOrPartition:
		p.trouble(fmt.Sprintf("the source does not know %s at present (deleted?)", p))
		if p.fetchFailures <= 3 { // later on the regular refresh is enough
			p.route.sourceLeaders.refresh()
			p.route.discovery.stale()
		}
	case kerr.TopicAuthorizationFailed:
		p.trouble(fmt.Sprintf("%s is not authorised to Read topic %s of cluster %s", p.route.source.principal(), p.topic, p.route.source.config.Name))
		p.fetchAfter = now.Add(jitter(authRetry))
	case kerr.NotLeaderForPartition, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.LeaderNotAvailable, kerr.ReplicaNotAvailable, kerr.OffsetNotAvailable:
		p.trouble(fmt.Sprintf("the source has no ready leader for %s (%v)", p, err))
		p.route.sourceLeaders.refresh()
	default:
		p.trouble(fmt.Sprintf("the source answered %v for %s", err, p))
		p.route.sourceLeaders.refresh()
	}
}

// setSourceLeader takes news from the metadata.
func (p *partition) setSourceLeader(l leadership) {
	if l == p.sourceLeader || l.epoch < p.sourceLeader.epoch {
		return
	}
	p.sourceLeader = l
	p.follower = -1
	p.attachFetcher()
}

// leaveFollower goes back to the leader for a while.
func (p *partition) leaveFollower() {
	p.follower = -1
	p.leaderUntil = time.Now().Add(followerRest)
	p.attachFetcher()
}

// attachFetcher assigns the partition to a fetcher of the broker it reads from.
func (p *partition) attachFetcher() {
	broker := p.sourceLeader.broker
	if p.follower >= 0 {
		broker = p.follower
	}
	if p.fetcher != nil {
		if p.fetcher.broker == broker {
			return
		}
		p.leaveFetcher()
	}
	if broker >= 0 && p.phase != phaseRetired {
		p.backlogAt = time.Now() // not known to have none
		p.fetcher = p.route.fetchers.assign(broker, p)
	}
}

// leaveFetcher takes the partition from its fetcher. A Fetch under way, which may
// wait for long, is given up: its answer counts for nothing, and whoever fetches
// next asks from the same offset.
func (p *partition) leaveFetcher() {
	p.fetcher.remove(p)
	p.fetcher = nil
	p.fetching = false
	p.token++
}
