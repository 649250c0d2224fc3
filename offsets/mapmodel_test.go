package offsets

import (
	"fmt"
	"sort"
	"testing"

	"pgregory.net/rapid"
)

// pair is one copied record.
type pair struct{ source, target int64 }

// mapModel is what a map stands for, record by record.
type mapModel struct {
	pairs  []pair   // all that were copied, whether the map was told or not
	end    position // where the next record is read and written
	stored map[int32][]byte
	olds   []storedPage // every page ever stored since the last cut
}

type storedPage struct {
	page  int32
	value []byte
}

// exact is the target offset of the first record at or behind s.
func (m *mapModel) exact(s int64) int64 {
	i := sort.Search(len(m.pairs), func(i int) bool { return m.pairs[i].source >= s })
	if i == len(m.pairs) {
		return m.end.target
	}
	return m.pairs[i].target
}

// exactSource is the source offset of the first record at or behind target t.
func (m *mapModel) exactSource(t int64) int64 {
	i := sort.Search(len(m.pairs), func(i int) bool { return m.pairs[i].target >= t })
	if i == len(m.pairs) {
		return m.end.source
	}
	return m.pairs[i].source
}

// has reports whether a record was copied from the source offsets in [from, to).
func (m *mapModel) has(from, to int64) bool {
	i := sort.Search(len(m.pairs), func(i int) bool { return m.pairs[i].source >= from })
	return i < len(m.pairs) && m.pairs[i].source < to
}

// hasTarget is has for target offsets.
func (m *mapModel) hasTarget(from, to int64) bool {
	i := sort.Search(len(m.pairs), func(i int) bool { return m.pairs[i].target >= from })
	return i < len(m.pairs) && m.pairs[i].target < to
}

// copyRecords copies n records that follow each other.
func (m *mapModel) copyRecords(n int64) {
	for range n {
		m.pairs = append(m.pairs, pair{m.end.source, m.end.target})
		m.end.source++
		m.end.target++
	}
}

func (m *mapModel) cut(keep func(pair) bool) {
	n := sort.Search(len(m.pairs), func(i int) bool { return !keep(m.pairs[i]) })
	m.pairs = m.pairs[:n]
}

// save writes the first n of the entries to the model's compacted topic, or all.
func (m *mapModel) save(entries []Entry, n int) {
	for _, e := range entries[:min(n, len(entries))] {
		if e.Value == nil {
			delete(m.stored, e.Key.Page)
			continue
		}
		value := EncodeValue(e.Value)
		m.stored[e.Key.Page] = value
		m.olds = append(m.olds, storedPage{e.Key.Page, value})
	}
}

// load makes a map of what the topic has.
func (m *mapModel) load(t *rapid.T, limit int) *Map {
	var pages []NumberedPage
	for page := range int32(MaxPages) {
		if value, ok := m.stored[page]; ok {
			v, err := Decode(KindMap, value)
			if err != nil {
				t.Fatalf("stored page %d: %v", page, err)
			}
			pages = append(pages, NumberedPage{Page: page, MapPage: v.(MapPage)})
		}
	}
	loaded := NewMap(limit)
	loaded.load(pages)
	return loaded
}

// check asks for every offset and compares with the records.
func (m *mapModel) check(t *rapid.T, got *Map, shared bool) {
	endSource, endTarget, known := got.End()
	if !known {
		return
	}
	if endSource > m.end.source || endTarget > m.end.target {
		t.Fatalf("the map ends at %d, %d, behind what was copied, %v", endSource, endTarget, m.end)
	}
	var before int64
	for s := range m.end.source + 3 {
		low, exact, slack, ok := got.Translate(s)
		want := m.exact(s)
		if !ok || low > want || exact != (slack == 0) || low < before {
			t.Fatalf("Translate(%d) = %d, %v, slack %d, %v; want %d, not below %d; %s", s, low, exact, slack, ok, want, before, describe(got))
		}
		// Where the next record goes that is not copied yet, others decide too.
		if low+slack < want && (m.has(s, endSource) || !shared) {
			t.Fatalf("Translate(%d) = %d and slack %d, want %d; %s", s, low, slack, want, describe(got))
		}
		before = low
	}
	before = 0
	for target := range m.end.target + 3 {
		low, exact, ok := got.SourceOf(target)
		want := m.exactSource(target)
		if !ok || low > want || low < before || exact && low != want && m.hasTarget(target, endTarget) {
			t.Fatalf("SourceOf(%d) = %d, %v, %v; want %d; %s", target, low, exact, ok, want, describe(got))
		}
		before = low
	}
}

func describe(m *Map) string { return fmt.Sprintf("runs %+v, end %+v", m.runs, m.end) }

// TestMapAgainstModel runs a partition's life: records, gaps on either side,
// batches with holes, records that the map was not told of, lost ends on both
// sides, crashes between two pages, pages overwritten by an older state of
// themselves. After each step every answer must hold.
func TestMapAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{2, 3, 7, 70, 150, 1000}).Draw(t, "limit")
		shared := rapid.Bool().Draw(t, "shared")
		model := &mapModel{stored: map[int32][]byte{}}
		model.end.source = rapid.Int64Range(0, 5).Draw(t, "start")
		if shared {
			model.end.target = rapid.Int64Range(0, 5).Draw(t, "start target")
		}
		m := NewMap(limit)
		count := rapid.Int64Range(1, 6)
		saveAll := func() {
			entries := m.Entries(Key{})
			model.save(entries, len(entries))
		}
		add := func(t *rapid.T, n int64) {
			from := model.end
			model.copyRecords(n)
			if err := m.Add(from.source, from.target, n); err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"records": func(t *rapid.T) { add(t, count.Draw(t, "n")) },
			"gap":     func(t *rapid.T) { model.end.source += count.Draw(t, "gap") },
			"transactions": func(t *rapid.T) {
				for range rapid.IntRange(1, 90).Draw(t, "transactions") {
					add(t, 2)
					model.end.source++
				}
			},
			"foreign": func(t *rapid.T) {
				if shared {
					model.end.target += count.Draw(t, "foreign")
				}
			},
			"holes": func(t *rapid.T) {
				from := model.end
				model.copyRecords(1)
				n := int64(1)
				for range rapid.IntRange(1, 4).Draw(t, "records") {
					model.end.source += rapid.Int64Range(0, 2).Draw(t, "hole")
					model.copyRecords(1)
					n++
				}
				if err := m.AddSparse(from.source, model.end.source-1, from.target, n); err != nil {
					t.Fatal(err)
				}
			},
			"again": func(t *rapid.T) {
				if len(model.pairs) > 0 {
					p := model.pairs[rapid.IntRange(0, len(model.pairs)-1).Draw(t, "record")]
					if err := m.Add(p.source, p.target, 1); err != nil {
						if end, _, _ := m.End(); p.source < end {
							t.Fatalf("add a known record again: %v; %s", err, describe(m))
						}
					}
				}
			},
			"unknown": func(t *rapid.T) { model.copyRecords(count.Draw(t, "n")) },
			"advance": func(t *rapid.T) {
				if err := m.Add(model.end.source, model.end.target, 0); err != nil {
					t.Fatal(err)
				}
			},
			"cut target": func(t *rapid.T) {
				at := rapid.Int64Range(0, model.end.target).Draw(t, "at")
				model.end.source = model.exactSource(at) // read again from the first record that is missing
				model.end.target = at
				model.cut(func(p pair) bool { return p.target < at })
				m.CutTarget(at)
				saveAll()
				model.olds = nil
			},
			"cut source": func(t *rapid.T) {
				at := rapid.Int64Range(0, model.end.source).Draw(t, "at")
				model.end.source = at
				model.cut(func(p pair) bool { return p.source < at })
				m.CutSource(at)
				saveAll()
				model.olds = nil
				shared = true // the target has records that no source offset has
			},
			"save": func(t *rapid.T) { saveAll() },
			"restart": func(t *rapid.T) {
				if rapid.Bool().Draw(t, "clean") {
					saveAll()
				}
				m = model.load(t, limit)
			},
			"crash in save": func(t *rapid.T) {
				entries := m.Entries(Key{})
				model.save(entries, rapid.IntRange(0, len(entries)).Draw(t, "written"))
				m = model.load(t, limit)
			},
			"late page": func(t *rapid.T) {
				if len(model.olds) > 0 {
					old := rapid.SampledFrom(model.olds).Draw(t, "old")
					model.stored[old.page] = old.value
					m = model.load(t, limit)
				}
			},
			"": func(t *rapid.T) {
				if len(m.Runs()) > limit {
					t.Fatalf("%d runs, limit %d", len(m.Runs()), limit)
				}
				model.check(t, m, shared)
			},
		})
	})
}

// TestMapPagesRoundTrip stores and loads maps: what comes back is what was
// there, and needs no writing.
func TestMapPagesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{10, 200, 1000}).Draw(t, "limit")
		m, model := NewMap(limit), &mapModel{stored: map[int32][]byte{}}
		for range rapid.IntRange(0, 400).Draw(t, "runs") {
			source, target, _ := m.End()
			gap := rapid.Int64Range(0, 2).Draw(t, "gap")
			if err := m.Add(source+gap, target+rapid.Int64Range(0, 1).Draw(t, "foreign"), rapid.Int64Range(1, 3).Draw(t, "n")); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 30).Draw(t, "save") == 0 {
				entries := m.Entries(Key{})
				model.save(entries, len(entries))
			}
		}
		entries := m.Entries(Key{})
		model.save(entries, len(entries))
		loaded := model.load(t, limit)
		if got, want := fmt.Sprint(loaded.Runs()), fmt.Sprint(m.Runs()); got != want {
			t.Fatalf("runs after loading: got %s, want %s", got, want)
		}
		if changed, deleted := loaded.Pages(); len(changed)+len(deleted) > 0 {
			t.Fatalf("a loaded map wants to be stored: %v, %v", changed, deleted)
		}
	})
}
