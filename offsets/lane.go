package offsets

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Lane is what the records of one lane say after they were replayed in offset
// order. It is safe for concurrent use; what it returns is the caller's.
type Lane struct {
	number int32 // immutable

	mu     sync.RWMutex // guards all below
	next   int64        // offset behind the last record applied
	values map[Key]any  // decoded values; of map pages the bytes, which are smaller
	faults map[Key]error
	copies map[Key][]Key // keys of values and faults by copied partition, see place
	broken []error       // records whose key says nothing to this version, the first few
	lost   int           // how many such records there were
}

// brokenKept bounds how many records with unreadable keys are kept as errors.
const brokenKept = 100

// NewLane makes the empty state of lane n.
func NewLane(n int32) *Lane {
	return &Lane{
		number: n,
		values: make(map[Key]any),
		faults: make(map[Key]error),
		copies: make(map[Key][]Key),
	}
}

// Number is the lane's number, the partition of the checkpoint topic.
func (l *Lane) Number() int32 { return l.number }

// Next is the offset behind the last record applied.
func (l *Lane) Next() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.next
}

// Apply replays one record: a value replaces the one before, nil (a tombstone)
// removes it. A record below Next was applied already and changes nothing.
//
// An error describes a record that cannot be used, for the log; replay goes on.
// The value before it stays in force, and the fault stays with its key until a
// later record replaces it: Checkpoint returns it for the partition concerned.
func (l *Lane) Apply(key, value []byte, offset int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if offset < l.next {
		return nil
	}
	l.next = offset + 1
	k, err := DecodeKey(key)
	if err != nil {
		return l.ignore(&CorruptError{Offset: offset, Why: err})
	}
	if !KnownKind(k.Kind) {
		if value == nil {
			return nil
		}
		return l.ignore(&CorruptError{Key: Key{Kind: k.Kind}, Offset: offset, Why: &UnknownKindError{Kind: k.Kind}})
	}
	if value == nil {
		l.remove(k)
		return nil
	}
	v, err := Decode(k.Kind, value)
	if err == nil {
		err = fits(k, v)
	}
	if err != nil {
		return l.fault(k, offset, err)
	}
	if k.Kind == KindMap {
		v = append([]byte(nil), value...)
	}
	l.index(k)
	l.values[k] = v
	delete(l.faults, k)
	return nil
}

// ignore counts a record that belongs to nothing this version knows.
func (l *Lane) ignore(err error) error {
	l.lost++
	if len(l.broken) < brokenKept {
		l.broken = append(l.broken, err)
	}
	return err
}

func (l *Lane) fault(k Key, offset int64, err error) error {
	var newer *NewerError
	if errors.As(err, &newer) {
		err = &NewerError{Key: k, Version: newer.Version}
	} else {
		err = &CorruptError{Key: k, Offset: offset, Why: err}
	}
	l.index(k)
	l.faults[k] = err
	return err
}

// fits checks a value against its key where both say the same.
func fits(k Key, v any) error {
	switch x := v.(type) {
	case Drift:
		if x.Source != k.From {
			return fmt.Errorf("its key says source offset %d and its value %d", k.From, x.Source)
		}
	case Loss:
		if x.From != k.From {
			return fmt.Errorf("its key says source offset %d and its value %d", k.From, x.From)
		}
	}
	return nil
}

// place is what the keys of one copied partition have in common, of all
// generations; ok is false for records that belong to no partition.
func place(k Key) (Key, bool) {
	switch k.Kind {
	case KindCheckpoint, KindMap, KindDrift, KindLoss:
		return Key{Topic: k.Topic, Partition: k.Partition, Target: k.Target}, true
	}
	return Key{}, false
}

// has reports whether anything is known under a key.
func (l *Lane) has(k Key) bool {
	_, value := l.values[k]
	_, fault := l.faults[k]
	return value || fault
}

// index notes a key with its partition, before its first value or fault is set.
func (l *Lane) index(k Key) {
	if p, ok := place(k); ok && !l.has(k) {
		l.copies[p] = append(l.copies[p], k)
	}
}

func (l *Lane) remove(k Key) {
	if p, ok := place(k); ok && l.has(k) {
		keys := l.copies[p]
		keys = slices.Delete(keys, slices.Index(keys, k), slices.Index(keys, k)+1)
		if l.copies[p] = keys; len(keys) == 0 {
			delete(l.copies, p)
		}
	}
	delete(l.values, k)
	delete(l.faults, k)
}
