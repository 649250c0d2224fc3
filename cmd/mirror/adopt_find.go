package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"golang.org/x/sync/errgroup"

	"mirror/offsets"
	"mirror/replicate"
)

// The states of a partition in the output.
const (
	stateAdopt   = "adopt"   // the copy goes on
	stateBegin   = "begin"   // nothing was copied yet, the copy begins
	stateOurs    = "ours"    // on record already
	stateRefused = "refused" // cannot be told
	stateAbsent  = "absent"  // the target has no such partition: mirror run creates it
)

// adoptWorkers bounds the partitions that are searched at once, since each can
// need some 100 MB of memory at worst.
const adoptWorkers = 4

// find looks at all partitions, and again at the target's ends after a while.
func (a *adoption) find(ctx context.Context) error {
	if err := a.list(); err != nil {
		return err
	}
	if err := a.quiet(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := a.each(ctx, a.sample); err != nil {
		return err
	}
	var err error
	if a.hints, err = a.readHints(ctx); err != nil {
		return err
	}
	progress := newAdoptProgress(a.errOut, len(a.parts))
	err = a.each(ctx, func(ctx context.Context, p *adoptedPartition) error {
		defer progress.done()
		return a.findOne(ctx, p)
	})
	if err != nil {
		return err
	}
	if err := wait(ctx, a.settle-time.Since(began)); err != nil {
		return err
	}
	if err := a.each(ctx, a.moved); err != nil {
		return err
	}
	a.describe()
	return nil
}

// wait returns after d, or with an error when ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(max(d, 0)):
		return nil
	}
}

// list makes a partition of each of the source's.
func (a *adoption) list() error {
	known := make(map[string]bool)
	for i := range a.plan.Topics {
		t := &a.plan.Topics[i]
		known[t.Decision.Topic] = true
		if t.Source == nil || len(a.topics) > 0 && !slices.Contains(a.topics, t.Decision.Topic) {
			continue
		}
		for _, m := range t.Source.Partitions {
			a.parts = append(a.parts, &adoptedPartition{topic: t, number: m.Partition, before: -1})
		}
	}
	for _, topic := range a.topics {
		if !known[topic] {
			return usageErrorf("topic %s is not one that route %s copies: mirror plan --topic %s says why", topic, a.route.Name, topic)
		}
	}
	return nil
}

func (a *adoption) each(ctx context.Context, visit func(context.Context, *adoptedPartition) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(adoptWorkers)
	for _, p := range a.parts {
		group.Go(func() error { return visit(ctx, p) })
	}
	return group.Wait()
}

// sample settles what needs no search, and notes where the target ends now.
func (a *adoption) sample(ctx context.Context, p *adoptedPartition) error {
	switch {
	case p.topic.Problem != "":
		p.state, p.ending.Refused = stateRefused, p.topic.Problem
		return nil
	case p.topic.Target == nil || int(p.number) >= len(p.topic.Target.Partitions):
		p.state = stateAbsent
		return nil
	}
	end, err := a.takeover.TargetEnd(ctx, p.topic, p.number)
	if err != nil {
		return a.trouble(err, p)
	}
	p.before = end
	if cp, generation, ok := a.onRecord(p); ok && (generation > 0 || cp.LastSource >= 0 || cp.Target == end) {
		p.state = stateOurs
	}
	return nil
}

// onRecord is the partition's checkpoint, if it is about the topics as they are.
func (a *adoption) onRecord(p *adoptedPartition) (offsets.Checkpoint, int32, bool) {
	if len(a.ledger.lanes) == 0 {
		return offsets.Checkpoint{}, 0, false
	}
	topic, target := p.topic.Decision.Topic, p.topic.Decision.Target
	lane := a.ledger.lanes[offsets.LaneOf(topic, p.number, int32(len(a.ledger.lanes)))]
	generation := lane.Generation(topic, p.number, target)
	cp, ok, _ := lane.Checkpoint(offsets.Key{Kind: offsets.KindCheckpoint, Topic: topic, Partition: p.number, Target: target, Generation: generation})
	same := cp.SourceTopicID == offsets.TopicID(p.topic.Source.ID) && cp.TargetTopicID == offsets.TopicID(p.topic.Target.ID)
	return cp, generation, ok && same
}

func (a *adoption) findOne(ctx context.Context, p *adoptedPartition) error {
	if p.state != "" {
		return nil
	}
	ending, err := a.takeover.Find(ctx, p.topic, p.number, a.hints.of(p.topic.Decision.Topic, p.number))
	if err != nil {
		return a.trouble(err, p)
	}
	p.ending = ending
	_, _, recorded := a.onRecord(p)
	switch {
	case ending.Ours && recorded:
		p.state = stateOurs
	case ending.Refused != "":
		p.state = stateRefused
	case ending.TargetEnd == 0:
		p.state = stateBegin
	default:
		p.state = stateAdopt
	}
	return nil
}

// moved refuses a partition that grew while it was looked at.
func (a *adoption) moved(ctx context.Context, p *adoptedPartition) error {
	if p.before < 0 || p.state == stateOurs || p.state == stateRefused || a.force {
		return nil
	}
	end, err := a.takeover.TargetEnd(ctx, p.topic, p.number)
	if err != nil {
		return a.trouble(err, p)
	}
	if end != p.before {
		p.state = stateRefused
		p.ending = replicate.Ending{TargetEnd: end, Refused: fmt.Sprintf("somebody writes to the target: it ended at offset %d and a moment later at %d; stop the other copier, or give --force", p.before, end)}
	}
	return nil
}

// trouble refuses a partition that cannot be asked at present, and ends the
// command for anything else.
func (a *adoption) trouble(err error, p *adoptedPartition) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case kerr.IsRetriable(err):
		p.state, p.ending = stateRefused, replicate.Ending{Refused: fmt.Sprintf("it cannot be asked at present: %v: try again", err)}
		return nil
	}
	return withCode(clusterCode(err), fmt.Errorf("adopt %s/%d: %w", p.topic.Decision.Topic, p.number, err))
}
