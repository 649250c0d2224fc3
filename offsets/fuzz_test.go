package offsets

import (
	"reflect"
	"testing"
)

func FuzzDecodeKey(f *testing.F) {
	for _, e := range examples() {
		f.Add([]byte(e.keyJSON))
	}
	f.Add([]byte(`{"kind":"later","topic":5}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := DecodeKey(data)
		if err != nil || !KnownKind(k.Kind) {
			return
		}
		if got := EncodeKey(k); string(got) != string(data) {
			t.Errorf("%s came back as %s", data, got)
		}
		_ = k.String()
	})
}

func FuzzDecode(f *testing.F) {
	for _, e := range examples() {
		f.Add(e.key.Kind, []byte(e.valueJSON))
	}
	f.Add(KindMap, []byte(`{"v":1,"runs":[[9223372036854775807,0,1],[1,1,1,1,1]]}`))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		v, err := Decode(kind, data)
		if err != nil {
			return
		}
		again, err := Decode(kind, EncodeValue(v))
		if err != nil {
			t.Fatalf("%s: %+v does not come back: %v", kind, v, err)
		}
		// What JSON cannot keep apart, or times to the millisecond, may change once.
		third, err := Decode(kind, EncodeValue(again))
		if err != nil || !reflect.DeepEqual(again, third) {
			t.Errorf("%s: %+v came back as %+v, %v", kind, again, third, err)
		}
	})
}

// FuzzLaneApply replays hostile records, and asks everything of the result.
func FuzzLaneApply(f *testing.F) {
	for _, e := range examples() {
		f.Add([]byte(e.keyJSON), []byte(e.valueJSON), []byte(`{"v":1,"runs":[[0,0,1],[0,0,5,9,9]]}`), int64(0))
	}
	f.Fuzz(func(t *testing.T, key, value, page []byte, offset int64) {
		l := NewLane(0)
		base := ordersKey
		if k, err := DecodeKey(key); err == nil {
			base = k
		}
		for i, data := range [][]byte{value, page, value} {
			k := base.copyOf(KindMap)
			k.Page = int32(i)
			_ = l.Apply(EncodeKey(k), data, int64(i))
		}
		_ = l.Apply(key, value, offset)
		_, _, _ = l.Checkpoint(base)
		_, _ = l.Route()
		_, _ = l.Config(base.Target)
		l.Drifts(base)
		l.Losses()
		l.Owners()
		l.Keys(base)
		l.Faults()
		l.Paused(base.Topic)
		l.Generation(base.Topic, base.Partition, base.Target)
		m := l.Map(base)
		source, target, known := m.End()
		for _, s := range []int64{-1, 0, 1, source / 2, source - 1, source, source + 1, 1<<63 - 1} {
			low, exact, slack, ok := m.Translate(s)
			if ok != known || low < 0 || slack < 0 || exact != (ok && slack == 0) || low > target {
				t.Errorf("Translate(%d): got %d, %v, %d, %v; %s", s, low, exact, slack, ok, describe(m))
			}
			if back, _, _ := m.SourceOf(s); back < 0 || back > source {
				t.Errorf("SourceOf(%d): got %d; %s", s, back, describe(m))
			}
		}
		m.CutTarget(target / 2)
		m.CutSource(source / 3)
		m.Pages()
	})
}
