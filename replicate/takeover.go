package replicate

import (
	"context"
	"fmt"
	"time"

	"mirror/config"
	"mirror/offsets"
)

// A Takeover finds out where copies end that somebody else made, by comparing the
// records of both sides, so that this mirror goes on with nothing lost and nothing
// repeated. It trusts whoever copied in three things only: that records were
// copied in the source's order, that after an interruption it may have gone back
// and repeated some (MirrorMaker 2 does), and that it changed none.
//
// It only reads. It is safe for concurrent use.
type Takeover struct {
	TakeoverOptions
	route          *config.Route
	source, target *side
}

// TakeoverOptions are an operator's choices.
type TakeoverOptions struct {
	Effort int64 // records of one partition that are compared at most before the search is given up
	Trust  bool  // believe a hint where the target has nothing left that could prove it
}

// TakeoverEffort is the Effort for most purposes. Searches that can go by
// timestamps compare a few thousand records; 2 million take some seconds, and some
// 100 MB of memory.
const TakeoverEffort = 2_000_000

// NewTakeover makes a Takeover of a route's topics.
func NewTakeover(route *config.Route, source, target Cluster, o TakeoverOptions) *Takeover {
	return &Takeover{TakeoverOptions: o, route: route, source: source.side(), target: target.side()}
}

// TakeoverHint is what whoever copied has said about one partition. It decides
// nothing that the records do not show, with two exceptions that Ending.How names.
type TakeoverHint struct {
	Next  int64        // the source offset that was to be copied next, -1 unknown
	Pairs []OffsetPair // records that are known to be each other's copies
}

// OffsetPair says where the copy of a source record is.
type OffsetPair struct{ Source, Target int64 }

// Ending is where a copy ends, or why that cannot be told.
type Ending struct {
	Refused   string // why nothing is concluded, and the way out; "" when all below holds
	Ours      bool   // refused because this mirror itself has written to the target
	TargetEnd int64  // behind the last record on the target
	Source    int64  // the next source offset to copy
	How       string // how that was proven
	Matched   int    // records in the run that proves it, 0 when there is none
	Repeats   bool   // the target ends with records that were copied before
	Lost      *offsets.Loss
	Warning   string

	sourceEpoch int32
}

// finder works on one partition.
type finder struct {
	t              *Takeover
	ctx            context.Context
	topic          *TopicPlan
	number         int32
	hint           TakeoverHint
	source, target leadership

	compacted        bool
	begin, end       int64 // of the target's log
	srcBegin, srcEnd int64
	srcHigh          int64    // the source's high watermark; srcEnd can be its last stable offset
	left             int64    // records that may still be compared
	committed        bool     // how the source is read
	tail             []digest // the target's last records
	tailWhole        bool     // they are all that it has
}

// Find finds where the copy of one partition ends. An error is trouble with a
// cluster; that nothing can be concluded is in the Ending.
func (t *Takeover) Find(ctx context.Context, topic *TopicPlan, partition int32, hint TakeoverHint) (Ending, error) {
	src, dst := topic.Source.Partitions[partition], topic.Target.Partitions[partition]
	f := &finder{t: t, ctx: ctx, topic: topic, number: partition, hint: hint, left: t.Effort, compacted: topic.Compacted,
		source: leadership{src.Leader, src.LeaderEpoch}, target: leadership{dst.Leader, dst.LeaderEpoch}}
	why, err := f.ends()
	if err != nil || why != "" {
		return Ending{Refused: why, Ours: why == oursAlready, TargetEnd: f.end}, err
	}
	e, err := f.find()
	e.TargetEnd = f.end
	return e, err
}

// producerID is the producer id that this mirror writes a partition with.
func (t *Takeover) producerID(topic *TopicPlan, partition int32) int64 {
	return offsets.Lineage{SourceCluster: t.source.id, SourceTopicID: topic.Source.ID, SourceTopic: topic.Decision.Topic,
		Partition: partition, Target: offsets.TopicID(topic.Target.ID).String()}.ProducerID()
}

// Entries are the records that let the route go on from where the copy ends.
func (t *Takeover) Entries(topic *TopicPlan, partition int32, e Ending) []offsets.Entry {
	now := time.Now().UTC().Truncate(time.Millisecond)
	lane := offsets.LaneOf(topic.Decision.Topic, partition, int32(t.route.Lanes))
	key := offsets.Key{Kind: offsets.KindCheckpoint, Topic: topic.Decision.Topic, Partition: partition, Target: topic.Decision.Target}
	var entries []offsets.Entry
	if e.Lost != nil {
		lossKey, lost := key, *e.Lost
		lossKey.Kind, lossKey.From = offsets.KindLoss, lost.From
		lost.TargetFrom, lost.TargetTo, lost.Time = -1, -1, now
		entries = append(entries, offsets.Entry{Lane: lane, Key: lossKey, Value: lost})
	}
	filter := ""
	if topic.KeepsName && t.route.Mirrored != config.MirroredCopy {
		filter = "local"
	}
	// The record at the target's end need not be the last one that was copied, but
	// a repeat, so LastSource names none. Shared stays false: whatever somebody else
	// appends from here on is to be noticed.
	return append(entries, offsets.Entry{Lane: lane, Key: key, Value: offsets.Checkpoint{
		SourceTopicID: topic.Source.ID, TargetTopicID: topic.Target.ID,
		Source: e.Source, SourceEpoch: e.sourceEpoch, LastSource: -1, Ordinal: e.Source,
		Target: e.TargetEnd, TargetEpoch: topic.Target.Partitions[partition].LeaderEpoch,
		ReadCommitted: t.route.ReadCommitted, Filter: filter, Compacted: topic.Compacted, Clean: true, Time: now}})
}

// ends asks for the ends of both logs. What is not settled yet, or was written by
// this very mirror, is a reason to refuse.
func (f *finder) ends() (refused string, err error) {
	name, to := f.topic.Decision.Target, f.t.target
	if f.source.broker < 0 || f.target.broker < 0 {
		return "one of its two partitions has no leader at present: try again when it has one", nil
	}
	if f.begin, err = to.listOffset(f.ctx, f.target, name, f.number, -2, false); err != nil {
		return "", err
	}
	if f.end, err = f.targetEnd(); err != nil {
		return "", err
	}
	stable, err := to.listOffset(f.ctx, f.target, name, f.number, -1, true)
	if err != nil {
		return "", err
	}
	if stable < f.end {
		return fmt.Sprintf("the target's records from offset %d on are not replicated yet, or in a transaction that is still open (MirrorMaker's, if it was killed): wait until it times out, a minute by default", stable), nil
	}
	_, _, known, err := to.lastSequence(f.ctx, f.target, name, f.number, f.t.producerID(f.topic, f.number))
	if err != nil {
		return "", err
	}
	if known {
		return oursAlready, nil
	}
	from := f.t.source
	if f.srcBegin, err = from.listOffset(f.ctx, f.source, f.topic.Decision.Topic, f.number, -2, false); err != nil {
		return "", err
	}
	if f.srcEnd, err = from.listOffset(f.ctx, f.source, f.topic.Decision.Topic, f.number, -1, f.t.route.ReadCommitted); err != nil {
		return "", err
	}
	f.srcHigh, err = from.listOffset(f.ctx, f.source, f.topic.Decision.Topic, f.number, -1, false)
	return "", err
}

const oursAlready = "the target has records of this very copy, and the checkpoint topic knows nothing of them: mirror checkpoints rebuild is made for that"

// targetEnd is the end of the leader's log, which ListOffsets does not tell.
func (f *finder) targetEnd() (int64, error) {
	name := f.topic.Decision.Target
	if f.target.epoch >= 0 {
		if _, end, err := f.t.target.epochEnd(f.ctx, f.target, name, f.number, f.target.epoch); err != nil || end >= 0 {
			return end, err
		}
	}
	return f.t.target.listOffset(f.ctx, f.target, name, f.number, -1, false)
}

// TargetEnd is where the target's log ends now, to see whether somebody writes.
func (t *Takeover) TargetEnd(ctx context.Context, topic *TopicPlan, partition int32) (int64, error) {
	dst := topic.Target.Partitions[partition]
	f := &finder{t: t, ctx: ctx, topic: topic, number: partition, target: leadership{dst.Leader, dst.LeaderEpoch}}
	return f.targetEnd()
}

// sourceFrom reads the source's records from an offset on, whoever wrote them:
// whoever copied before knows nothing of what this mirror leaves out.
func (f *finder) sourceFrom(offset int64) *reader {
	return &reader{bytes: takeoverBytes, side: f.t.source, leader: f.source, topic: f.topic.Decision.Topic, id: f.topic.Source.ID, number: f.number, offset: offset,
		committed: f.committed, sieve: sieve{readCommitted: f.committed, home: noOrigin}}
}

// targetFrom reads what consumers of the target see from an offset on.
func (f *finder) targetFrom(offset int64) *reader {
	return &reader{bytes: takeoverBytes, side: f.t.target, leader: f.target, topic: f.topic.Decision.Target, id: f.topic.Target.ID, number: f.number, offset: offset,
		committed: true, sieve: sieve{readCommitted: true, home: noOrigin}}
}

// errEffort says that a search was given up.
var errEffort = fmt.Errorf("the search has compared as many records as it may")

// takeoverBytes is what a Fetch asks for: little, since most searches look at some
// hundred records of each of many partitions, often far away.
const takeoverBytes = 1 << 20

// each visits records until visit returns false, the log ends (as it did when the
// search began), or the effort is spent.
func (f *finder) each(r *reader, visit func(digest) bool) error {
	end := f.end
	if r.side == f.t.source {
		end = f.srcHigh
	}
	for len(r.pending) > 0 || r.offset < end {
		d, ok, err := r.next(f.ctx)
		if err != nil || !ok {
			return err
		}
		if f.left--; f.left < 0 {
			return errEffort
		}
		if !visit(d) {
			return nil
		}
	}
	return nil
}

// between collects the records of [from, to).
func (f *finder) between(r *reader, to int64) (list []digest, err error) {
	err = f.each(r, func(d digest) bool {
		if d.offset < to {
			list = append(list, d)
		}
		return d.offset < to-1
	})
	return list, err
}
