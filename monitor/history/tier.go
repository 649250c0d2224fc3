package history

import (
	"math"
	"time"
)

// tier is a ring of rows, one for each step of time.
type tier struct {
	step  time.Duration
	count int // rows in the ring
}

// tierCount is the number of tiers.
const tierCount = 5

// tiers returns the tiers, the finest first. Each step is a whole number of the
// finer tier's steps, and the finer ring is longer than one step of the coarser.
func tiers() [tierCount]tier {
	const hour, day = time.Hour, 24 * time.Hour
	return [tierCount]tier{
		{10 * time.Second, int(4 * hour / (10 * time.Second))},
		{time.Minute, int(day / time.Minute)},
		{10 * time.Minute, int(7 * day / (10 * time.Minute))},
		{hour, int(31 * day / hour)},
		{6 * hour, int(365 * day / (6 * hour))},
	}
}

// bucket numbers the step that t lies in, counted from 1970.
func (t tier) bucket(at time.Time) int64 {
	step := int64(t.step / time.Second)
	seconds := at.Unix()
	if seconds < 0 {
		return 0 // a clock before 1970 is wrong, whatever it says
	}
	return seconds / step
}

// start returns when a bucket begins, in seconds since 1970.
func (t tier) start(bucket int64) int64 { return bucket * int64(t.step/time.Second) }

// Window is a span of time that graphs show.
type Window struct {
	Name string
	Span time.Duration
	tier int
}

// Windows returns the windows that can be asked for, the shortest first.
func Windows() []Window {
	const hour, day = time.Hour, 24 * time.Hour
	return []Window{
		{"1h", hour, 0}, {"2h", 2 * hour, 0}, {"4h", 4 * hour, 0},
		{"day", day, 1}, {"week", 7 * day, 2}, {"month", 31 * day, 3}, {"year", 365 * day, 4},
	}
}

// FindWindow returns the window of a name.
func FindWindow(name string) (Window, bool) {
	for _, w := range Windows() {
		if w.Name == name {
			return w, true
		}
	}
	return Window{}, false
}

// Point is what a metric did in one step of time. All three are NaN where
// nothing is known.
type Point struct{ Min, Avg, Max float32 }

func noPoint() Point {
	nan := float32(math.NaN())
	return Point{nan, nan, nan}
}

// known reports whether the point says something.
func (p Point) known() bool { return p.Avg == p.Avg }

// gathering collects points into one of a longer step. The mean of means is the
// mean, as long as no finer point is missing.
type gathering struct {
	min, max float32
	sum      float64
	count    int
}

func (g *gathering) add(p Point) {
	if !p.known() {
		return
	}
	if g.count == 0 {
		g.min, g.max = p.Min, p.Max
	}
	g.min, g.max = min(g.min, p.Min), max(g.max, p.Max)
	g.sum += float64(p.Avg)
	g.count++
}

func (g *gathering) point() Point {
	if g.count == 0 {
		return noPoint()
	}
	// Rounding must not carry the mean out of its bounds.
	avg := float32(g.sum / float64(g.count))
	return Point{g.min, min(max(avg, g.min), g.max), g.max}
}
