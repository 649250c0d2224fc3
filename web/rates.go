package web

import (
	"math"

	"mirror/monitor"
)

// pace is how fast a route or a topic moved at the last snapshot; nil: unknown.
type pace struct{ records, bytes, latency, catchUp *float64 }

// rates looks up the paces of one snapshot.
type rates struct {
	sample monitor.Sample
	paces  map[subject]*pace
}

// subject is a route, or a topic of it.
type subject struct{ route, topic string }

// newRates reads a snapshot.
func newRates(sample monitor.Sample) *rates {
	r := &rates{sample: sample, paces: make(map[subject]*pace)}
	for _, p := range sample.Points {
		switch p.Name {
		case "mirror_records_per_second":
			r.at(p).records = whole(p.Value)
		case "mirror_bytes_per_second":
			r.at(p).bytes = whole(p.Value)
		case "mirror_route_catch_up_seconds":
			r.at(p).catchUp = rounded(&p.Value)
		case "mirror_route_copy_latency_seconds":
			if p.Labels[1] == (monitor.Label{Name: "quantile", Value: "0.99"}) {
				value := math.Round(p.Value*1e5) / 1e5
				r.at(p).latency = &value
			}
		}
	}
	for i := range sample.Watched {
		if w := &sample.Watched[i]; !math.IsNaN(w.CatchUpSeconds) {
			r.paces[subject{route: w.Route}] = &pace{catchUp: rounded(&w.CatchUpSeconds)}
		}
	}
	return r
}

// at is where a point belongs.
func (r *rates) at(p monitor.Point) *pace {
	key := subject{route: p.Labels[0].Value}
	if p.Labels[1].Name == "topic" {
		key.topic = p.Labels[1].Value
	}
	if r.paces[key] == nil {
		r.paces[key] = &pace{}
	}
	return r.paces[key]
}

// of returns an unknown pace for what was not there.
func (r *rates) of(route, topic string) pace {
	if p := r.paces[subject{route, topic}]; p != nil {
		return *p
	}
	return pace{}
}

func whole(v float64) *float64 {
	v = math.Round(v)
	return &v
}

// partitionKey is a partition of a route.
type partitionKey struct {
	route, topic string
	partition    int32
}

// addRates fills in how fast the partitions moved that this process copies.
func addRates(status *monitor.Status, partitions []monitor.PartitionSample) {
	found := make(map[partitionKey]*monitor.PartitionSample, len(partitions))
	for i := range partitions {
		s := &partitions[i]
		found[partitionKey{s.Route, s.Topic, s.Partition}] = s
	}
	for i := range status.Routes {
		r := &status.Routes[i]
		for k := range r.Topics {
			t := &r.Topics[k]
			for n := range t.Partitions {
				p := &t.Partitions[n]
				if s := found[partitionKey{r.Name, t.Source, p.Partition}]; s != nil && !math.IsNaN(s.BytesPerSecond) {
					p.RecordsPerSecond, p.BytesPerSecond = whole(s.RecordsPerSecond), whole(s.BytesPerSecond)
				}
			}
		}
	}
}
