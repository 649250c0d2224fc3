package replicate

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"mirror/config"
	"mirror/config/logkey"
	"mirror/monitor"
	"mirror/offsets"
)

// phase is what a partition is doing.
//
//	starting → recovering → open ⇄ drain → retry → open
//	    ↑           ↑                 │
//	    │           └──── waiting ◄───┼──► stopped
//	    └──────────────── paused ◄────┘
type phase uint8

const (
	phaseStarting   phase = iota // queued for recovery
	phaseRecovering              // a recovery worker asks the brokers where it stands
	phaseOpen                    // copying
	phaseDrain                   // an answer was bad: nothing is sent until all answers are in
	phaseRetry                   // frozen batches are sent again, one at a time
	phaseWaiting                 // heals by itself or by what the reason names; tried again by a timer
	phaseStopped                 // needs a decision
	phasePaused                  // an operator wants it to rest
	phaseRetired                 // not ours any more
)

// verdict says what must happen once all answers of a draining partition are
// in. The graver one wins.
type verdict uint8

const (
	verdictNone    verdict = iota
	verdictRetry           // send the same bytes again
	verdictRewind          // refused for certain: shape the source anew from the acked position
	verdictRecover         // ask the brokers
	verdictWait            // recover later
	verdictReject          // the target refuses records: on_rejected decides
	verdictStop
	verdictPause // rest; what else was to be done is found out again when it goes on
)

const (
	window        = 5                      // what a broker remembers of one producer, per partition
	backoffFirst  = 20 * time.Millisecond  // after the first failure; doubles
	backoffMax    = 5 * time.Second        //
	giveUpQueue   = 10 * time.Second       // trouble that lasts longer lets go of the queue's memory
	unknownTries  = 3                      // for answers that nothing here knows
	corruptTries  = 3                      // fetches of the same corrupt batch before the partition stops
	fetchBackoff  = 100 * time.Millisecond // after a fetch error of one partition
	authRetry     = 3 * time.Second        // after an authorisation error
	waitRetry     = 3 * time.Second        // between recoveries of a waiting partition
	followerRest  = 30 * time.Second       // without reading from a follower that was of no use
	sayAgainAfter = 10 * time.Minute       // a reason that lasts is logged again
	followFor     = 5 * time.Minute        // until the leader is asked again which replica is nearest
)

// partition copies one source partition. All of its state is reached through
// its mutex by three kinds of goroutines: the fetcher it is assigned to, the
// producer of its target's leader, and one recovery worker at a time.
type partition struct {
	// Immutable.
	route     *route
	topic     string
	number    int32
	target    string
	lane      int32
	counters  *monitor.Partition
	keepsName bool
	bound     *offsets.Backfill // the range to copy, nil: from the start on and for ever
	log       *slog.Logger

	mu sync.Mutex // guards everything below

	// What discovery knows of both topics.
	sourceID, targetID       [16]byte
	maxBytes                 int       // the target's max.message.bytes, 0 unknown
	targetAppendTime         bool      // the target stamps its own time
	stamps                   bool      // the target was seen to stamp its own time, whatever its settings said
	retention                Retention // of the source topic
	compacted                bool      // the source was ever compacted, or holes were seen
	copiedFrom, copiedTo     [16]byte  // the topics that acked and the offset map are about
	otherSource, otherTarget [16]byte  // ids seen once in metadata: believed the second time

	// Leaders as the metadata tells. producer and fetcher are where the
	// partition is attached now; they follow when nothing is in flight.
	sourceLeader, targetLeader leadership
	follower                   int32 // KIP-392: read from this replica, -1 the leader
	fetcher                    *fetcher
	producer                   *producer

	phase     phase
	reason    string // plain words for waiting and stopped
	said      string // the last reason that was logged, and when
	saidAt    time.Time
	troubleAt time.Time // since when nothing succeeded, zero when all is well
	run       uint32    // grows with each recovery; what belongs to an older run is dropped
	after     verdict   // what drain leads to
	afterWhy  string
	rejected  *rejection
	failures  int
	unknowns  int
	notBefore time.Time // nothing is sent before

	// Identity at the target.
	producerID int64
	generation int32
	base       int64     // ordinal of sequence 0
	askedAt    time.Time // when the command asked for this generation, zero for none

	// Fetch side.
	cursor         int64 // next source offset to fetch
	cursorEpoch    int32 // leader epoch of the last batch below the cursor
	ordinal        int64 // of the next record to be shaped
	fetching       bool
	token          uint64    // of the last request
	fetchFailures  int       // in a row
	deliveredAt    time.Time // when the source last answered
	followedAt     time.Time // since when it reads from follower
	emptyAnswers   int       // in a row, of a range's end that does not come
	haltWhy        string    // set: no more fetches; recover as soon as the queue is empty
	fetchAfter     time.Time
	backlogAt      time.Time // when it last had, or may have had, more to fetch than it was given
	leaderUntil    time.Time // a follower was of no use: read from the leader until then
	fetchTrouble   string    // why fetching does not work at present
	fetchTroubleAt time.Time // since when
	corruptAt      int64
	corruptSeen    int
	skip           map[int64]string // source offsets that the target refuses, left out by policy
	shrunk         int              // a batch limit learnt from the target's answers, 0 none

	// Produce side.
	queue        []*outgoing
	sent         int // queue[:sent] has been sent in this phase
	flying       int // sent and not answered yet
	queuedBytes  int64
	acked        position
	expected     int64 // target offset of the next batch that is sent for the first time
	known        bool  // the broker has acked us since this run began
	ackedAt      time.Time
	shared       bool
	lostAt       time.Time // when a connection was lost with batches of ours on their way
	leaving      bool      // the lane is handed over: nothing more is sent
	doubtRepeat  bool      // the next recovery compares the whole range that was answered as a repeat
	unanswered   []tally   // sent and dropped: recovery tells whether the target has them
	othersWrote  bool      // a batch was answered as a repeat of what this process had not sent
	refusedFirst bool      // the target refused the first sequence of a run in an empty log

	// Positions on record.
	dirty     bool         // acked has moved since the last checkpoint
	offsetMap *offsets.Map // nil until the partition has been recovered under this ownership

	// For lag.
	sourceEnd, sourceHW int64 // last stable offset (or high watermark), high watermark; -1 unknown
	sourceStart         int64
	growth              growth // of sourceEnd
	caughtUpAt          time.Time
	firstTimestamp      int64 // of the first record not copied yet where the queue does not tell, -1 unknown
}

type leadership struct {
	broker int32 // -1 none
	epoch  int32
}

func (p *partition) String() string { return fmt.Sprintf("%s/%d", p.topic, p.number) }

func (p *partition) key(kind string) offsets.Key {
	return offsets.Key{Kind: kind, Topic: p.topic, Partition: p.number, Target: p.target, Generation: p.generation}
}

func (p *partition) config() *config.Route { return p.route.config }

// filter names the selection of records besides isolation, as kept in checkpoints.
func (p *partition) filter() string {
	if p.keepsName && p.config().Mirrored != "copy" {
		return "local"
	}
	return ""
}

// limit is the largest batch that the target takes, 0 unknown.
func (p *partition) limit() int {
	if p.shrunk > 0 && (p.maxBytes == 0 || p.shrunk < p.maxBytes) {
		return p.shrunk
	}
	return p.maxBytes
}

// moving says whether the produce side may send.
func (p *partition) moving() bool {
	return (p.phase == phaseOpen || p.phase == phaseRetry) && !p.leaving
}

// dropQueue forgets what is queued. Memory of batches in flight is kept until
// their answers are in, since the socket may still read from it.
func (p *partition) dropQueue() {
	for _, o := range p.queue {
		p.remember(o)
		if !o.inFlight {
			o.hold.release()
		}
	}
	p.queue = p.queue[:0]
	p.sent = 0
	p.queuedBytes = 0
}

// startRun begins a new life of the partition at pos: what an older run has
// under way is ignored when it arrives.
func (p *partition) startRun(pos position) {
	p.dropQueue()
	p.run++
	p.flying = 0
	p.acked = pos
	p.cursor, p.cursorEpoch, p.ordinal = pos.source, pos.epoch, pos.ordinal
	p.expected = pos.target
	p.fetching = false
	p.token++
	p.haltWhy = ""
	p.fetchAfter = time.Time{}
	p.after, p.afterWhy = verdictNone, ""
	p.backlog(time.Now())
}

// suspend stops sending because of v; when nothing is in flight the verdict is
// carried out at once.
func (p *partition) suspend(v verdict, why string) {
	if p.phase == phaseRetired || p.phase == phaseStopped {
		return
	}
	if p.phase != phaseDrain {
		p.phase = phaseDrain
		p.after, p.afterWhy = verdictNone, ""
	}
	if v > p.after {
		p.after, p.afterWhy = v, why
	}
	if p.troubleAt.IsZero() {
		p.troubleAt = time.Now()
	}
	if p.flying == 0 {
		p.drained()
	}
}

// drained carries out the verdict: every answer is in.
func (p *partition) drained() {
	v, why := p.after, p.afterWhy
	p.after, p.afterWhy = verdictNone, ""
	p.sent = 0
	p.attachProducer()
	if v == verdictRetry && time.Since(p.troubleAt) > giveUpQueue {
		v = verdictRecover // lets go of the memory; recovery knows where to go on
	}
	switch v {
	case verdictNone:
		p.phase = phaseOpen
	case verdictRetry:
		p.phase = phaseRetry
		p.backOff()
		p.reason = why
	case verdictRewind:
		p.startRun(p.acked)
		p.unanswered = nil // refused for certain
		p.phase = phaseOpen
		p.backOff()
	case verdictRecover:
		p.toRecovery(why)
	case verdictWait:
		p.wait(why, waitRetry)
	case verdictReject:
		p.toRecovery(why)
	case verdictStop:
		p.stop(why)
	case verdictPause:
		p.rest()
	}
	p.wake()
}

func (p *partition) toRecovery(why string) {
	p.startRun(p.acked)
	p.phase = phaseStarting
	p.reason = why
	if why != "" {
		p.log.Info("recovering", logkey.Partition, p.String(), logkey.Why, why)
	}
	p.counters.Recoveries.Add(1)
	p.failures++
	if p.failures == 1 {
		p.route.recoveries.add(p)
		return
	}
	time.AfterFunc(jitter(min(backoffFirst<<min(p.failures, 10), waitRetry)), func() { p.route.recoveries.add(p) })
}

// wait parks the partition and tries it again later through recovery.
func (p *partition) wait(why string, d time.Duration) {
	if p.said != why || time.Since(p.saidAt) > sayAgainAfter {
		p.said, p.saidAt = why, time.Now()
		p.log.Warn("waiting", logkey.Partition, p.String(), logkey.Why, why)
	}
	p.park(why, d)
}

func (p *partition) park(why string, d time.Duration) {
	p.startRun(p.acked)
	p.phase = phaseWaiting
	p.reason = why
	run := p.run
	time.AfterFunc(jitter(d), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.phase == phaseWaiting && p.run == run {
			p.phase = phaseStarting
			p.route.recoveries.add(p)
		}
	})
}

func (p *partition) stop(why string) {
	p.log.Error("stopped", logkey.Partition, p.String(), logkey.Why, why)
	p.startRun(p.acked)
	p.phase = phaseStopped
	p.reason = why
}

// retire lets go of everything: the partition belongs to somebody else now, or
// to nobody.
func (p *partition) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropQueue()
	p.run++
	p.phase = phaseRetired
	if p.fetcher != nil {
		p.leaveFetcher()
	}
}

// backOff delays the next send, growing with each failure in a row.
func (p *partition) backOff() {
	d := backoffFirst << min(p.failures, 10)
	p.failures++
	d = jitter(min(d, backoffMax))
	p.notBefore = time.Now().Add(d)
	time.AfterFunc(d, p.poke)
}

// poke lets the producer look at the partition again.
func (p *partition) poke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake()
}

// wake tells both workers that there may be something to do.
func (p *partition) wake() {
	if p.producer != nil && p.moving() && p.sent < len(p.queue) {
		p.producer.add(p)
	}
	if p.fetcher != nil {
		p.fetcher.poke()
	}
}

// healthy notes that something succeeded.
func (p *partition) healthy() {
	p.failures, p.unknowns = 0, 0
	p.troubleAt = time.Time{}
	if p.phase == phaseOpen {
		p.reason = ""
	}
}

// jitter spreads d over [0.75 d, 1.25 d), so that what failed together does not
// come back together.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + time.Duration(rand.Int64N(int64(d)/2+1))
}

// rejection is what the target said of records that it refuses.
type rejection struct {
	first, last int64 // source offsets of the refused batch
	code        int16
	message     string
	indexes     []int32 // of the culprits within the batch; empty: the whole batch
}
