package clusters

import (
	"math"
	"time"
)

// past is what earlier looks leave behind: where logs ended, for rates and the age
// of records. Only one look at a time uses it.
type past struct {
	logs   map[place]*log
	before *snapshot // of the last look; nil: this is the first
}

// log is what is remembered of a partition's log.
type log struct {
	topic [16]byte // id; another one is another log
	last  reading
	trail *trail // nil while no group has committed an offset of it
}

func newPast() *past { return &past{logs: make(map[place]*log)} }

// take brings the past up to the answers, and returns how many records per second
// were appended to each partition since the last look. Logs of partitions that are
// gone, or not looked at any more, are forgotten.
func (p *past) take(a *answers, wanted []wantedPartition) map[place]float64 {
	ids := make(map[string][16]byte, len(a.metadata.Topics))
	for i := range a.metadata.Topics {
		ids[*a.metadata.Topics[i].Topic] = a.metadata.Topics[i].TopicID
	}
	logs := make(map[place]*log, len(wanted))
	rates := make(map[place]float64, len(wanted))
	for _, w := range wanted {
		l := p.logs[w.place]
		end, answered := a.ends[w.place]
		if l != nil && (l.topic != ids[w.topic] || answered && end.end < l.last.end) {
			l = nil
		}
		if l == nil && !answered {
			continue
		}
		if l == nil {
			l = &log{topic: ids[w.topic]}
		} else if passed := end.at.Sub(l.last.at).Seconds(); answered && passed > 0 {
			rates[w.place] = rounded(float64(end.end-l.last.end) / passed)
		}
		if answered {
			l.last = end
		}
		logs[w.place] = l
	}
	p.logs = logs
	p.follow(a)
	return rates
}

// follow notes the ends of the partitions that groups stand in.
func (p *past) follow(a *answers) {
	trails := 0
	for at, l := range p.logs {
		if l.trail == nil {
			continue
		}
		trails++
		if end, answered := a.ends[at]; answered {
			l.trail.add(end.at, end.end)
		}
	}
	for i := range a.groups {
		for at := range a.groups[i].committed {
			l := p.logs[at]
			if end, answered := a.ends[at]; answered && l != nil && l.trail == nil && trails < maxTrails {
				l.trail = &trail{}
				l.trail.add(end.at, end.end)
				trails++
			}
		}
	}
}

// age is how long ago the record at an offset was appended; see trail.age.
func (p *past) age(at place, offset int64, now time.Time) (seconds *float64, atLeast bool) {
	if l := p.logs[at]; l != nil && l.trail != nil {
		return l.trail.age(offset, now)
	}
	return nil, false
}

// rounded leaves a rate the digits that somebody reads.
func rounded(rate float64) float64 { return math.Round(rate*100) / 100 }
