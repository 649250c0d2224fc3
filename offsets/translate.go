package offsets

import "fmt"

// Translator translates offsets of one source partition into its copy, as the
// checkpoint topic has it at one moment.
type Translator struct {
	Generation int32
	Checkpoint Checkpoint // of that generation, the newest
	positions  *Map
}

// Translation is where a reader of a source partition goes on in the copy. The
// exact place is the first copied record that the reader has not read, or, where
// there is none yet, the place where the next record will be. Target is never
// behind it.
type Translation struct {
	Target int64 // offset
	// Slack is how many records at most would be read again, because the map is
	// not precise there or knows nothing so old. With 0 the place is exact, but
	// for what Missing says.
	Slack int64
	// Missing is how many source offsets below the position are not copied yet.
	// The place is the end of what is copied then, and moves on as that grows.
	Missing int64
	// Gone is how many target offsets at least lie between the exact place and
	// Target, because the target has deleted them; only From sets it.
	Gone int64
}

// Exact says that the reader goes on with the very record that it would have
// read next.
func (t Translation) Exact() bool { return t.Slack == 0 && t.Missing == 0 && t.Gone == 0 }

// Translator is what the lane knows of the newest generation of a copied
// partition; false when nothing is copied yet: no generation has begun, or the
// newest was only asked for. The map of an older generation is never used, since
// it speaks of another copy.
//
// An error means that the records cannot be relied on, see Checkpoint.
func (l *Lane) Translator(topic string, partition int32, target string) (*Translator, bool, error) {
	key, c, ok, err := l.Newest(topic, partition, target)
	if err != nil {
		return nil, false, fmt.Errorf("translate offsets of %s/%d: %w", topic, partition, err)
	}
	if !ok || c.Asked {
		return nil, false, nil
	}
	t := &Translator{Generation: key.Generation, Checkpoint: c, positions: l.Map(key)}
	// A map that is ahead of the checkpoint, or contradicts it, stays as it is: both
	// are true of the moment when they were written, and the map bounds what is in
	// between. One that is behind ends with a gap, whose answers are its beginning.
	_ = t.positions.Add(c.Source, c.Target, 0)
	return t, true, nil
}

// End is how far the source is known to be copied.
func (t *Translator) End() int64 {
	source, _, _ := t.positions.End()
	return source
}

// Translate says where a reader goes on who has read the source partition up to
// but without the record at this offset.
func (t *Translator) Translate(source int64) Translation {
	if end, target, _ := t.positions.End(); source > end {
		return Translation{Target: target, Missing: source - end}
	}
	target, _, slack, _ := t.positions.Translate(source)
	return Translation{Target: target, Slack: slack}
}

// From takes into account that the copy's log begins at begin: what was in front
// of it is gone, and a reader who is sent there would be told so and jump to
// wherever its own settings say.
func (t Translation) From(begin int64) Translation {
	if gone := begin - t.Target; gone > 0 {
		t.Target, t.Slack, t.Gone = begin, max(t.Slack-gone, 0), max(gone-t.Slack, 0)
	}
	return t
}
