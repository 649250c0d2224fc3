package replicate

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"mirror/config"
	"mirror/kafka"
	"mirror/monitor"
	"mirror/offsets"
)

// inertRoute is a route of a mirror that never runs.
func inertRoute(t *testing.T) *route {
	t.Helper()
	text := "name: east\nclusters:\n  west: {brokers: [\"127.0.0.1:1\"]}\n  east: {brokers: [\"127.0.0.1:1\"]}\nroutes:\n  - {from: west, to: east, topics: [orders]}\n"
	c, err := config.Parse("test.yaml", []byte(text), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(c, Options{Process: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.routes[0].close)
	return m.routes[0]
}

// openPartition is a partition of an inert route that copies: known says
// whether the broker has acked a batch of this run.
func openPartition(t *testing.T, known bool, now time.Time) *partition {
	t.Helper()
	r := inertRoute(t)
	return &partition{route: r, topic: "orders", target: "west.orders", counters: monitor.NewRegistry().Partition("r", "orders", 0), log: slog.New(slog.DiscardHandler),
		phase: phaseOpen, known: known, ackedAt: now, sourceLeader: leadership{-1, -1}, targetLeader: leadership{-1, -1}, follower: -1,
		acked: position{maxTimestamp: now.UnixMilli()}, offsetMap: offsets.NewMap(0), corruptAt: -1, sourceEnd: -1}
}

// queued appends a batch of n records made at a time.
func (p *partition) queued(n int32, made time.Time) *outgoing {
	first := p.ordinal
	o := &outgoing{run: p.run, raw: make([]byte, 4000), hold: newHold(nil, 0, kafka.NewBudget(1)), first: first, last: first + int64(n) - 1, ordinal: first, count: n,
		next: first + int64(n), maxTimestamp: made.UnixMilli()}
	p.ordinal += int64(n)
	p.queue = append(p.queue, o)
	return o
}

// TestDoubtful lists what puts it in doubt that the target's leader knows our
// producer. While it is in doubt one batch is in flight, else five.
func TestDoubtful(t *testing.T) {
	const expiry = time.Hour
	now := time.UnixMilli(1_700_000_000_000)
	old, young := now.Add(-expiry/2-time.Second), now.Add(-expiry/2+time.Second)
	none := time.UnixMilli(-1) // records without a timestamp
	for _, c := range []struct {
		name  string
		set   func(p *partition)
		width int
	}{
		{"all is well", func(*partition) {}, window},
		{"no ack yet", func(p *partition) { p.known = false }, 1},
		{"sent again", func(p *partition) { p.phase = phaseRetry }, 1},
		{"idle for less than half of the expiry", func(p *partition) { p.ackedAt = young }, window},
		{"idle for half of the expiry", func(p *partition) { p.ackedAt = old }, 1},
		{"the last acked batch is young enough", func(p *partition) { p.acked.maxTimestamp = young.UnixMilli() }, window},
		{"the last acked batch is old", func(p *partition) { p.acked.maxTimestamp = old.UnixMilli() }, 1},
		{"the last acked batch has no timestamp", func(p *partition) { p.acked.maxTimestamp = -1 }, 1},
		{"a batch in flight is old", func(p *partition) { p.queued(1, old); p.queued(1, now); p.sent = 2 }, 1},
		{"the next batch is old", func(p *partition) { p.queued(1, now); p.queued(1, old); p.sent = 1 }, 1},
		{"the next batch has no timestamp", func(p *partition) { p.queued(1, none) }, 1},
		{"a batch behind the next one is old", func(p *partition) { p.queued(1, now); p.queued(1, old) }, window},
		{"a barrier is no batch", func(p *partition) { p.queue = append(p.queue, &outgoing{entries: []offsets.Entry{{}}}) }, window},
		{"compacted", func(p *partition) { p.compacted = true }, 1},
		{"old batches into a topic that stamps its own time", func(p *partition) {
			p.targetAppendTime, p.acked.maxTimestamp = true, -1
			p.queued(1, old)
		}, window},
		{"idle with a topic that stamps its own time", func(p *partition) { p.targetAppendTime, p.ackedAt = true, old }, 1},
		{"no ack yet from a topic that stamps its own time", func(p *partition) { p.targetAppendTime, p.known = true, false }, 1},
		{"a compacted source of a topic that stamps its own time", func(p *partition) { p.targetAppendTime, p.compacted = true, true }, 1},
		{"a longer expiry", func(p *partition) { p.route.expiry.Store(int64(2 * expiry)); p.ackedAt = old }, window},
		{"a shorter expiry", func(p *partition) { p.route.expiry.Store(int64(expiry / 2)); p.ackedAt = young }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := openPartition(t, true, now)
			p.route.expiry.Store(int64(expiry))
			c.set(p)
			if got := p.width(now); got != c.width {
				t.Errorf("got width %d, want %d", got, c.width)
			}
			if got, want := p.doubtful(now), c.width == 1 && p.phase != phaseRetry; got != want {
				t.Errorf("got doubtful %v, want %v", got, want)
			}
		})
	}
}

// TestUnpin copies what has waited for long out of the answer that it came
// with, so that the rest of the answer's memory is free. Bytes that a socket may
// still read from stay where they are.
func TestUnpin(t *testing.T) {
	now := time.Unix(1000, 0)
	budget := kafka.NewBudget(1 << 20)
	buf := kafka.NewPool().Get(100_000)
	budget.Force(int64(len(buf.Bytes)))
	h := newHold(buf, int64(len(buf.Bytes)), budget)
	p := openPartition(t, true, now)
	add := func(from int, age time.Duration, inFlight bool) *outgoing {
		raw := buf.Bytes[from : from+10]
		for i := range raw {
			raw[i] = byte(from + i)
		}
		o := &outgoing{raw: raw, hold: h.retain(), fetchedAt: now.Add(-age), inFlight: inFlight}
		p.queue = append(p.queue, o)
		return o
	}
	flying, waits, young := add(0, time.Minute, true), add(50, time.Minute, false), add(100, 0, false)
	p.queue = append(p.queue, &outgoing{entries: []offsets.Entry{{}}}) // a barrier holds nothing
	h.release()
	p.unpin(now)
	if flying.hold != h || young.hold != h {
		t.Error("a batch in flight or a young one was moved")
	}
	if waits.hold == h || waits.raw[0] != 50 || waits.raw[9] != 59 {
		t.Errorf("the batch that waits was not moved as it is: %v", waits.raw)
	}
	if got := budget.Used(); got != 100_010 {
		t.Errorf("%d bytes are in use, want the answer's and the copy's: 100010", got)
	}
	flying.inFlight = false
	p.unpin(now.Add(time.Minute))
	if buf.Bytes != nil {
		t.Error("the answer is still in memory")
	}
	if got := budget.Used(); got != 30 {
		t.Errorf("%d bytes are in use, want 30", got)
	}
	p.unpin(now.Add(time.Hour)) // nothing more to gain
	p.retire()
	if got := budget.Used(); got != 0 {
		t.Errorf("%d bytes are in use at the end", got)
	}
}

// TestHold returns buffer and bytes with the last reference, not before.
func TestHold(t *testing.T) {
	budget := kafka.NewBudget(100)
	if err := budget.Acquire(context.Background(), 60); err != nil {
		t.Fatal(err)
	}
	buf := kafka.NewPool().Get(60)
	h := newHold(buf, 60, budget)
	h.retain().retain()
	for left := 2; left > 0; left-- {
		h.release()
		if budget.Used() != 60 || buf.Bytes == nil {
			t.Fatalf("memory was returned with %d references left", left)
		}
	}
	h.release()
	if budget.Used() != 0 || buf.Bytes != nil {
		t.Errorf("%d bytes are in use, buffer released %v", budget.Used(), buf.Bytes == nil)
	}
	(*hold)(nil).release() // barriers hold nothing
}

// TestRetiredInFlight keeps the memory of batches in flight until their answers
// are in, since the socket may still read from it.
func TestRetiredInFlight(t *testing.T) {
	now := time.Unix(1000, 0)
	p := openPartition(t, true, now)
	budget := kafka.NewBudget(100)
	budget.Force(20)
	sent, waits := p.queued(1, now), p.queued(1, now)
	sent.hold, waits.hold = newHold(nil, 15, budget), newHold(nil, 5, budget)
	sent.inFlight, p.sent, p.flying = true, 1, 1
	p.retire()
	if got := budget.Used(); got != 15 {
		t.Errorf("%d bytes are in use, want those in flight: 15", got)
	}
	p.answered(sent, answer{base: 0, appendTime: -1}, now)
	if got := budget.Used(); got != 0 {
		t.Errorf("%d bytes are in use after the answer", got)
	}
	if p.acked.source != 0 {
		t.Errorf("the answer moved the position of a partition that is not ours any more to %d", p.acked.source)
	}
}
