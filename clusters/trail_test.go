package clusters

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// at is a time of the tests.
func at(seconds float64) time.Time { return time.UnixMilli(1_700_000_000_000 + int64(seconds*1000)) }

func TestTrailTellsTheAgeOfRecords(t *testing.T) {
	var tr trail
	for _, p := range []struct {
		second float64
		end    int64
	}{{0, 100}, {10, 100}, {20, 100}, {30, 200}, {40, 300}} {
		tr.add(at(p.second), p.end)
	}
	if len(tr.points) != 4 {
		t.Errorf("got %d points, want 4: a log at rest takes two", len(tr.points))
	}
	tests := []struct {
		offset  int64
		seconds float64 // -1: unknown
		atLeast bool
	}{
		{300, 0, false}, // at the end
		{400, 0, false}, // beyond it: committed after the end was asked for
		{299, 10.1, false},
		{250, 15, false},
		{200, 20, false},
		{100, 30, false}, // appended after 20, not after 0
		{99, 50, true},
		{0, 50, true},
	}
	for _, test := range tests {
		seconds, atLeast := tr.age(test.offset, at(50))
		if seconds == nil || math.Abs(*seconds-test.seconds) > 0.001 || atLeast != test.atLeast {
			t.Errorf("offset %d: got %v, at least %t, want %v, %t", test.offset, seconds, atLeast, test.seconds, test.atLeast)
		}
	}
}

func TestTrailKnowsNothingYet(t *testing.T) {
	var tr trail
	if seconds, _ := tr.age(5, at(0)); seconds != nil {
		t.Errorf("an empty trail says %v", *seconds)
	}
	tr.add(at(0), 100)
	if seconds, _ := tr.age(5, at(0)); seconds != nil {
		t.Errorf("a trail of one point says %v of what is older", *seconds)
	}
	if seconds, _ := tr.age(100, at(0)); seconds == nil || *seconds != 0 {
		t.Errorf("got %v at the end, want 0", seconds)
	}
}

// A log that became shorter is another one, and a clock that was set back starts
// over.
func TestTrailBeginsAnew(t *testing.T) {
	var tr trail
	tr.add(at(0), 100)
	tr.add(at(10), 200)
	tr.add(at(20), 50)
	if len(tr.points) != 1 {
		t.Errorf("got %v after the log became shorter, want one point", tr.points)
	}
	tr.add(at(10), 60)
	if len(tr.points) != 1 {
		t.Errorf("got %v after the clock was set back, want one point", tr.points)
	}
}

// However long a trail is followed it stays small, and what it says of an offset
// is between the looks that the offset was appended between, as far as these are
// kept.
func TestTrailStaysSmallAndRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tr trail
		var end int64
		appended := make(map[int64][2]float64) // offset: not before, not after
		looks := rapid.IntRange(2, 400).Draw(t, "looks")
		now := 0.0
		for range looks {
			before := now
			now += rapid.Float64Range(1, 60).Draw(t, "pause")
			grown := rapid.Int64Range(0, 50).Draw(t, "grown")
			for o := end; o < end+grown; o++ {
				appended[o] = [2]float64{before, now}
			}
			end += grown
			tr.add(at(now), end)
		}
		if len(tr.points) > maxPoints {
			t.Fatalf("got %d points, want at most %d", len(tr.points), maxPoints)
		}
		last := math.Inf(1)
		for o := range end {
			seconds, atLeast := tr.age(o, at(now))
			if seconds == nil {
				continue
			}
			if *seconds > last {
				t.Fatalf("offset %d is older than the one before it", o)
			}
			last = *seconds
			if age := now - appended[o][0]; atLeast && *seconds > age+0.01 {
				t.Fatalf("offset %d: at least %v s, and it is %v s old at most", o, *seconds, age)
			}
		}
		// What was appended between the last two looks is told to within these.
		if n := len(tr.points); n > 1 && tr.points[n-1].end > tr.points[n-2].end {
			o := tr.points[n-1].end - 1
			seconds, _ := tr.age(o, at(now))
			if low, high := now-appended[o][1], now-appended[o][0]; *seconds < low-0.01 || *seconds > high+0.01 {
				t.Fatalf("offset %d: got %v s, want %v to %v", o, *seconds, low, high)
			}
		}
	})
}
