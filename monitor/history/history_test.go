package history

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var begin = time.Unix(1_700_000_000, 0)

func reading(subject string, value float64) []Reading {
	return []Reading{{Subject: subject, Values: []Value{{"lag", value}}}}
}

// newest returns the newest points of a series in a window, up to n.
func newest(h *History, now time.Time, window, key string, n int) []Point {
	w, _ := FindWindow(window)
	points := h.Query(now, w, []string{key}).Series[0].Points
	return points[max(len(points)-n, 0):]
}

func TestSpaceOfASeries(t *testing.T) {
	perSeries := Size(2) - Size(1)
	if perSeries != 6092*pointSize+entrySize {
		t.Errorf("a series takes %d bytes", perSeries)
	}
	for i, tier := range tiers() {
		if i > 0 && (tier.step%tiers()[i-1].step != 0 || tiers()[i-1].step*time.Duration(tiers()[i-1].count) < tier.step) {
			t.Errorf("tier %d cannot be made from the one before", i)
		}
	}
}

// The process may end at any moment: nothing has to be closed.
func TestKilledProcessLosesNothing(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "state", "history"), Series: 3, Log: quiet()}
	h := Open(o)
	for i := range 30 {
		h.Record(begin.Add(time.Duration(i)*10*time.Second), reading("r", float64(i)))
	}
	// A killed process leaves its file unsynced and unclosed; only the lock ends.
	h.data.(file).File.Close()

	h = Open(o)
	defer h.Close()
	now := begin.Add(290 * time.Second)
	got := newest(h, now, "1h", "r/lag", 30)
	for i, p := range got {
		if v := float32(i); p != (Point{v, v, v}) {
			t.Errorf("point %d: got %v", i, p)
		}
	}
	if year := newest(h, now, "year", "r/lag", 1)[0]; year.Min != 0 || year.Max != 29 {
		t.Errorf("the year's point: got %v", year)
	}
	h.Record(now, reading("r", 100)) // in the same step as the last one
	if p := newest(h, now, "1h", "r/lag", 1)[0]; p.Min != 29 || p.Max != 100 {
		t.Errorf("after the restart, got %v", p)
	}
}

func TestTornWritesAreHoles(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "history"), Series: 300, Log: quiet()}
	h := Open(o)
	for i := range 3 {
		h.Record(begin.Add(time.Duration(i)*10*time.Second), reading("r", float64(i+1)))
	}
	h.Close()
	f, err := os.OpenFile(o.Path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Half of the middle row is as it was before.
	row := layout{o.Series}.row(0, tiers()[0].bucket(begin)+1)
	if _, err := f.WriteAt(make([]byte, 2000), row+1612); err != nil {
		t.Fatal(err)
	}
	f.Close()
	h = Open(o)
	defer h.Close()
	got := newest(h, begin.Add(20*time.Second), "1h", "r/lag", 3)
	if got[0].Avg != 1 || got[1].known() || got[2].Avg != 3 {
		t.Errorf("got %v, want 1, a hole and 3", got)
	}
}

func TestBrokenFileIsSetAside(t *testing.T) {
	good := layout{3}.header()
	newer := bytes.Clone(good)
	newer[len(magic)]++
	tests := []struct{ name, content, want string }{
		{"empty", "", "not a history file"},
		{"text", strings.Repeat("text", 3000), "not a history file"},
		{"damaged header", string(newer), "damaged"},
		{"cut short", string(good), "bytes instead of"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			path := filepath.Join(t.TempDir(), "history")
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			h := Open(Options{Path: path, Series: 3, Log: slog.New(slog.NewTextHandler(&log, nil))})
			defer h.Close()
			if h.Memory() != 0 {
				t.Error("it is in memory")
			}
			if !strings.Contains(log.String(), "set aside") || !strings.Contains(log.String(), test.want) {
				t.Errorf("log: %s", &log)
			}
			aside, _ := filepath.Glob(path + ".broken-*")
			if len(aside) != 1 {
				t.Fatalf("set aside: %v", aside)
			}
			if content, _ := os.ReadFile(aside[0]); string(content) != test.content {
				t.Error("what was set aside is not what was there")
			}
		})
	}
}

func TestWithoutAPlaceItIsInMemory(t *testing.T) {
	var log bytes.Buffer
	dir := t.TempDir()
	first := Open(Options{Path: filepath.Join(dir, "history"), Series: 2, Log: quiet()})
	defer first.Close()
	for name, path := range map[string]string{
		"no path": "", "a folder": dir, "used by another": filepath.Join(dir, "history"), "no folder can be made": "/proc/nothing/history",
	} {
		h := Open(Options{Path: path, Series: 2, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if h.Memory() != Size(2) {
			t.Errorf("%s: memory %d, want %d", name, h.Memory(), Size(2))
		}
		h.Record(begin, reading("r", 5))
		if p := newest(h, begin, "1h", "r/lag", 1)[0]; p.Avg != 5 {
			t.Errorf("%s: got %v", name, p)
		}
		h.Close()
	}
	h := Open(Options{Series: 500, Memory: Size(20) + 1, Log: quiet()})
	if h.Capacity() != 20 || h.Memory() != Size(20) {
		t.Errorf("with bounds: room for %d series in %d bytes", h.Capacity(), h.Memory())
	}
	if !strings.Contains(log.String(), "another process uses it") {
		t.Errorf("log: %s", &log)
	}
}

func TestOtherNumberOfSeries(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "history"), Series: 2, Log: quiet()}
	h := Open(o)
	h.Record(begin, append(reading("a", 1), reading("b", 2)...))
	for _, series := range []int{5, 1} {
		h.Close()
		o.Series = series
		h = Open(o)
		for _, window := range []string{"1h", "day", "year"} {
			if p := newest(h, begin, window, "a/lag", 1)[0]; p.Avg != 1 {
				t.Errorf("%d series, %s: got %v", series, window, p)
			}
		}
		if got, want := len(h.Keys()), min(series, 2); got != want {
			t.Errorf("%d series: %d are recorded, want %d", series, got, want)
		}
	}
	h.Close()
}

func TestDamagedEntryBeginsAnew(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "history"), Series: 2, Log: quiet()}
	h := Open(o)
	h.Record(begin, append(reading("a", 1), reading("b", 2)...))
	if _, err := h.data.WriteAt([]byte("x"), h.layout.entry(0)+entryHead); err != nil {
		t.Fatal(err)
	}
	h.Close()
	h = Open(o)
	defer h.Close()
	if keys := h.Keys(); len(keys) != 1 || keys[0] != "b/lag" {
		t.Fatalf("got %v", keys)
	}
	later := begin.Add(time.Minute)
	h.Record(later, append(reading("a", 3), reading("b", 4)...))
	got := newest(h, later, "day", "a/lag", 2)
	if got[0].known() || got[1].Avg != 3 {
		t.Errorf("a begins anew: got %v", got)
	}
}

// A clock that jumps back must neither end the recording nor show the future.
func TestClockJumpsBack(t *testing.T) {
	h := Open(Options{Series: 1, Log: quiet()})
	h.Record(begin.Add(3*time.Hour), reading("r", 9))
	h.Record(begin, reading("r", 1))
	h.Record(begin.Add(10*time.Second), reading("r", 2))
	got := newest(h, begin.Add(10*time.Second), "1h", "r/lag", 3)
	if got[0].known() || got[1].Avg != 1 || got[2].Avg != 2 {
		t.Errorf("got %v", got)
	}
}

// Whatever a file holds, it is refused or it works: what is recorded next is
// there, also after a change of the number of series.
func FuzzFile(f *testing.F) {
	whole := make(memory, Size(1))
	copy(whole, layout{1}.header())
	newHistory(whole, layout{1}, quiet()).Record(begin, reading("r", 1))
	f.Add([]byte(whole[:pageSize+entrySize+1024]), int64(0))
	f.Add([]byte(whole[:pageSize]), int64(100))
	f.Fuzz(func(t *testing.T, content []byte, seconds int64) {
		m := slices.Clone(whole)
		copy(m, content)
		l, err := parseHeader(m)
		if err != nil || l.size() != int64(len(m)) {
			return
		}
		h := newHistory(m, l, quiet())
		if err := h.readDirectory(); err != nil {
			t.Fatal(err)
		}
		now := time.Unix(seconds&0xffffffff, 0)
		h.Record(now, reading("fresh", 2))
		for _, w := range Windows() {
			h.Query(now, w, append(h.Keys(), "nothing"))
		}
		wider := make(memory, Size(2))
		if err := copyInto(wider, layout{2}, m, l); err != nil {
			t.Fatal(err)
		}
		h = newHistory(wider, layout{2}, quiet())
		if err := h.readDirectory(); err != nil {
			t.Fatal(err)
		}
		h.Record(now, reading("fresh", 3))
		if p := newest(h, now, "1h", "fresh/lag", 1)[0]; p.Max != 3 {
			t.Errorf("what was recorded last is not there: %v", p)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	h := Open(Options{Path: filepath.Join(b.TempDir(), "history"), Series: 500, Log: quiet()})
	defer h.Close()
	var readings []Reading
	for i := range 1000 {
		readings = append(readings, Reading{Subject: fmt.Sprint("r/t", i), Weight: float64(i), Values: []Value{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}}})
	}
	for i := 0; b.Loop(); i++ {
		h.Record(begin.Add(time.Duration(i)*10*time.Second), readings)
	}
}

func BenchmarkQuery(b *testing.B) {
	h := Open(Options{Path: filepath.Join(b.TempDir(), "history"), Series: 500, Log: quiet()})
	defer h.Close()
	for i := range 1440 {
		h.Record(begin.Add(time.Duration(i)*10*time.Second), reading("r", 1))
	}
	w, _ := FindWindow("4h")
	for b.Loop() {
		h.Query(begin.Add(4*time.Hour), w, []string{"r/lag"})
	}
}
