package monitor

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every duration lies within the bounds of its bucket.
func TestBucketBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(2*365*24*time.Hour)).Draw(t, "d"))
		i := bucketOf(d)
		if s := d.Seconds(); s < lowerBound(i)*(1-1e-9) || i < buckets-1 && s >= upperBound(i)*(1+1e-9) {
			t.Fatalf("%v is in bucket %d, which is from %v to %v s", d, i, lowerBound(i), upperBound(i))
		}
	})
}

func TestQuantiles(t *testing.T) {
	var h Histogram
	var none, all Durations
	none.read(&h)
	if _, ok := none.quantile(0.5); ok {
		t.Error("there is a quantile of nothing")
	}
	for i := range 1000 {
		h.Observe(time.Duration(i)*time.Millisecond, 1)
	}
	h.Observe(-time.Second, 1) // clocks differ
	all.read(&h)
	for _, test := range []struct{ q, want float64 }{{0.5, 0.5}, {0.99, 0.99}, {0.1, 0.1}} {
		got, ok := all.quantile(test.q)
		if !ok || math.Abs(got-test.want) > test.want/4 {
			t.Errorf("quantile %v: got %v, want %v within a quarter", test.q, got, test.want)
		}
	}
	if got := all.seconds(); math.Abs(got-499.5) > 0.01 {
		t.Errorf("sum: got %v s, want 499.5", got)
	}
	h.Observe(time.Hour, 9)
	var later Durations
	later.read(&h)
	lately := later.since(&all)
	if got, _ := lately.quantile(0.5); math.Abs(got-3600) > 900 || lately.count != 9 {
		t.Errorf("since the last snapshot: got %d with the median %v, want 9 and about 3600", lately.count, got)
	}
}

func TestLongestDuration(t *testing.T) {
	var h Histogram
	h.Observe(math.MaxInt64, 1)
	var d Durations
	d.read(&h)
	if got, ok := d.quantile(0.99); !ok || got < 365*24*3600 {
		t.Errorf("got %v, %v, want more than a year", got, ok)
	}
}

// What a batch costs the copying process.
func BenchmarkCopied(b *testing.B) {
	p := NewRegistry().Partition("r", "a", 0)
	b.ReportAllocs()
	for b.Loop() {
		p.Copied(500, 3*time.Millisecond, 2*time.Second)
	}
}

func TestCopiedDoesNotAllocate(t *testing.T) {
	p := NewRegistry().Partition("r", "a", 0)
	if n := testing.AllocsPerRun(100, func() { p.Copied(500, 3*time.Millisecond, 2*time.Second) }); n != 0 {
		t.Errorf("a batch allocates %v times", n)
	}
}
