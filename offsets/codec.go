package offsets

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// EncodeValue writes a record's value: JSON that begins with "v" and has its
// fields in the order of the struct, times in UTC to the millisecond. It panics
// when v is not one of this package's record types, which no input can cause.
func EncodeValue(v any) []byte {
	b, err := encode(v)
	if err != nil {
		panic(err)
	}
	return b
}

func encode(v any) ([]byte, error) {
	switch x := v.(type) {
	case RouteFacts:
		x.FirstStart = plainTime(x.FirstStart)
		if x.Backfill != nil {
			b := *x.Backfill
			b.Finished, b.Abandoned = plainTime(b.Finished), plainTime(b.Abandoned)
			x.Backfill = &b
		}
		v = x
	case Checkpoint:
		x.Time = plainTime(x.Time)
		v = x
	case Drift:
		x.Time = plainTime(x.Time)
		v = x
	case Loss:
		x.Time = plainTime(x.Time)
		v = x
	case Backfill:
		x.Time = plainTime(x.Time)
		v = x
	case Pause:
		x.Time = plainTime(x.Time)
		v = x
	case Rate:
		x.Time = plainTime(x.Time)
		v = x
	case Verify:
		x.Time, x.Seconds = plainTime(x.Time), finite(x.Seconds)
		v = x
	case Owner:
		x.Time = plainTime(x.Time)
		x.RecordsPerSecond, x.BytesPerSecond = finite(x.RecordsPerSecond), finite(x.BytesPerSecond)
		v = x
	case TopicConfig, MapPage:
	default:
		return nil, fmt.Errorf("encode checkpoint record: %T is no record", v)
	}
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode checkpoint record: %w", err)
	}
	head := strconv.AppendInt([]byte(`{"v":`), version, 10)
	if len(body) > len(`{}`) {
		head = append(head, ',')
	}
	return append(head, body[1:]...), nil
}

// plainTime is t as it can be written and read back: JSON has no monotonic
// clock, and no years beyond 9999.
func plainTime(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	if y := t.Year(); y < 0 || y > 9999 {
		return time.Time{}
	}
	return t
}

// finite is x, or 0 where JSON has no way to write x.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// maxValueBytes is Kafka's default limit for a batch with some room: what is
// longer was not written by this program.
const maxValueBytes = 2 << 20

// Decode reads the value of a record of the given kind: a RouteFacts,
// Checkpoint, MapPage, Drift, Loss, Pause, Rate, Verify, TopicConfig, Owner or
// Backfill. A value of a later version gives *NewerError, a kind that this version does not know
// *UnknownKindError; a tombstone has no value and is an error. Fields it does
// not know are left out.
func Decode(kind string, value []byte) (any, error) {
	if !KnownKind(kind) {
		return nil, &UnknownKindError{Kind: kind}
	}
	if len(value) > maxValueBytes {
		return nil, fmt.Errorf("read %s: %d bytes, more than %d", kind, len(value), maxValueBytes)
	}
	var head struct {
		V int `json:"v"`
	}
	if err := json.Unmarshal(value, &head); err != nil {
		return nil, fmt.Errorf("read %s: %w", kind, err)
	}
	if head.V > version {
		return nil, &NewerError{Key: Key{Kind: kind}, Version: head.V}
	}
	if head.V < 1 {
		return nil, fmt.Errorf("read %s: it has no version", kind)
	}
	v, err := decodeBody(kind, value)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", kind, err)
	}
	return v, nil
}

func decodeBody(kind string, value []byte) (any, error) {
	switch kind {
	case KindRoute:
		return decodeInto(value, RouteFacts{})
	case KindCheckpoint:
		return decodeInto(value, Checkpoint{Source: unset, SourceEpoch: unset, LastSource: unset,
			Ordinal: unset, Target: unset, TargetEpoch: unset})
	case KindMap:
		return decodeInto(value, MapPage{})
	case KindDrift:
		return decodeInto(value, Drift{Source: unset, Ordinal: unset})
	case KindLoss:
		return decodeInto(value, Loss{From: unset, To: unset, TargetFrom: -1, TargetTo: -1})
	case KindPause:
		return decodeInto(value, Pause{})
	case KindRate:
		return decodeInto(value, Rate{BytesPerSecond: unset})
	case KindVerify:
		return decodeInto(value, Verify{Records: unset, Differences: unset})
	case KindConfig:
		return decodeInto(value, TopicConfig{})
	case KindOwner:
		return decodeInto(value, Owner{})
	case KindBackfill:
		return decodeInto(value, Backfill{From: unset, To: unset})
	}
	return nil, errors.New("unknown kind")
}

// decodeInto reads JSON over the given starting value and checks the result.
func decodeInto[T any](value []byte, start T) (any, error) {
	if err := json.Unmarshal(value, &start); err != nil {
		return nil, err
	}
	if c, ok := any(start).(interface{ check() error }); ok {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	return start, nil
}
