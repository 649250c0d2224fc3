package truth

import (
	"errors"
	"fmt"
	"strings"
)

// Verdict is what comparing two lists of records found. The zero value means: equal.
type Verdict struct {
	Lost      int // in the source before the last record that arrived, not in the target
	Tail      int // in the source behind the last record that arrived: late, not lost
	Repeated  int // more often in the target than in the source
	Reordered int // the same records, in another order
	Foreign   int // in the target, not in the source
	Changed   int // the same identity with other content
	First     string
}

// Err is nil if the lists were equal, else it says how many of what and where the first difference is.
func (v Verdict) Err() error {
	if v == (Verdict{}) {
		return nil
	}
	var parts []string
	for _, p := range []struct {
		n    int
		name string
	}{{v.Lost, "lost"}, {v.Tail, "not yet there"}, {v.Repeated, "repeated"}, {v.Reordered, "reordered"}, {v.Foreign, "foreign"}, {v.Changed, "changed"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.name))
		}
	}
	return errors.New(strings.Join(parts, ", ") + "; first: " + v.First)
}

// Identity names a record wherever it is, so that a changed record is told from a lost and a foreign one. It returns "" for a
// record that carries no identity; its content is its identity then.
type Identity func(Record) string

// Compare judges whether target is the same list as source.
func Compare(source, target []Record, identity Identity) Verdict {
	s, t := digests(source), digests(target)
	first := 0
	for first < len(s) && first < len(t) && s[first] == t[first] {
		first++
	}
	if first == len(s) && first == len(t) {
		return Verdict{}
	}
	v := Verdict{First: describe(source, target, first)}
	ids, tids := names(source, s, identity), names(target, t, identity)
	v.count(ids, tids)
	v.changed(ids, tids, s, t)
	if v.Lost+v.Tail+v.Repeated+v.Foreign+v.Changed == 0 {
		v.Reordered = inversions(ids, tids)
	}
	return v
}

func digests(records []Record) []Digest {
	d := make([]Digest, len(records))
	for i := range records {
		d[i] = records[i].Digest()
	}
	return d
}

func names(records []Record, d []Digest, identity Identity) []string {
	ids := make([]string, len(records))
	for i, r := range records {
		if identity != nil {
			ids[i] = identity(r)
		}
		if ids[i] == "" {
			ids[i] = string(d[i][:])
		}
	}
	return ids
}

// count compares how often each identity occurs.
func (v *Verdict) count(source, target []string) {
	inTarget := make(map[string]int)
	for _, id := range target {
		inTarget[id]++
	}
	left := make(map[string]int, len(inTarget))
	for id, n := range inTarget {
		left[id] = n
	}
	var missing []int
	arrived := -1
	for i, id := range source {
		if left[id] == 0 {
			missing = append(missing, i)
			continue
		}
		left[id]--
		arrived = i
	}
	for _, i := range missing {
		if i < arrived {
			v.Lost++
		} else {
			v.Tail++
		}
	}
	inSource := make(map[string]bool)
	for _, id := range source {
		inSource[id] = true
	}
	for id, n := range left {
		if inSource[id] {
			v.Repeated += n
		} else {
			v.Foreign += n
		}
	}
}

// changed counts records that both sides have by identity, but with other content.
func (v *Verdict) changed(ids, tids []string, s, t []Digest) {
	content := make(map[string]map[Digest]bool)
	for i, id := range ids {
		if content[id] == nil {
			content[id] = make(map[Digest]bool)
		}
		content[id][s[i]] = true
	}
	for i, id := range tids {
		if known := content[id]; known != nil && !known[t[i]] {
			v.Changed++
		}
	}
}

// inversions counts the places where the order differs.
func inversions(source, target []string) int {
	count := 0
	for i := range source {
		if source[i] != target[i] {
			count++
		}
	}
	return count
}

// describe shows the first place where the lists differ, with both offsets and a little of both records.
func describe(source, target []Record, at int) string {
	return fmt.Sprintf("record %d: source %s, target %s", at, show(source, at), show(target, at))
}

func show(records []Record, at int) string {
	if at >= len(records) {
		return "has none"
	}
	r := records[at]
	return fmt.Sprintf("offset %d time %d key %s value %s headers %d", r.Offset, r.Timestamp, sketch(r.Key), sketch(r.Value), len(r.Headers))
}

func sketch(b []byte) string {
	if b == nil {
		return "null"
	}
	if len(b) > 48 {
		return fmt.Sprintf("%x…(%d bytes)", b[:48], len(b))
	}
	return fmt.Sprintf("%x", b)
}
