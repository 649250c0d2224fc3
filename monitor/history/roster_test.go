package history

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func topic(n int, weight float64) Reading {
	return Reading{Subject: fmt.Sprint("r/t", n), Weight: weight, Values: []Value{{"lag", 1}, {"rate", weight}}}
}

// Routes first, then topics by traffic; who has no room says so.
func TestWhoIsRecorded(t *testing.T) {
	h := Open(Options{Series: 5, Log: quiet()})
	defer h.Close()
	h.Record(begin, []Reading{topic(1, 10), topic(2, 30), topic(3, 20)})
	if got, want := h.Keys(), []string{"r/t2/lag", "r/t2/rate", "r/t3/lag", "r/t3/rate"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w, _ := FindWindow("1h")
	if h.Query(begin, w, []string{"r/t1/lag"}).Series[0].Recorded {
		t.Error("a topic without room is said to be recorded")
	}

	h.Record(begin, append(reading("r", 1), topic(1, 10), topic(2, 30), topic(3, 20)))
	h.Record(begin, []Reading{{Subject: "s", Values: []Value{{"lag", 1}, {"rate", 1}}}, topic(1, 10), topic(2, 30), topic(3, 20), reading("r", 1)[0]})
	if got, want := h.Keys(), []string{"r/lag", "r/t2/lag", "r/t2/rate", "s/lag", "s/rate"}; !slices.Equal(got, want) {
		t.Errorf("after a route came: got %v, want %v", got, want)
	}
}

// Topics change places only when the difference is clear, and only now and then.
func TestBusierTopicTakesThePlace(t *testing.T) {
	h := Open(Options{Series: 2, Log: quiet()})
	defer h.Close()
	at := func(n int) time.Time { return begin.Add(time.Duration(n) * 10 * time.Second) }
	h.Record(at(0), []Reading{topic(1, 100)})
	recorded := func() string { return subjectOf(h.Keys()[0]) }
	for i := 1; i < 200; i++ {
		h.Record(at(i), []Reading{topic(1, 100), topic(2, 150)})
	}
	if recorded() != "r/t1" {
		t.Error("a topic with a little more traffic took the place")
	}
	for i := 200; i < 400; i++ {
		h.Record(at(i), []Reading{topic(1, 100), topic(2, 1000)})
	}
	if recorded() != "r/t2" {
		t.Error("a topic with far more traffic did not take the place")
	}
	now := at(399)
	// Nothing of the topic before is shown as the new one's.
	points := newest(h, now, "year", "r/t2/rate", 1)
	if points[0].Min < 150 {
		t.Errorf("the year's point knows of the topic before: %v", points)
	}
	first := newest(h, now, "4h", "r/t2/lag", 400)
	if first[0].known() || !first[399].known() {
		t.Error("the finest points begin before the topic had the place")
	}
}

// A route that is not in the configuration any more gives its place away.
func TestRouteThatIsGone(t *testing.T) {
	h := Open(Options{Series: 1, Log: quiet()})
	defer h.Close()
	h.Record(begin, reading("old", 1))
	h.Record(begin.Add(time.Hour), reading("new", 1))
	if got := h.Keys(); len(got) != 1 || got[0] != "new/lag" {
		t.Errorf("got %v", got)
	}
}

// Who needs less than another was refused still gets what is left.
func TestSmallRoomIsUsed(t *testing.T) {
	h := Open(Options{Series: 5, Log: quiet()})
	defer h.Close()
	small := Reading{Subject: "r/small", Weight: 5, Values: []Value{{"lag", 1}}}
	h.Record(begin, []Reading{small, topic(3, 10), topic(4, 8), topic(2, 20), topic(1, 30)})
	if got, want := h.Keys(), []string{"r/small/lag", "r/t1/lag", "r/t1/rate", "r/t2/lag", "r/t2/rate"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A review with far more topics than room.
func BenchmarkReview(b *testing.B) {
	r := newRoster(2000)
	var readings []Reading
	for n := range 10_000 {
		readings = append(readings, topic(n, float64(100_000+n)))
	}
	now := begin
	for b.Loop() {
		now = now.Add(reviewEvery)
		r.choose(now, readings, now.Unix())
	}
}
