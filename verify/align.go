package verify

import "sort"

// pair says that a[source] and b[target] are the same record.
type pair struct{ source, target int }

// identity reduces a fingerprint to what is to be compared. A zero identity says nothing and matches nothing.
type identity func(fingerprint) fingerprint

func whole(f fingerprint) fingerprint { return f }

// weaker lists what still identifies a record if one part was changed on the way, best first.
func weaker() []identity {
	return []identity{
		func(f fingerprint) fingerprint { f.time = 0; return f },
		func(f fingerprint) fingerprint { f.headers = 0; return f },
		func(f fingerprint) fingerprint { f.key = 0; return f },
		func(f fingerprint) fingerprint { f.value = [2]uint64{}; return f },
		func(f fingerprint) fingerprint { return fingerprint{value: f.value} },
		func(f fingerprint) fingerprint { return fingerprint{key: f.key} },
	}
}

// anchors returns the longest list of pairs in the order of both sides, among records whose identity occurs once on each side ("patience diff").
// It takes n log n steps whatever differs.
func anchors(a, b []entry, id identity) []pair {
	type seen struct{ source, target, na, nb int }
	all := make(map[fingerprint]*seen, len(a))
	slots := make([]seen, 0, len(a))
	for i := range a {
		f := id(a[i].print)
		if f == (fingerprint{}) {
			continue
		}
		if s := all[f]; s != nil {
			s.na++
			continue
		}
		slots = append(slots, seen{source: i, na: 1})
		all[f] = &slots[len(slots)-1]
	}
	for j := range b {
		if s := all[id(b[j].print)]; s != nil {
			s.target = j
			s.nb++
		}
	}
	once := make([]pair, 0, len(slots))
	for i := range slots {
		if s := &slots[i]; s.na == 1 && s.nb == 1 {
			once = append(once, pair{s.source, s.target})
		}
	}
	return increasing(once)
}

// increasing returns the longest subsequence whose targets increase; sources increase already.
func increasing(ps []pair) []pair {
	tails := make([]int, 0, len(ps)) // tails[k]: index of the smallest last target of a subsequence of length k+1
	before := make([]int, len(ps))
	for i, p := range ps {
		k := sort.Search(len(tails), func(k int) bool { return ps[tails[k]].target >= p.target })
		before[i] = -1
		if k > 0 {
			before[i] = tails[k-1]
		}
		if k == len(tails) {
			tails = append(tails, i)
		} else {
			tails[k] = i
		}
	}
	if len(tails) == 0 {
		return nil
	}
	out := make([]pair, len(tails))
	for k, i := len(tails)-1, tails[len(tails)-1]; k >= 0; k, i = k-1, before[i] {
		out[k] = ps[i]
	}
	return out
}

// tableLimit bounds the table of common: entries of one side times entries of the other.
const tableLimit = 1 << 18

// common returns a longest common subsequence of two short lists, also of records that occur several times; nil if the lists are too long.
// It prefers early pairs, so that what is missing is missed as late as possible.
func common(a, b []entry, score func(x, y fingerprint) int) []pair {
	n, m := len(a), len(b)
	if n == 0 || m == 0 || n*m > tableLimit {
		return nil
	}
	best := make([]int32, (n+1)*(m+1)) // best[i*(m+1)+j]: highest score of a[i:], b[j:]
	at := func(i, j int) *int32 { return &best[i*(m+1)+j] }
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			if s := score(a[i].print, b[j].print); s > 0 {
				*at(i, j) = max(*at(i, j), *at(i+1, j+1)+int32(s))
			}
		}
	}
	var out []pair
	for i, j := 0, 0; i < n && j < m && *at(i, j) > 0; {
		s := score(a[i].print, b[j].print)
		switch {
		case s > 0 && *at(i, j) == *at(i+1, j+1)+int32(s):
			out = append(out, pair{i, j})
			i, j = i+1, j+1
		case *at(i, j) == *at(i+1, j):
			i++
		default:
			j++
		}
	}
	return out
}

// same scores equal records for common.
func same(a, b fingerprint) int {
	if a == b {
		return 1
	}
	return 0
}
