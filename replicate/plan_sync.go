package replicate

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// longestSettle is the last of the doubling waits for changes to be visible; together they make 1.3 seconds.
const longestSettle = 640 * time.Millisecond

// Sync refreshes, applies the plan and, when that changed something, looks again until the changes are visible (for a
// second or so). It returns the last plan. What the target refused is in the plan as its topics' problems, and the rest
// of the plan stands. The error is a *LookError or that of an ended ctx.
func (d *Discovery) Sync(ctx context.Context, record RecordFunc) (*RoutePlan, error) {
	plan, err := d.Refresh(ctx)
	if err == nil {
		plan, err = d.settle(ctx, plan, unread)
	}
	if err != nil || !plan.Changes() {
		return plan, err
	}
	defer func() { d.written = nil }()
	a := newApplication(d.dst.Client, plan, d.remember(record))
	if err := a.run(ctx); err != nil {
		return nil, err
	}
	for target, old := range d.refused {
		if now := a.refused[target]; now.alter == "" && old.alter != "" {
			now.alter = old.alter // held, so not asked for this time
			a.refused[target] = now
		}
	}
	d.refused = a.refused
	maps.Copy(d.unknown, a.unknown)
	d.recall(plan)
	return d.settle(ctx, plan, d.awaited)
}

// remember wraps record so that the looks of this Sync know what was recorded, also where the caller reads its records
// back a moment later.
func (d *Discovery) remember(record RecordFunc) RecordFunc {
	var mu sync.Mutex // guards written while the records are being written
	d.written = map[string][]string{}
	return func(target string, keys []string, created bool, id [16]byte) error {
		err := record(target, keys, created, id)
		if err == nil {
			mu.Lock()
			d.written[target] = keys
			mu.Unlock()
		}
		return err
	}
}

func (d *Discovery) managedKeys() map[string][]string {
	managed := d.managed()
	if len(d.written) == 0 {
		return managed
	}
	all := maps.Clone(d.written)
	for target, keys := range managed {
		if _, ok := all[target]; !ok {
			all[target] = keys
		}
	}
	return all
}

// settle refreshes while the plan has open topics. What is new takes some milliseconds to reach every broker.
func (d *Discovery) settle(ctx context.Context, plan *RoutePlan, open func(*RoutePlan) []string) (*RoutePlan, error) {
	for wait := 10 * time.Millisecond; wait <= longestSettle; wait *= 2 {
		topics := open(plan)
		if len(topics) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		d.dstSettings.forget(topics)
		var err error
		if plan, err = d.Refresh(ctx); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// awaited are the target topics with changes that were not refused, or too new to be judged.
func (d *Discovery) awaited(plan *RoutePlan) []string {
	targets := unread(plan)
	for _, t := range plan.Topics {
		r := d.refused[t.Decision.Target]
		if slices.ContainsFunc(t.Action, func(c Change) bool { return r.of(c.Kind) == "" }) {
			targets = append(targets, t.Decision.Target)
		}
	}
	return targets
}

// unread are the target topics whose configs, or whose source's, are not known at every broker yet.
func unread(plan *RoutePlan) []string {
	var targets []string
	for _, t := range plan.Topics {
		if t.unread {
			targets = append(targets, t.Decision.Target)
		}
	}
	return targets
}

// held are the target topics that refused a change of their configs, with the reason. They are not asked again before
// their configs are read again.
func (d *Discovery) held() map[string]string {
	held := map[string]string{}
	due := d.dstSettings.due(d.now())
	for target, r := range d.refused {
		if due {
			r.alter = ""
			d.refused[target] = r
		}
		if r.alter != "" {
			held[target] = r.alter
		}
	}
	return held
}

// recall puts what was refused before into a new plan that still wants it.
func (d *Discovery) recall(plan *RoutePlan) {
	for i := range plan.Topics {
		t := &plan.Topics[i]
		d.refused[t.Decision.Target].addTo(t)
	}
}
