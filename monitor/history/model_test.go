package history

import (
	"fmt"
	"log/slog"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// model keeps every sample and makes each point from them when it is asked for.
type model struct {
	fine map[string]map[int64]*gathering
}

func (m *model) record(at time.Time, key string, value float64) {
	if m.fine[key] == nil {
		m.fine[key] = make(map[int64]*gathering)
	}
	bucket := tiers()[0].bucket(at)
	var g gathering
	if before := m.fine[key][bucket]; before != nil {
		g.add(before.point())
	}
	v := float32(value)
	g.add(Point{v, v, v})
	m.fine[key][bucket] = &g
}

// points makes all points of a tier from those of the finer one.
func (m *model) points(key string, t int) map[int64]Point {
	points := make(map[int64]Point)
	if t == 0 {
		for bucket, g := range m.fine[key] {
			points[bucket] = g.point()
		}
		return points
	}
	all := tiers()
	ratio := int64(all[t].step / all[t-1].step)
	gathered := make(map[int64]*gathering)
	finer := m.points(key, t-1)
	for _, bucket := range slices.Sorted(maps.Keys(finer)) {
		if gathered[bucket/ratio] == nil {
			gathered[bucket/ratio] = new(gathering)
		}
		gathered[bucket/ratio].add(finer[bucket])
	}
	for bucket, g := range gathered {
		points[bucket] = g.point()
	}
	return points
}

func same(a, b Point) bool {
	if !a.known() || !b.known() {
		return a.known() == b.known()
	}
	near := func(x, y float32) bool { return math.Abs(float64(x-y)) <= 1e-4*math.Abs(float64(y)) }
	return a.Min == b.Min && a.Max == b.Max && near(a.Avg, b.Avg) && a.Min <= a.Avg && a.Avg <= a.Max
}

// Whatever was recorded, with pauses, restarts and small steps of the clock, the
// tiers say the same as a model that keeps everything.
func TestTiersAgreeWithAModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		o := Options{Path: fmt.Sprint(path, run), Series: 4, Log: quiet()}
		h := Open(o)
		defer func() { h.Close() }()
		m := &model{fine: make(map[string]map[int64]*gathering)}
		now := time.Unix(1_700_000_000+rapid.Int64Range(0, 1e6).Draw(t, "begin"), 0)
		newest := now
		for range rapid.IntRange(1, 60).Draw(t, "samples") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{10, 10, 10, 3, 30, 70, 700, 4000, 30000, -20}).Draw(t, "pause")) * time.Second)
			if now.After(newest) {
				newest = now
			}
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				h.Close()
				h = Open(o)
			}
			var readings []Reading
			for _, route := range []string{"a", "b"} {
				if rapid.Bool().Draw(t, "present") {
					value := rapid.Float64Range(-1e6, 1e6).Draw(t, "value")
					readings = append(readings, Reading{Subject: route, Values: []Value{{"lag", value}}})
					m.record(now, Key(route, "lag"), value)
				}
			}
			h.Record(now, readings)
		}
		for _, w := range Windows() {
			compare(t, h, m, w, newest)
		}
	})
}

func compare(t *rapid.T, h *History, m *model, w Window, now time.Time) {
	keys := []string{"a/lag", "b/lag"}
	span := h.Query(now, w, keys)
	tier := tiers()[w.tier]
	if span.Step != tier.step {
		t.Fatalf("%s: step %v, want %v", w.Name, span.Step, tier.step)
	}
	for i, key := range keys {
		if !span.Series[i].Recorded {
			if len(m.fine[key]) > 0 {
				t.Fatalf("%s %s is not recorded", w.Name, key)
			}
			continue
		}
		if got, want := len(span.Series[i].Points), int(w.Span/tier.step); got != want {
			t.Fatalf("%s: %d points, want %d", w.Name, got, want)
		}
		points := m.points(key, w.tier)
		for n, got := range span.Series[i].Points {
			bucket := tier.bucket(span.Start) + int64(n)
			want, ok := points[bucket]
			if !ok {
				want = noPoint()
			}
			if !same(got, want) {
				t.Fatalf("%s %s at %v: got %v, want %v", w.Name, key, time.Unix(tier.start(bucket), 0).UTC(), got, want)
			}
		}
	}
}
