package verify

import "sync/atomic"

// finding is one record with a fault.
type finding struct {
	kind   Kind // "" was explained by a later one
	source Place
	target Place
	count  int64
	print  fingerprint
	other  fingerprint // of the target's record, for Changed
	detail string
}

// Findings are kept one by one up to a number for each partition and for all together, of about 200 bytes each; more are only counted.
const (
	maxFindings    = 50_000
	maxFindingsAll = 500_000
)

// findings collects the faults of one partition, and recognises those that explain each other: a record that is missing here and comes later was
// reordered, one that came before its time was reordered or repeated.
type findings struct {
	list    []finding
	uncited map[Kind]int64      // counted only
	lost    map[fingerprint]int // findings of the kinds Lost and Foreign that are not explained yet
	foreign map[fingerprint]int
	total   *atomic.Int64 // of the whole verification
}

func newFindings(total *atomic.Int64) *findings {
	return &findings{uncited: make(map[Kind]int64), lost: make(map[fingerprint]int), foreign: make(map[fingerprint]int), total: total}
}

func (f *findings) add(n finding) {
	if n.count == 0 {
		n.count = 1
	}
	if all := f.total.Add(n.count); len(f.list) >= maxFindings || all > maxFindingsAll && len(f.list) > 0 {
		f.uncited[n.kind] += n.count
		return
	}
	f.list = append(f.list, n)
	switch n.kind {
	case Lost:
		f.lost[n.print] = len(f.list) - 1
	case Foreign:
		f.foreign[n.print] = len(f.list) - 1
	}
}

// arrived turns a lost record into a reordered one if it is the one found at the target place.
func (f *findings) arrived(print fingerprint, target Place) bool {
	i, ok := f.lost[print]
	if !ok {
		return false
	}
	delete(f.lost, print)
	f.list[i].kind, f.list[i].target = Reordered, target
	return true
}

// early turns a foreign record into a reordered one if its source record is only met now.
func (f *findings) early(print fingerprint, source Place) bool {
	i, ok := f.foreign[print]
	if !ok {
		return false
	}
	delete(f.foreign, print)
	f.list[i].kind, f.list[i].source = Reordered, source
	return true
}

// matched turns a foreign record into a repeated one if its source record has now been found at its right place.
func (f *findings) matched(print fingerprint, source Place) {
	if len(f.foreign) == 0 {
		return
	}
	if i, ok := f.foreign[print]; ok {
		delete(f.foreign, print)
		f.list[i].kind, f.list[i].source, f.list[i].detail = Repeated, source, "it came before its place"
	}
}
