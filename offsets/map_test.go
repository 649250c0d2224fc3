package offsets

import (
	"slices"
	"testing"
)

func mustAdd(t *testing.T, m *Map, source, target, count int64) {
	t.Helper()
	if err := m.Add(source, target, count); err != nil {
		t.Fatal(err)
	}
}

func TestMapJoins(t *testing.T) {
	m := NewMap(0)
	mustAdd(t, m, 10, 0, 5)
	mustAdd(t, m, 15, 5, 5)  // goes on
	mustAdd(t, m, 21, 10, 4) // one source offset without a record
	mustAdd(t, m, 25, 14, 1)
	mustAdd(t, m, 26, 20, 1) // somebody else wrote five records to the target
	got := m.Runs()
	want := []Run{{Source: 10, Target: 0, Count: 10}, {Source: 21, Target: 10, Count: 5}, {Source: 26, Target: 20, Count: 1}}
	if !slices.Equal(got, want) {
		t.Errorf("runs: got %v, want %v", got, want)
	}
}

func TestMapTranslate(t *testing.T) {
	m := NewMap(0)
	mustAdd(t, m, 10, 100, 10)
	mustAdd(t, m, 25, 110, 5) // nothing to copy at 20 to 24
	mustAdd(t, m, 40, 120, 5) // up to five records at 30 to 39 are not known
	mustAdd(t, m, 45, 130, 5) // others wrote 125 to 129
	mustAdd(t, m, 52, 135, 0) // nothing to copy at 50 and 51
	tests := []struct {
		name          string
		source        int64
		target, slack int64
	}{
		{"below the first run", 9, 0, 100},
		{"negative", -5, 0, 100},
		{"first record", 10, 100, 0},
		{"in a run", 19, 109, 0},
		{"gap without records, begin", 20, 110, 0},
		{"gap without records, end", 24, 110, 0},
		{"behind it", 25, 110, 0},
		{"unknown gap, begin", 30, 115, 5},
		{"unknown gap, end", 39, 115, 5},
		{"behind it", 40, 120, 0},
		{"last before others' records", 44, 124, 0},
		{"first behind others' records", 45, 130, 0},
		{"nothing more to copy", 50, 135, 0},
		{"end", 52, 135, 0},
		{"behind the end", 60, 135, 8},
	}
	for _, tt := range tests {
		target, exact, slack, ok := m.Translate(tt.source)
		if !ok || target != tt.target || slack != tt.slack || exact != (tt.slack == 0) {
			t.Errorf("%s: Translate(%d): got %d, %v, slack %d, %v, want %d, slack %d",
				tt.name, tt.source, target, exact, slack, ok, tt.target, tt.slack)
		}
	}
}

func TestMapSourceOf(t *testing.T) {
	m := NewMap(0)
	mustAdd(t, m, 10, 100, 10)
	mustAdd(t, m, 25, 110, 5)
	mustAdd(t, m, 40, 120, 5)
	mustAdd(t, m, 45, 130, 5)
	tests := []struct {
		name           string
		target, source int64
		exact          bool
	}{
		{"below the first run", 99, 0, false},
		{"first record", 100, 10, true},
		{"last of a run", 109, 19, true},
		{"first behind source offsets without records", 110, 25, true},
		{"unknown gap", 116, 30, false},
		{"others' records only", 127, 45, true},
		{"end", 135, 50, true},
		{"behind the end", 140, 50, false},
	}
	for _, tt := range tests {
		source, exact, ok := m.SourceOf(tt.target)
		if !ok || source != tt.source || exact != tt.exact {
			t.Errorf("%s: SourceOf(%d): got %d, %v, %v, want %d, %v", tt.name, tt.target, source, exact, ok, tt.source, tt.exact)
		}
	}
}

func TestMapEmpty(t *testing.T) {
	m := NewMap(0)
	if _, _, _, ok := m.Translate(5); ok {
		t.Error("an empty map answered Translate")
	}
	if _, _, ok := m.SourceOf(5); ok {
		t.Error("an empty map answered SourceOf")
	}
	changed, deleted := m.Pages()
	if len(changed)+len(deleted) != 0 {
		t.Errorf("an empty map has pages: %v, %v", changed, deleted)
	}
	mustAdd(t, m, 7, 3, 0) // copying begins here
	for source, want := range map[int64]int64{0: 0, 7: 3, 9: 3} {
		if got, exact, _, ok := m.Translate(source); !ok || got != want || exact != (source == 7) {
			t.Errorf("Translate(%d): got %d, %v, %v, want %d", source, got, exact, ok, want)
		}
	}
}

func TestMapSparse(t *testing.T) {
	m := NewMap(0)
	if err := m.AddSparse(100, 109, 0, 4); err != nil { // 4 records somewhere in 100 to 109
		t.Fatal(err)
	}
	tests := []struct{ source, target, slack int64 }{
		{100, 0, 0}, {101, 0, 1}, {105, 0, 3}, {108, 2, 1}, {109, 3, 0}, {110, 4, 0},
	}
	for _, tt := range tests {
		target, _, slack, _ := m.Translate(tt.source)
		if target != tt.target || slack != tt.slack {
			t.Errorf("Translate(%d): got %d, slack %d, want %d, slack %d", tt.source, target, slack, tt.target, tt.slack)
		}
	}
}

func TestMapAddAgain(t *testing.T) {
	m := NewMap(0)
	mustAdd(t, m, 0, 0, 100)
	mustAdd(t, m, 105, 100, 10)
	before := m.Runs()
	mustAdd(t, m, 50, 50, 50)
	mustAdd(t, m, 105, 100, 5)
	mustAdd(t, m, 10, 10, 0)
	if err := m.AddSparse(90, 107, 90, 13); err != nil {
		t.Error(err)
	}
	if got := m.Runs(); !slices.Equal(got, before) {
		t.Errorf("what was known changed the map: got %v, want %v", got, before)
	}
	mustAdd(t, m, 110, 105, 10) // five of them are new
	if err := m.AddSparse(115, 130, 110, 12); err != nil {
		t.Error(err)
	}
	want := []Run{{Source: 0, Target: 0, Count: 100}, {Source: 105, Target: 100, Count: 15}, {Source: 130, Target: 121, Count: 1}}
	if got := m.Runs(); !slices.Equal(got, want) {
		t.Errorf("runs: got %v, want %v", got, want)
	}
}

func TestMapAddRefuses(t *testing.T) {
	tests := []struct {
		name                        string
		first, last, target, number int64
	}{
		{"negative source", -1, 0, 200, 2},
		{"negative target", 200, 200, -1, 1},
		{"negative count", 200, 198, 200, -1},
		{"more records than offsets", 200, 201, 200, 3},
		{"one record over two offsets", 200, 201, 200, 1},
		{"beyond all offsets", maxOffset + 1, maxOffset + 1, 200, 1},
		{"target goes back", 200, 200, 99, 1},
		{"known source elsewhere", 50, 50, 51, 1},
		{"overlap that does not fit", 90, 119, 90, 5},
	}
	for _, tt := range tests {
		m := NewMap(0)
		mustAdd(t, m, 0, 0, 100)
		if err := m.AddSparse(tt.first, tt.last, tt.target, tt.number); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
		if got := m.Runs(); !slices.Equal(got, []Run{{Count: 100}}) {
			t.Errorf("%s: the map changed: %v", tt.name, got)
		}
	}
}

func TestMapCut(t *testing.T) {
	fill := func() *Map {
		m := NewMap(0)
		mustAdd(t, m, 0, 0, 10)
		mustAdd(t, m, 20, 10, 10)
		mustAdd(t, m, 40, 30, 10)
		return m
	}
	first := Run{Count: 10}
	tests := []struct {
		name string
		cut  func(*Map)
		want []Run
	}{
		{"target beyond the end", func(m *Map) { m.CutTarget(40) }, []Run{first, {20, 10, 10, 0, 0}, {40, 30, 10, 0, 0}}},
		{"target in a run", func(m *Map) { m.CutTarget(15) }, []Run{first, {20, 10, 5, 0, 0}}},
		{"target between runs", func(m *Map) { m.CutTarget(25) }, []Run{first, {20, 10, 10, 0, 0}}},
		{"target at a run", func(m *Map) { m.CutTarget(10) }, []Run{first}},
		{"target at 0", func(m *Map) { m.CutTarget(0) }, nil},
		{"source in a run", func(m *Map) { m.CutSource(45) }, []Run{first, {20, 10, 10, 0, 0}, {40, 30, 5, 0, 0}}},
		{"source between runs", func(m *Map) { m.CutSource(15) }, []Run{first}},
		{"source at 0", func(m *Map) { m.CutSource(0) }, nil},
	}
	for _, tt := range tests {
		m := fill()
		tt.cut(m)
		if got := m.Runs(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		if _, _, known := m.End(); known != (len(tt.want) > 0) {
			t.Errorf("%s: the end is known: %v", tt.name, known)
		}
	}
}

// After the source lost its end, other records come at offsets that were copied
// before.
func TestMapSourceRewritten(t *testing.T) {
	m := NewMap(0)
	mustAdd(t, m, 0, 0, 25)
	m.CutSource(10)
	mustAdd(t, m, 10, 25, 20)
	for source, want := range map[int64]int64{9: 9, 10: 25, 20: 35} {
		if got, exact, _, _ := m.Translate(source); got != want || !exact {
			t.Errorf("Translate(%d): got %d, %v, want %d", source, got, exact, want)
		}
	}
}

func TestMapThinKeepsRecentExact(t *testing.T) {
	const limit = 100
	m := NewMap(limit)
	for i := range int64(10_000) { // transactions: ten records and a marker
		mustAdd(t, m, i*11, i*10, 10)
		if got := len(m.Runs()); got > limit {
			t.Fatalf("%d runs, more than %d", got, limit)
		}
	}
	for i := int64(10_000 - limit/4); i < 10_000; i++ {
		if got, exact, _, _ := m.Translate(i*11 + 5); got != i*10+5 || !exact {
			t.Errorf("Translate(%d): got %d, %v, want %d", i*11+5, got, exact, i*10+5)
		}
	}
	var worst int64
	for s := range int64(110_000) {
		_, _, slack, _ := m.Translate(s)
		worst = max(worst, slack)
	}
	if worst > 1000 { // a tenth of the records would be 10,000
		t.Errorf("slack up to %d", worst)
	}
}

func TestMapPageLayout(t *testing.T) {
	m := NewMap(0)
	add := func(n int64) {
		for range n {
			_, target, _ := m.End()
			mustAdd(t, m, target*2, target, 1)
		}
	}
	pages := func() (changed, deleted []int32) {
		c, d := m.Pages()
		for _, p := range c {
			changed = append(changed, p.Page)
		}
		return changed, d
	}
	check := func(when string, wantChanged, wantDeleted []int32) {
		t.Helper()
		changed, deleted := pages()
		if !slices.Equal(changed, wantChanged) || !slices.Equal(deleted, wantDeleted) {
			t.Errorf("%s: got pages %v and deleted %v, want %v and %v", when, changed, deleted, wantChanged, wantDeleted)
		}
	}
	add(PageRuns)
	check("one full page", []int32{0}, nil)
	check("nothing changed", nil, nil)
	add(1)
	check("the full page stays", []int32{1}, nil)
	add(2 * PageRuns)
	check("two more", []int32{1, 2, 3}, nil)
	m.Unsaved()
	check("not saved", []int32{0, 1, 2, 3}, nil)
	m.CutTarget(PageRuns + 10)
	check("cut in page 1", []int32{1}, []int32{2, 3})
	m.Unsaved()
	check("tombstones not saved", []int32{0, 1}, []int32{2, 3})
	m.CutTarget(PageRuns)
	check("cut between pages", nil, []int32{1})
	m.CutTarget(0)
	check("cut to nothing", nil, []int32{0})
}

// Pages of different moments, or damaged ones, make one map.
func TestMapLoadsMixedPages(t *testing.T) {
	dense := func(source, target, count int64) Run { return Run{Source: source, Target: target, Count: count} }
	page := func(n int32, runs ...Run) NumberedPage { return NumberedPage{Page: n, MapPage: MapPage{Runs: runs}} }
	tests := []struct {
		name  string
		pages []NumberedPage
		want  []Run
		again bool // the pages are written again
	}{
		{"none", nil, nil, false},
		{"one", []NumberedPage{page(0, dense(0, 0, 5), dense(6, 5, 5))}, []Run{dense(0, 0, 5), dense(6, 5, 5)}, false},
		{"a page is short", []NumberedPage{page(0, dense(0, 0, 5)), page(1, dense(6, 5, 5))}, []Run{dense(0, 0, 5), dense(6, 5, 5)}, true},
		{"the first is missing", []NumberedPage{page(1, dense(6, 5, 5))}, []Run{dense(6, 5, 5)}, true},
		{"the second was thinned later", []NumberedPage{page(0, dense(0, 0, 5), dense(6, 5, 5)), page(1, dense(6, 5, 5), dense(12, 10, 5))},
			[]Run{dense(0, 0, 5), dense(6, 5, 5), dense(12, 10, 5)}, true},
		{"runs that join", []NumberedPage{page(0, dense(0, 0, 5), dense(5, 5, 5))}, []Run{dense(0, 0, 10)}, true},
		{"the target goes back", []NumberedPage{page(0, dense(0, 0, 5)), page(1, dense(6, 3, 5), dense(20, 5, 5))},
			[]Run{dense(0, 0, 5), dense(20, 5, 5)}, true},
		{"the source goes back", []NumberedPage{page(0, dense(0, 0, 5)), page(1, dense(3, 7, 2))}, []Run{dense(0, 0, 5)}, true},
	}
	for _, tt := range tests {
		m := NewMap(0)
		m.load(tt.pages)
		if got := m.Runs(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		changed, deleted := m.Pages()
		if again := len(changed) > 0; again != tt.again || !again && len(deleted) > 0 || again && len(changed) != m.pages() {
			t.Errorf("%s: written again: %v, %v, want %v", tt.name, changed, deleted, tt.again)
		}
	}
}

// A partition without gaps costs one run and no allocation for each batch.
func TestMapAddDoesNotAllocate(t *testing.T) {
	m := NewMap(0)
	var next int64
	if got := testing.AllocsPerRun(1000, func() {
		if err := m.Add(next, next, 100); err != nil {
			t.Fatal(err)
		}
		next += 100
	}); got > 0 {
		t.Errorf("%v allocations for each batch", got)
	}
}
