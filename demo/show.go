package demo

import (
	"fmt"
	"time"

	"mirror/monitor"
)

// lines returns the totals of west's topics.
func (d *demo) lines() []line {
	var out []line
	for _, w := range d.load.writers {
		if w.cluster != West {
			continue
		}
		l := line{source: w.topic, target: d.cfg.Routes[0].Mapper.Decide(w.topic).Target}
		arrived := d.consumer.of(l.target) // before what was written, so that this is never behind
		l.written, l.arrived, l.age = w.records.Load(), arrived.own, arrived.age
		l.records, l.bytes = float64(arrived.records), float64(arrived.bytes)
		out = append(out, l)
	}
	return out
}

// shower returns a function that shows what moved since it was called last: on a terminal always, on a pipe every Options.Every or if now is set.
func (d *demo) shower() func(now bool) {
	before, since := make(map[string]line), d.started
	return func(now bool) {
		elapsed := time.Since(since)
		if !d.o.TTY && !now && elapsed < d.o.Every {
			return
		}
		since = time.Now()
		s := snapshot{elapsed: time.Since(d.started), total: d.o.For, held: d.load.held.Load(), state: routeState(d.status())}
		for _, l := range d.lines() {
			total := l
			was := before[l.source]
			l.records = (l.records - was.records) / elapsed.Seconds()
			l.bytes = (l.bytes - was.bytes) / elapsed.Seconds()
			before[l.source] = total
			s.lines = append(s.lines, l)
		}
		s.local = d.consumer.of("orders")
		s.verified, _ = d.audit.total()
		s.faults, _ = d.consumer.result()
		if d.o.TTY {
			d.screen.show(s.block())
		} else {
			fmt.Fprint(d.screen, s.plain())
		}
	}
}

// routeState says how the only route is, with the reason if it has one.
func routeState(s monitor.Status) string {
	if len(s.Routes) == 0 {
		return "starting"
	}
	r := s.Routes[0]
	state := string(r.State)
	if state == "" {
		state = "starting"
	}
	if r.Reason != "" {
		return state + " (" + r.Reason + ")"
	}
	return state
}
