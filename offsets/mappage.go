package offsets

import (
	"encoding/json"
	"errors"
	"fmt"
)

// MapPage is a part of a stored map. As JSON its runs are arrays of numbers:
// source and target offset as distance from the end of the run before (of the
// first run, the offsets themselves), Count, and for thinned runs Holes and
// Foreign. Example: {"v":1,"runs":[[0,0,100],[1,0,250],[3,0,9000,90,0]]}.
type MapPage struct{ Runs []Run }

// pageRunsAccepted bounds the runs of a page that is read. It is above PageRuns
// so that another version may make longer pages.
const pageRunsAccepted = 4096

type wirePage struct {
	Runs [][]int64 `json:"runs"`
}

// MarshalJSON writes the form described at MapPage.
func (p MapPage) MarshalJSON() ([]byte, error) {
	w := wirePage{Runs: make([][]int64, len(p.Runs))}
	var end position
	for i, r := range p.Runs {
		w.Runs[i] = []int64{r.Source - end.source, r.Target - end.target, r.Count}
		if !r.dense() {
			w.Runs[i] = append(w.Runs[i], r.Holes, r.Foreign)
		}
		end = position{r.sourceEnd(), r.targetEnd()}
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote and refuses runs that overlap or
// whose numbers are out of range.
func (p *MapPage) UnmarshalJSON(b []byte) error {
	var w wirePage
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	if len(w.Runs) > pageRunsAccepted {
		return fmt.Errorf("%d runs in a page, more than %d", len(w.Runs), pageRunsAccepted)
	}
	p.Runs = make([]Run, 0, len(w.Runs))
	var end position
	for i, numbers := range w.Runs {
		r, err := runAfter(end, numbers)
		if err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
		p.Runs = append(p.Runs, r)
		end = position{r.sourceEnd(), r.targetEnd()}
	}
	return nil
}

func runAfter(end position, numbers []int64) (Run, error) {
	if len(numbers) != 3 && len(numbers) != 5 {
		return Run{}, fmt.Errorf("%d numbers instead of 3 or 5", len(numbers))
	}
	for _, n := range numbers {
		if n < 0 || n > maxOffset {
			return Run{}, fmt.Errorf("%d is out of range", n)
		}
	}
	r := Run{Source: end.source + numbers[0], Target: end.target + numbers[1], Count: numbers[2]}
	if len(numbers) == 5 {
		r.Holes, r.Foreign = numbers[3], numbers[4]
	}
	if r.Count == 0 || r.Count == 1 && !r.dense() {
		return Run{}, errors.New("it has too few records")
	}
	if max(r.Source, r.Target) > maxOffset || max(r.sourceEnd(), r.targetEnd()) > maxOffset {
		return Run{}, errors.New("its end is out of range")
	}
	return r, nil
}

// NumberedPage is a page with its number, the Page of its key.
type NumberedPage struct {
	Page int32
	MapPage
}

// Pages returns the pages that changed since it was last called, and the
// numbers of pages that are no longer there and need a tombstone. Write them in
// this order. Until they are acked the stored map is older, which is harmless
// but after a cut; if writing fails, call Unsaved.
func (m *Map) Pages() (changed []NumberedPage, deleted []int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	count := m.pages()
	for page := m.dirty; page < count; page++ {
		runs := m.runs[page*PageRuns : min(len(m.runs), (page+1)*PageRuns)]
		changed = append(changed, NumberedPage{Page: int32(page), MapPage: MapPage{Runs: append([]Run(nil), runs...)}})
	}
	for page := count; page < m.stored; page++ {
		deleted = append(deleted, int32(page))
	}
	m.dirty, m.stored = count, count
	m.peak = max(m.peak, count)
	return changed, deleted
}

// pages is how many pages the runs fill.
func (m *Map) pages() int { return (len(m.runs) + PageRuns - 1) / PageRuns }

// Unsaved says that what Pages returned may not have been stored: the next call
// returns every page again.
func (m *Map) Unsaved() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dirty, m.stored = 0, m.peak
}

// Entries is Pages as records for the checkpoint topic, where key says which
// partition's map this is. Their lane is 0 and must be set.
func (m *Map) Entries(key Key) []Entry {
	changed, deleted := m.Pages()
	entries := make([]Entry, 0, len(changed)+len(deleted))
	key = key.copyOf(KindMap)
	for _, page := range changed {
		key.Page = page.Page
		entries = append(entries, Entry{Key: key, Value: page.MapPage})
	}
	for _, page := range deleted {
		key.Page = page
		entries = append(entries, Entry{Key: key})
	}
	return entries
}

// load fills an empty map from stored pages in ascending order. They need not
// be of one moment: a process may have died between two of them. Each says only
// what is true, so where they overlap the earlier page is taken, and where
// something is missing there is a gap. Pages that are not as they would be
// written now are written again.
func (m *Map) load(pages []NumberedPage) {
	canonical := true
	for i, p := range pages {
		full := len(p.Runs) == PageRuns || i == len(pages)-1
		canonical = canonical && full && int(p.Page) == i
		for _, r := range p.Runs {
			canonical = m.loadRun(r) && canonical
		}
		m.stored = max(m.stored, int(p.Page)+1)
	}
	m.peak = m.stored
	m.dirty = 0
	if canonical {
		m.dirty = m.pages()
	}
}

// loadRun adds a run unless the map already knows what it says, or contradicts
// it. It reports whether the map now has one run more: pages that were written
// together neither overlap nor join.
func (m *Map) loadRun(r Run) bool {
	if m.known && (r.Source < m.end.source || r.Target < m.end.target) {
		return false
	}
	before := len(m.runs)
	m.push(r)
	return len(m.runs) == before+1
}
