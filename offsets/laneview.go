package offsets

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// LossEntry is an entry of the loss ledger with its key.
type LossEntry struct {
	Key  Key
	Loss Loss
}

// Checkpoint is the checkpoint of a copied partition; of key only topic,
// partition, target and generation count. The error joins what keeps this
// partition from being copied as if nothing was wrong:
//
//   - *NewerError: a later version wrote one of the partition's records, or the
//     pause or config of its topic, or a backfill's range of it. The partition
//     must stop.
//   - *CorruptError: the checkpoint or a drift record cannot be read. What is
//     returned, if anything is, is the one before, or lacks a drift: it may only
//     be used with a proof from both logs.
//
// Map pages and losses that cannot be read are in Faults only: copying is right
// without them.
func (l *Lane) Checkpoint(key Key) (Checkpoint, bool, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	c, ok := l.values[key.copyOf(KindCheckpoint)].(Checkpoint)
	return c, ok, l.faultsOf(key)
}

// Newest is the checkpoint of the highest generation of a copied partition, with
// its key; what the error means is said at Checkpoint.
func (l *Lane) Newest(topic string, partition int32, target string) (Key, Checkpoint, bool, error) {
	key := Key{Kind: KindCheckpoint, Topic: topic, Partition: partition, Target: target, Generation: l.Generation(topic, partition, target)}
	c, ok, err := l.Checkpoint(key)
	return key, c, ok, err
}

func (l *Lane) faultsOf(key Key) error {
	if len(l.faults) == 0 {
		return nil
	}
	p, _ := place(key.copyOf(KindCheckpoint))
	keys := []Key{{Kind: KindPause}, {Kind: KindPause, Topic: key.Topic}, {Kind: KindConfig, Target: key.Target}}
	for _, k := range sorted(l.copies[p]) {
		if k.Generation == key.Generation {
			keys = append(keys, k)
		}
	}
	for k := range l.faults {
		if k.Kind == KindBackfill && k.Topic == key.Topic && k.Partition == key.Partition && k.Target == key.Target {
			keys = append(keys, k)
		}
	}
	var errs []error
	for _, k := range keys {
		err := l.faults[k]
		var newer *NewerError
		if errors.As(err, &newer) || err != nil && (k.Kind == KindCheckpoint || k.Kind == KindDrift) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Drifts are the drift records of a copied partition, in order of their source
// offset.
func (l *Lane) Drifts(key Key) []Drift {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var drifts []Drift
	for _, k := range l.keysOf(key, KindDrift) {
		if d, ok := l.values[k].(Drift); ok {
			drifts = append(drifts, d)
		}
	}
	return drifts
}

// Map is the stored offset map of a copied partition as a new Map with
// DefaultMapLimit; empty if nothing is stored. Where a page cannot be read the
// map has a gap.
func (l *Lane) Map(key Key) *Map {
	l.mu.RLock()
	var pages []NumberedPage
	for _, k := range l.keysOf(key, KindMap) {
		page := NumberedPage{Page: k.Page} // stays empty if the page cannot be read: it will be replaced
		if raw, ok := l.values[k].([]byte); ok {
			if v, err := Decode(KindMap, raw); err == nil {
				page.MapPage = v.(MapPage)
			}
		}
		pages = append(pages, page)
	}
	l.mu.RUnlock()
	m := NewMap(DefaultMapLimit)
	m.load(pages)
	return m
}

// keysOf are the keys of one kind of a copied partition and generation, in order.
func (l *Lane) keysOf(key Key, kind string) []Key {
	p, _ := place(key.copyOf(KindCheckpoint))
	var keys []Key
	for _, k := range sorted(l.copies[p]) {
		if k.Kind == kind && k.Generation == key.Generation {
			keys = append(keys, k)
		}
	}
	return keys
}

// Losses is the loss ledger of this lane, by topic, partition and offset.
func (l *Lane) Losses() []LossEntry {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var losses []LossEntry
	for _, k := range l.keysOfKind(KindLoss) {
		if v, ok := l.values[k].(Loss); ok {
			losses = append(losses, LossEntry{Key: k, Loss: v})
		}
	}
	return losses
}

// Config says which configs of a target topic are ours.
func (l *Lane) Config(target string) (TopicConfig, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	c, ok := l.values[Key{Kind: KindConfig, Target: target}].(TopicConfig)
	c.Keys = slices.Clone(c.Keys)
	return c, ok
}

// Configs says of every target topic which of its configs are ours.
func (l *Lane) Configs() map[string]TopicConfig {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := map[string]TopicConfig{}
	for k, v := range l.values {
		if c, ok := v.(TopicConfig); ok && k.Kind == KindConfig {
			c.Keys = slices.Clone(c.Keys)
			all[k.Target] = c
		}
	}
	return all
}

// Paused reports whether a topic is paused, by itself or with the whole route;
// the empty topic is the route.
func (l *Lane) Paused(topic string) bool {
	_, _, paused := l.Pause(topic)
	return paused
}

// Pause is the pause that holds a topic, with its key: the whole route's if
// there is one, else the topic's own. A pause that a newer version wrote counts
// as one: not copying can be made up for.
func (l *Lane) Pause(topic string) (Key, Pause, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, k := range []Key{{Kind: KindPause}, {Kind: KindPause, Topic: topic}} {
		var newer *NewerError
		if errors.As(l.faults[k], &newer) {
			return k, Pause{Paused: true, By: "a newer version of mirror"}, true
		}
		if p, ok := l.values[k].(Pause); ok && p.Paused {
			return k, p, true
		}
	}
	return Key{}, Pause{}, false
}

// Pauses are the pauses in force by topic; the empty topic is the whole route.
func (l *Lane) Pauses() map[string]Pause { return l.pauses(true) }

// Resumes are the pauses that were taken back, by topic like Pauses, with who did
// it, when and why.
func (l *Lane) Resumes() map[string]Pause { return l.pauses(false) }

func (l *Lane) pauses(inForce bool) map[string]Pause {
	l.mu.RLock()
	defer l.mu.RUnlock()
	pauses := map[string]Pause{}
	for _, k := range l.keysOfKind(KindPause) {
		if p, ok := l.values[k].(Pause); ok && p.Paused == inForce {
			pauses[k.Topic] = p
		}
	}
	return pauses
}

// Rate is the limit that an operator has set, if one ever has; see NewestRate.
func (l *Lane) Rate() (Rate, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	r, ok := l.values[Key{Kind: KindRate}].(Rate)
	return r, ok
}

// NewestRate is the limit that holds for a route with these lanes. It is false
// when the configuration's does. A limit that reached only some lanes holds, too:
// all processes read all lanes, and so agree.
func NewestRate(lanes []*Lane) (newest Rate, set bool) {
	for _, lane := range lanes {
		if r, ok := lane.Rate(); ok && (!set || r.Time.After(newest.Time)) {
			newest, set = r, true
		}
	}
	return newest, set && !newest.File
}

// Verified is the last comparison of the whole route; only lane 0 has it.
func (l *Lane) Verified() (Verify, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	v, ok := l.values[Key{Kind: KindVerify}].(Verify)
	return v, ok
}

// Route is the facts of the route with the topics of all pages; only lane 0 has
// them. It is false when there are none or when a page is missing or cannot be
// read, which Faults tells apart.
func (l *Lane) Route() (RouteFacts, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	facts, err := l.route()
	return facts, err == nil
}

// errNoRoute says that no page of the route's facts is there.
var errNoRoute = errors.New("the route has no facts")

func (l *Lane) route() (RouteFacts, error) {
	first := Key{Kind: KindRoute}
	if len(l.keysOfKind(KindRoute)) == 0 {
		return RouteFacts{}, errNoRoute
	}
	facts, ok := l.values[first].(RouteFacts)
	if !ok {
		return RouteFacts{}, fmt.Errorf("route facts: page 0 is missing")
	}
	facts.Topics = slices.Clone(facts.Topics)
	for page := int32(1); page < facts.Pages; page++ {
		more, ok := l.values[Key{Kind: KindRoute, Page: page}].(RouteFacts)
		if !ok {
			return RouteFacts{}, fmt.Errorf("route facts: page %d of %d is missing", page, facts.Pages)
		}
		facts.Topics = append(facts.Topics, more.Topics...)
	}
	return facts, nil
}

// Owners is what the processes of the route say about themselves, by name.
func (l *Lane) Owners() []Owner {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var owners []Owner
	for _, k := range l.keysOfKind(KindOwner) {
		if o, ok := l.values[k].(Owner); ok {
			o.Lanes = slices.Clone(o.Lanes)
			owners = append(owners, o)
		}
	}
	return owners
}

// Backfill is the range that one backfill copies of a partition; of key only topic,
// partition, target and member count.
func (l *Lane) Backfill(key Key) (Backfill, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	b, ok := l.values[Key{Kind: KindBackfill, Topic: key.Topic, Partition: key.Partition, Target: key.Target, Member: key.Member}].(Backfill)
	return b, ok
}

// Backfills are the keys of all ranges of backfills in this lane, in order.
func (l *Lane) Backfills() []Key {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.keysOfKind(KindBackfill)
}

// Generation is the highest generation that has records for this copy of a
// partition, 0 if there are none.
func (l *Lane) Generation(topic string, partition int32, target string) int32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var highest int32
	for _, k := range l.copies[Key{Topic: topic, Partition: partition, Target: target}] {
		highest = max(highest, k.Generation)
	}
	return highest
}

// Checkpoints are the keys of all checkpoints in this lane, readable or not, by
// topic, partition, target and generation: which source topic is copied where.
func (l *Lane) Checkpoints() []Key {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.keysOfKind(KindCheckpoint)
}

// Keys are the keys of everything that is stored about one copied partition and
// generation: write a tombstone for each to forget it.
func (l *Lane) Keys(key Key) []Key {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var keys []Key
	for _, kind := range []string{KindCheckpoint, KindMap, KindDrift, KindLoss} {
		keys = append(keys, l.keysOf(key, kind)...)
	}
	return keys
}

// Older are the keys of everything that is stored about older generations of a
// copied partition, checkpoints first and those in order of generation.
func (l *Lane) Older(key Key) []Key {
	l.mu.RLock()
	defer l.mu.RUnlock()
	p, _ := place(key.copyOf(KindCheckpoint))
	return slices.DeleteFunc(sorted(l.copies[p]), func(k Key) bool { return k.Generation >= key.Generation })
}

// Faults are the records that cannot be used, by key. Records whose key says
// nothing to this version share the zero Key.
func (l *Lane) Faults() map[Key]error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	faults := maps.Clone(l.faults)
	if l.lost > 0 {
		faults[Key{}] = fmt.Errorf("%d records were ignored: %w", l.lost, errors.Join(l.broken...))
	}
	if _, err := l.route(); err != nil && !errors.Is(err, errNoRoute) && faults[Key{Kind: KindRoute}] == nil {
		faults[Key{Kind: KindRoute}] = err
	}
	return faults
}

// keysOfKind are the keys of all values and faults of one kind, in order.
func (l *Lane) keysOfKind(kind string) []Key {
	var keys []Key
	for k := range l.values {
		if k.Kind == kind {
			keys = append(keys, k)
		}
	}
	for k := range l.faults {
		if _, twice := l.values[k]; k.Kind == kind && !twice {
			keys = append(keys, k)
		}
	}
	return sorted(keys)
}

// sorted is a copy of keys in the order of their fields.
func sorted(keys []Key) []Key {
	return slices.SortedFunc(slices.Values(keys), func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition),
			cmp.Compare(a.Target, b.Target), cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.From, b.From),
			cmp.Compare(a.TargetFrom, b.TargetFrom), cmp.Compare(a.Page, b.Page), cmp.Compare(a.Member, b.Member))
	})
}
