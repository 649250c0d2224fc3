package replicate

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config/logkey"
	"mirror/offsets"
)

// lanes follows the whole checkpoint topic of a route: every process replays
// all lanes all the time, so that a lane that becomes ours is known already but
// for its last records, and the status can show the whole fleet.
//
// A lane may be used once a claim on it was read back: a record that we wrote
// ourselves, so that everything written before it has been replayed too.
type lanes struct {
	topic        string
	log          *slog.Logger
	store        *offsets.Store
	state        []*offsets.Lane                // immutable slice; a Lane guards itself
	members      *members                       // what all processes say about themselves
	self         func() offsets.Owner           // what this one says about itself now
	onReady      func(lane int32)               // partitions of the lane may begin
	onPause      func(lane int32, topic string) // a topic, or with "" the route, is to rest or to go on
	onRate       func()                         // an operator has changed the route's rate
	onGeneration func(key offsets.Key)          // a generation above the first has a checkpoint

	mu     sync.Mutex // guards what follows
	name   string     // of this process in the fleet
	claims map[int32]claim
	ready  map[int32]bool
}

// claim is a claim that was written and not read back yet.
type claim struct {
	name string
	at   time.Time
}

func newLanes(topic string, count int, process string, store *offsets.Store, log *slog.Logger) *lanes {
	l := &lanes{topic: topic, name: process, store: store, log: log, members: newMembers(count, time.Now()),
		claims: map[int32]claim{}, ready: map[int32]bool{}}
	for i := range count {
		l.state = append(l.state, offsets.NewLane(int32(i)))
	}
	return l
}

// follow replays records until ctx ends. client consumes all partitions of the
// checkpoint topic from their beginning, without a group.
func (l *lanes) follow(ctx context.Context, client *kgo.Client) {
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if fetches.IsClientClosed() || ctx.Err() != nil {
			return
		}
		fetches.EachError(func(t string, p int32, err error) {
			l.log.Warn("read the checkpoint topic", logkey.Topic, t, logkey.Lane, p, logkey.Err, err)
		})
		fetches.EachRecord(l.replay)
	}
}

func (l *lanes) replay(r *kgo.Record) {
	if int(r.Partition) >= len(l.state) {
		return
	}
	lane := l.state[r.Partition]
	if err := lane.Apply(r.Key, r.Value, r.Offset); err != nil {
		l.log.Error("unusable record in the checkpoint topic", logkey.Topic, l.topic, logkey.Lane, r.Partition, logkey.Offset, r.Offset, logkey.Err, err)
	}
	key, err := offsets.DecodeKey(r.Key)
	if err == nil {
		l.tell(r.Partition, key)
	}
	if err != nil || key.Kind != offsets.KindOwner {
		return
	}
	if r.Value == nil {
		l.members.forget(r.Partition, key.Member, time.Now())
		return
	}
	v, err := offsets.Decode(offsets.KindOwner, r.Value)
	if err != nil {
		return
	}
	l.claimed(r.Partition, v.(offsets.Owner))
}

// tell lets those know who act on a record at once.
func (l *lanes) tell(lane int32, key offsets.Key) {
	switch key.Kind {
	case offsets.KindRoute:
		l.onReady(lane) // partitions wait for the route's facts
	case offsets.KindPause:
		l.onPause(lane, key.Topic)
	case offsets.KindRate:
		l.onRate()
	case offsets.KindCheckpoint:
		if key.Generation > 0 {
			l.onGeneration(key)
		}
	}
}

// claimed notes what a process says, and that a claim of ours came back.
func (l *lanes) claimed(lane int32, o offsets.Owner) {
	l.members.hear(lane, o, time.Now())
	l.mu.Lock()
	c, mine := l.claims[lane]
	back := mine && o.Process == c.name && o.Time.Equal(c.at)
	if back {
		delete(l.claims, lane)
		l.ready[lane] = true
	}
	l.mu.Unlock()
	if back {
		l.onReady(lane)
	}
}

// claim writes a claim to each lane and retries until it is acked or ctx ends.
func (l *lanes) claim(ctx context.Context, numbers []int32) {
	self := l.self()
	var entries []offsets.Entry
	l.mu.Lock()
	for _, n := range numbers {
		l.claims[n] = claim{self.Process, self.Time}
		entries = append(entries, offsets.Entry{Lane: n, Key: ownerKey(self.Process), Value: self})
	}
	l.mu.Unlock()
	retry(ctx, l.log, "claim lanes", func() error { return l.store.Write(ctx, entries...) })
}

// release forgets lanes that are not ours any more. A clean release takes the
// claim back.
func (l *lanes) release(ctx context.Context, numbers []int32, clean bool) {
	var entries []offsets.Entry
	l.mu.Lock()
	for _, n := range numbers {
		delete(l.ready, n)
		delete(l.claims, n)
		entries = append(entries, offsets.Entry{Lane: n, Key: ownerKey(l.name)})
		l.members.forget(n, l.name, time.Now())
	}
	l.mu.Unlock()
	if clean {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := l.store.Write(ctx, entries...); err != nil {
			l.log.Debug("take claims back", logkey.Err, err)
		}
	}
}

func (l *lanes) isReady(lane int32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ready[lane]
}

// process is the name of this process in the fleet.
func (l *lanes) process() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.name
}

// rename gives this process another name, because a second one has the same:
// what the two say about themselves would not be told apart.
func (l *lanes) rename(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.name = name
}

func ownerKey(process string) offsets.Key {
	return offsets.Key{Kind: offsets.KindOwner, Member: process}
}

// write puts entries on record and returns once they are acked.
func (l *lanes) write(ctx context.Context, entries ...offsets.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if err := l.store.Write(ctx, entries...); err != nil {
		return fmt.Errorf("write to the checkpoint topic %s: %w", l.topic, err)
	}
	return nil
}

// retry repeats f until it works or ctx ends, and says every ten seconds what
// is wrong.
func retry(ctx context.Context, log *slog.Logger, what string, f func() error) bool {
	var said time.Time
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := f()
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if time.Since(said) >= 10*time.Second {
			said = time.Now()
			log.Warn(what, logkey.Err, err)
		}
		if sleep(ctx, jitter(pause)) != nil {
			return false
		}
	}
}
