package replicate

import (
	"slices"
	"testing"

	"mirror/batch"
	"mirror/offsets"
)

// Producer ids as mirrors derive them: of the cluster that the route writes to,
// and of a third one.
var (
	homeOrigin  = offsets.Origin("east-cluster")
	fromHome    = offsets.Lineage{SourceCluster: "east-cluster", SourceTopic: "orders"}.ProducerID()
	fromThird   = offsets.Lineage{SourceCluster: "third-cluster", SourceTopic: "orders"}.ProducerID()
	committed   = sieve{readCommitted: true, home: homeOrigin}
	uncommitted = sieve{home: homeOrigin}
)

// tx is a transactional batch.
func tx(base, last, producer int64) made {
	return made{base: base, last: last, producer: producer, attributes: bitTransactional}
}

// TestSieve checks which batches of an answer are copied. The list of aborted
// transactions tells, and the abort marker ends what it tells.
func TestSieve(t *testing.T) {
	for _, c := range []struct {
		name    string
		sieve   sieve
		batches []made
		aborted [][2]int64 // producer id, first offset
		want    []fate
	}{
		{"plain", committed, []made{{base: 0, last: 4}, {base: 5, last: 5, producer: 3}}, nil, []fate{fateForward, fateForward}},
		{"committed transaction", committed, []made{tx(0, 4, 1), marker(5, 1, true)}, nil, []fate{fateForward, fateControl}},
		{"aborted transaction", committed, []made{tx(0, 4, 1), marker(5, 1, false)}, [][2]int64{{1, 0}}, []fate{fateAborted, fateControl}},
		{"aborted, read uncommitted", uncommitted, []made{tx(0, 4, 1), marker(5, 1, false)}, [][2]int64{{1, 0}}, []fate{fateForward, fateControl}},
		{"aborted one inside a committed one", committed,
			[]made{tx(0, 1, 1), tx(2, 3, 2), tx(4, 5, 1), marker(6, 2, false), tx(7, 7, 1), marker(8, 1, true)},
			[][2]int64{{2, 2}},
			[]fate{fateForward, fateAborted, fateForward, fateControl, fateForward, fateControl}},
		{"list out of order", committed,
			[]made{tx(0, 0, 1), tx(1, 1, 2), marker(2, 1, false), tx(3, 3, 1), marker(4, 2, false), marker(5, 1, false), tx(6, 6, 1), marker(7, 1, true)},
			[][2]int64{{1, 3}, {2, 1}, {1, 0}},
			[]fate{fateAborted, fateAborted, fateControl, fateAborted, fateControl, fateControl, fateForward, fateControl}},
		{"began before the answer", committed, []made{tx(50, 51, 1), marker(52, 1, false), tx(53, 54, 1)}, [][2]int64{{1, 7}}, []fate{fateAborted, fateControl, fateForward}},
		{"records before and behind the aborted transaction", committed, []made{tx(0, 1, 1), marker(2, 1, true), tx(3, 4, 1), marker(5, 1, false), tx(6, 7, 1)},
			[][2]int64{{1, 3}}, []fate{fateForward, fateControl, fateAborted, fateControl, fateForward}},
		{"a commit marker of another producer ends nothing", committed, []made{tx(0, 0, 1), marker(1, 2, true), tx(2, 2, 1)}, [][2]int64{{1, 0}}, []fate{fateAborted, fateControl, fateAborted}},
		{"the producer's batches outside of transactions stay", committed, []made{tx(0, 0, 1), {base: 1, last: 1, producer: 1}}, [][2]int64{{1, 0}}, []fate{fateAborted, fateForward}},
		{"the first offset lies inside of a batch", committed, []made{tx(10, 19, 1)}, [][2]int64{{1, 12}}, []fate{fateAborted}},
		{"empty", committed, []made{{base: 3, last: 6, gone: []int64{3, 4, 5, 6}}}, nil, []fate{fateEmpty}},
		{"empty one of an aborted transaction", committed, []made{{base: 3, last: 3, gone: []int64{3}, producer: 1, attributes: bitTransactional}}, [][2]int64{{1, 3}}, []fate{fateEmpty}},
		{"a mirror's batch from home", uncommitted, []made{{base: 0, last: 0, producer: fromHome}}, nil, []fate{fateMirrored}},
		{"a mirror's batch from a third cluster", uncommitted, []made{{base: 0, last: 0, producer: fromThird}}, nil, []fate{fateForward}},
		{"only local records", sieve{local: true, home: homeOrigin}, []made{{base: 0, last: 0, producer: fromThird}, {base: 1, last: 1, producer: fromHome}, {base: 2, last: 2, producer: 5}, {base: 3, last: 3}},
			nil, []fate{fateMirrored, fateMirrored, fateForward, fateForward}},
		{"no home", sieve{home: noOrigin}, []made{{base: 0, last: 0, producer: fromHome}}, nil, []fate{fateForward}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.sieve
			if got := fates(t, &s, c.batches, c.aborted); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// fates judges the batches of one answer.
func fates(t *testing.T, s *sieve, batches []made, pairs [][2]int64) []fate {
	t.Helper()
	a := aborted(answerWith(batches...), pairs...)
	s.begin(a)
	var got []fate
	scan := batch.Scan(a.RecordBatches)
	for scan.Next() {
		got = append(got, s.judge(scan.Batch()))
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestSieveForgets checks that each answer stands for itself: a transaction that
// is still open at an answer's end is in the next one's list, or it committed.
func TestSieveForgets(t *testing.T) {
	s := committed
	if got, want := fates(t, &s, []made{tx(0, 0, 1)}, [][2]int64{{1, 0}, {2, 9}}), []fate{fateAborted}; !slices.Equal(got, want) {
		t.Fatalf("first answer: got %v, want %v", got, want)
	}
	if got, want := fates(t, &s, []made{tx(20, 20, 1), tx(21, 21, 2)}, nil), []fate{fateForward, fateForward}; !slices.Equal(got, want) {
		t.Errorf("second answer: got %v, want %v", got, want)
	}
	if got, want := fates(t, &s, []made{tx(20, 20, 1), tx(21, 21, 2)}, [][2]int64{{2, 9}}), []fate{fateForward, fateAborted}; !slices.Equal(got, want) {
		t.Errorf("third answer: got %v, want %v", got, want)
	}
}
