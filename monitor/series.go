package monitor

import "time"

// Label divides the values of a metric.
type Label struct{ Name, Value string }

// maxLabels is how many labels a series may have: route, topic, partition and
// one that divides.
const maxLabels = 4

// Labels are those of one series, in a fixed order; the unused ones at the end
// are empty. An array, so that a Series can be the key of a map.
type Labels [maxLabels]Label

// List returns the labels that are used.
func (l *Labels) List() []Label {
	for i, label := range l {
		if label.Name == "" {
			return l[:i]
		}
	}
	return l[:]
}

// With returns the labels and one more.
func (l Labels) With(name, value string) Labels {
	for i := range l {
		if l[i].Name == "" {
			l[i] = Label{name, value}
			return l
		}
	}
	panic("monitor: more labels than a series may have")
}

// Series names one row of values over time. Its names are those of
// docs/metrics.md.
type Series struct {
	Name   string
	Labels Labels
}

// Point is the value of a series at the time of its Sample. Counters are given
// as they stand, rates per second.
type Point struct {
	Series
	Value float64
}

// Sample is what one snapshot found. What is unknown at its time has no point.
// Points come in an order that does not change while the series are the same.
// Whoever is given a Sample may keep it and must not change it.
type Sample struct {
	Time   time.Time
	Points []Point
	// Watched are the routes that other mirrors copy.
	Watched []WatchedSample
	// Partitions are those that this process copies, by route and topic.
	Partitions []PartitionSample
	// Parts are the partitions of clusters, copied or not, and where groups stand.
	Parts []Part
}
