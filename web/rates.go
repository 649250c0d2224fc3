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
