package verify

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// listed is a feed of entries in memory.
type listed struct {
	entries []entry
	at      int
}

func (l *listed) next(context.Context) (entry, bool, error) {
	if l.at == len(l.entries) {
		return entry{}, false, nil
	}
	l.at++
	return l.entries[l.at-1], true, nil
}

func (l *listed) more(context.Context) (bool, error) { return false, nil }
func (l *listed) close()                             {}

// log makes n different records with contiguous offsets, of a few keys.
func log(n int, random *rand.Rand) []entry {
	es := make([]entry, n)
	for i := range es {
		es[i] = entry{offset: int64(i), size: 10, print: fingerprint{
			key: uint64(random.IntN(5)), value: [2]uint64{random.Uint64() | 1, random.Uint64()}, headers: uint64(random.IntN(2)), time: 1e12 + int64(i/3),
		}}
	}
	return es
}

// numbered returns a copy with offsets counted from first on.
func numbered(es []entry, first int64) []entry {
	out := slices.Clone(es)
	for i := range out {
		out[i].offset = first + int64(i)
	}
	return out
}

type outcome struct {
	report   PartitionReport
	findings []finding
}

func (o outcome) counts() map[Kind]int64 {
	counts := make(map[Kind]int64)
	for _, f := range o.findings {
		if f.kind != "" {
			counts[f.kind] += f.count
		}
	}
	return counts
}

// compareLists runs a comparison of two lists; the source must have been copied up to must.
func compareLists(t testing.TB, a, b []entry, must int64, h head, losses ...Loss) outcome {
	t.Helper()
	var o outcome
	c := &comparison{must: must, covers: math.MaxInt64, findings: newFindings(new(atomic.Int64)), counts: &o.report, report: func(int64, int64) {}, losses: losses}
	open := func(es []entry) func(int64) feed {
		return func(from int64) feed {
			i := slices.IndexFunc(es, func(e entry) bool { return e.offset >= from })
			if i < 0 {
				i = len(es)
			}
			return &listed{entries: es, at: i}
		}
	}
	c.openSource, c.openTarget = open(a), open(b)
	if len(b) > 0 {
		c.to.Offset, c.targetEnd = b[0].offset, b[len(b)-1].offset+1
	}
	if len(a) > 0 {
		c.from.Offset = a[0].offset
	}
	c.from.Topic, c.to.Topic = "s", "t"
	c.source, c.target = window{feed: c.openSource(c.from.Offset)}, window{feed: c.openTarget(c.to.Offset)}
	if err := c.alignHead(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.findings = slices.DeleteFunc(c.findings.list, func(f finding) bool { return f.kind == "" })
	return o
}

func TestEqualLogs(t *testing.T) {
	for _, n := range []int{0, 1, 2, block, block + 1, 3 * firstSize, 10_000} {
		a := log(n, rand.New(rand.NewPCG(1, uint64(n))))
		o := compareLists(t, a, numbered(a, 100), int64(n), head{})
		if len(o.findings) > 0 || o.report.Equal != int64(n) || o.report.NotCopied != 0 {
			t.Errorf("%d records: %+v, want all equal", n, o)
		}
	}
}

// Each mutation of one record is named as exactly one difference with both offsets, wherever it is, if a later record shows that it was not
// merely not copied yet.
func TestOneMutation(t *testing.T) {
	const n = 2000
	other := entry{print: fingerprint{key: 99, value: [2]uint64{77, 78}, time: 5}}
	mutations := []struct {
		name   string
		mutate func(b []entry, i int) []entry
		kind   Kind
		parts  []string
		source func(i int) int64
		target func(i int) int64
		last   bool // can be told of the last record too
	}{
		{"drop", func(b []entry, i int) []entry { return slices.Delete(b, i, i+1) }, Lost, nil, at(0), at(0), false},
		{"repeat at once", func(b []entry, i int) []entry { return slices.Insert(b, i+1, b[i]) }, Repeated, nil, at(0), at(1), true},
		{"repeat later", func(b []entry, i int) []entry { return slices.Insert(b, min(i+40, len(b)), b[i]) }, Repeated, nil, at(0), nil, true},
		{"swap", func(b []entry, i int) []entry { b[i], b[i+1] = b[i+1], b[i]; return b }, Reordered, nil, nil, nil, false},
		{"move far", func(b []entry, i int) []entry {
			e := b[i]
			return slices.Insert(slices.Delete(b, i, i+1), (i+900)%(n-1), e)
		}, Reordered, nil, at(0), nil, false},
		{"header byte", func(b []entry, i int) []entry { b[i].print.headers ^= 8; return b }, Changed, []string{partHeaders}, at(0), at(0), true},
		{"timestamp", func(b []entry, i int) []entry { b[i].print.time++; return b }, Changed, []string{partTime}, at(0), at(0), true},
		{"value", func(b []entry, i int) []entry { b[i].print.value[1]++; return b }, Changed, []string{partValue}, at(0), at(0), true},
		{"value to null", func(b []entry, i int) []entry { b[i].print.value = [2]uint64{}; return b }, Changed, []string{partValue}, at(0), at(0), true},
		{"key", func(b []entry, i int) []entry { b[i].print.key += 100; return b }, Changed, []string{partKey}, at(0), at(0), true},
		{"foreign", func(b []entry, i int) []entry { return slices.Insert(b, i, other) }, Foreign, nil, at(0), at(0), true},
	}
	for _, m := range mutations {
		for _, i := range []int{0, 1, 2, 255, 256, 257, 511, 512, 513, 1000, n - 3, n - 2, n - 1} {
			if i == n-1 && !m.last || i == n-2 && m.kind == Reordered && m.name != "swap" {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d", m.name, i), func(t *testing.T) {
				a := log(n, rand.New(rand.NewPCG(2, uint64(i))))
				b := numbered(m.mutate(slices.Clone(a), i), 0)
				o := compareLists(t, a, b, n, head{})
				if len(o.findings) != 1 || o.findings[0].kind != m.kind || o.findings[0].count != 1 {
					t.Fatalf("got %+v, want one %s", o.findings, m.kind)
				}
				f := o.findings[0]
				if got := f.difference().Parts; !slices.Equal(got, m.parts) {
					t.Errorf("parts: got %v, want %v", got, m.parts)
				}
				if m.source != nil && f.source.Offset != m.source(i) {
					t.Errorf("source offset: got %d, want %d", f.source.Offset, m.source(i))
				}
				if m.target != nil && f.target.Offset != m.target(i) {
					t.Errorf("target offset: got %d, want %d", f.target.Offset, m.target(i))
				}
				if o.report.NotCopied != 0 {
					t.Errorf("not copied: got %d, want 0", o.report.NotCopied)
				}
			})
		}
	}
}

func at(d int64) func(int) int64 { return func(i int) int64 { return int64(i) + d } }

// A missing tail is not copied yet; that is no difference.
func TestTailIsNotCopiedYet(t *testing.T) {
	a := log(5000, rand.New(rand.NewPCG(3, 3)))
	for _, n := range []int{0, 1, 100, 4999} {
		o := compareLists(t, a, a[:n], 5000, head{})
		if len(o.findings) > 0 || o.report.NotCopied != int64(5000-n) {
			t.Errorf("%d of 5000 copied: got %d findings and %d not copied", n, len(o.findings), o.report.NotCopied)
		}
	}
	// A long backlog is not read to its end, but counted by its offsets.
	long := log(exactTail*3, rand.New(rand.NewPCG(3, 4)))
	o := compareLists(t, long, long[:10], int64(len(long)), head{})
	if want := int64(len(long) - 10); o.report.NotCopied != want || len(o.findings) > 0 {
		t.Errorf("got %d not copied, want %d", o.report.NotCopied, want)
	}
}

// Records that the source got after it was frozen may be on the target or not.
func TestRecordsAfterTheFreeze(t *testing.T) {
	a := log(1000, rand.New(rand.NewPCG(4, 4)))
	for _, n := range []int{900, 950, 1000} {
		o := compareLists(t, a, a[:n], 900, head{})
		if len(o.findings) > 0 || o.report.NotCopied != 0 || o.report.Equal != int64(n) {
			t.Errorf("%d copied: got %+v", n, o)
		}
	}
}

// Long runs are found again: the window grows.
func TestLongRuns(t *testing.T) {
	a := log(60_000, rand.New(rand.NewPCG(5, 5)))
	strangers := log(20_000, rand.New(rand.NewPCG(6, 6)))
	for i := range strangers {
		strangers[i].print.time = 7
		strangers[i].print.key = 1000
	}
	for _, c := range []struct {
		name string
		b    []entry
		kind Kind
		n    int64
	}{
		{"lost", slices.Delete(slices.Clone(a), 10_000, 30_000), Lost, 20_000},
		{"foreign", slices.Insert(slices.Clone(a), 10_000, strangers...), Foreign, 20_000},
		{"repeated", slices.Insert(slices.Clone(a), 10_000, a[4000:10_000]...), Repeated, 6000},
		{"every other lost", everyOther(a), Lost, 29_999},
	} {
		o := compareLists(t, a, numbered(c.b, 0), 60_000, head{})
		if got := o.counts(); len(got) != 1 || got[c.kind] != c.n {
			t.Errorf("%s: got %v, want %d", c.name, got, c.n)
		}
		if d := joined(o.findings); c.name != "every other lost" && len(d) != 1 {
			t.Errorf("%s: got %d differences, want one: %v", c.name, len(d), d[:min(3, len(d))])
		}
	}
}

func everyOther(a []entry) []entry {
	var b []entry
	for i := range a {
		if i%2 == 0 || i == len(a)-1 {
			b = append(b, a[i])
		}
	}
	return b
}

// A fault of every record (say, all timestamps) is named for what it is, not as everything lost and foreign.
func TestEveryRecordChanged(t *testing.T) {
	a := log(5000, rand.New(rand.NewPCG(7, 7)))
	b := slices.Clone(a)
	for i := range b {
		b[i].print.time += 1000
	}
	o := compareLists(t, a, b, 5000, head{})
	if got := o.counts(); len(got) != 1 || got[Changed] != 5000 {
		t.Errorf("got %v, want 5000 changed", got)
	}
	d := joined(o.findings)
	if len(d) != 1 || !slices.Equal(d[0].Parts, []string{partTime}) {
		t.Errorf("got %v, want one run of changed timestamps", d)
	}
}

// Records that look the same are no reason to be confused.
func TestEqualRecords(t *testing.T) {
	a := make([]entry, 3000)
	for i := range a {
		a[i] = entry{offset: int64(i), print: fingerprint{key: 1, value: [2]uint64{uint64(i%3) + 1, 0}, time: 1}}
	}
	drop := slices.Delete(slices.Clone(a), 1500, 1501)
	if got := compareLists(t, a, numbered(drop, 0), 3000, head{}).counts(); len(got) != 1 || got[Lost] != 1 {
		t.Errorf("one of many equal ones dropped: got %v, want one lost", got)
	}
	all := make([]entry, 1000)
	for i := range all {
		all[i] = entry{offset: int64(i)}
	}
	o := compareLists(t, all, all[:999], 1000, head{})
	if len(o.findings) > 0 || o.report.NotCopied != 1 {
		t.Errorf("equal records, one missing at the end: got %+v", o)
	}
}

func TestRecordedLoss(t *testing.T) {
	a := log(1000, rand.New(rand.NewPCG(8, 8)))
	b := slices.Delete(slices.Clone(a), 400, 410)
	o := compareLists(t, a, numbered(b, 0), 1000, head{}, Loss{From: 400, To: 409})
	if got := o.counts(); len(got) != 1 || got[Lost] != 1 || o.report.KnownLost != 9 {
		t.Errorf("got %v and %d known, want one lost and nine known", got, o.report.KnownLost)
	}
	o = compareLists(t, a, numbered(slices.Insert(slices.Clone(a), 400, a[7], a[399]), 0), 1000, head{}, Loss{TargetFrom: 400, TargetTo: 402})
	if got := o.counts(); len(got) > 0 {
		t.Errorf("repeated records of a recorded target range: got %v", got)
	}
}

// Heads that retention removed are aligned, whichever side lost more.
func TestHeads(t *testing.T) {
	a := log(30_000, rand.New(rand.NewPCG(9, 9)))
	older := head{sourceMayBeOlder: true, targetMayBeOlder: true}
	for _, c := range []struct{ source, target int }{{0, 10}, {10, 0}, {5000, 0}, {0, 5000}, {9000, 20_000}, {20_000, 9000}, {29_999, 0}, {0, 29_999}, {30_000, 0}} {
		for _, h := range []head{older, withSeek(older, a, c.source, c.target)} {
			o := compareLists(t, a[c.source:], numbered(a, 70)[c.target:], 30_000, h)
			want := int64(30_000 - max(c.source, c.target))
			if len(o.findings) > 0 || o.report.Equal != want || o.report.NotCopied != 0 {
				t.Errorf("heads %v: got %v, %+v, want %d equal", c, o.counts(), o.report, want)
			}
			if got, want := o.report.TargetOnly, int64(max(0, c.source-c.target)); got != want {
				t.Errorf("heads %v: only on the target: got %d, want %d", c, got, want)
			}
			if got, want := o.report.SourceOnly, int64(max(0, c.target-c.source)); got != want {
				t.Errorf("heads %v: only on the source: got %d, want %d", c, got, want)
			}
		}
	}
}

// withSeek adds lookups by timestamp as brokers answer them.
func withSeek(h head, a []entry, source, target int) head {
	seek := func(es []entry) func(context.Context, int64) (int64, error) {
		return func(_ context.Context, t int64) (int64, error) {
			for _, e := range es {
				if e.print.time >= t {
					return e.offset, nil
				}
			}
			return -1, nil
		}
	}
	h.seekSource, h.seekTarget = seek(a[source:]), seek(numbered(a, 70)[target:])
	return h
}

// What is missing at a head that must not be missing is lost, even if it is much.
func TestLostAtTheHead(t *testing.T) {
	a := log(30_000, rand.New(rand.NewPCG(10, 10)))
	for _, n := range []int{1, 100, 5000, 20_000} {
		// The source's log begins later than the target's, and n of its first records are missing.
		b := slices.Delete(numbered(a, 0), 1000, 1000+n)
		o := compareLists(t, a[1000:], numbered(b, 0), 30_000, head{targetMayBeOlder: true})
		if got := o.counts(); len(got) != 1 || got[Lost] != int64(n) {
			t.Errorf("%d missing: got %v", n, got)
		}
		if o.report.TargetOnly != 1000 {
			t.Errorf("%d missing: only on the target: got %d, want 1000", n, o.report.TargetOnly)
		}
	}
	// Both logs begin at 0.
	o := compareLists(t, a, numbered(a[500:], 0), 30_000, head{})
	if got := o.counts(); len(got) != 1 || got[Lost] != 500 {
		t.Errorf("got %v, want 500 lost", got)
	}
}

// Whatever is dropped, repeated, inserted and changed at random: the counts say how many.
func TestManyMutations(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1))
		a := log(rapid.IntRange(50, 3000).Draw(r, "records"), random)
		want := map[Kind]int64{}
		var b []entry
		for i, e := range a {
			kind := ""
			if i%7 == 3 && i < len(a)-1 { // apart, so that each can be told from its neighbours
				kind = rapid.SampledFrom([]string{"", "", "drop", "repeat", "foreign", "value", "time"}).Draw(r, "mutation")
			}
			switch kind {
			case "drop":
				want[Lost]++
				continue
			case "repeat":
				b = append(b, e)
				want[Repeated]++
			case "foreign":
				b = append(b, entry{print: fingerprint{key: 1 << 20, value: [2]uint64{random.Uint64(), 5}, time: 3}})
				want[Foreign]++
			case "value":
				e.print.value[0]++
				want[Changed]++
			case "time":
				e.print.time += 5
				want[Changed]++
			}
			b = append(b, e)
		}
		o := compareLists(t, a, numbered(b, 0), int64(len(a)), head{})
		got := o.counts()
		for _, k := range Kinds() {
			if got[k] != want[k] {
				r.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}
