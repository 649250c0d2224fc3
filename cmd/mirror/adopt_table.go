package main

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"mirror/offsets"
)

// adoptReport is the document of the command.
type adoptReport struct {
	Route      string          `json:"route"`
	From       string          `json:"from"`
	To         string          `json:"to"`
	Written    bool            `json:"written"` // the positions are on record
	Adopted    int             `json:"adopted"` // partitions in state adopt or begin
	Ours       int             `json:"ours"`
	Refused    int             `json:"refused"`
	Losses     int             `json:"losses"` // partitions with a loss
	Partitions []adoptPosition `json:"partitions"`
}

type adoptPosition struct {
	Topic        string     `json:"topic"`
	Partition    int32      `json:"partition"`
	Target       string     `json:"target"`
	State        string     `json:"state"`
	TargetEnd    int64      `json:"target_end"`    // -1 when the target has no such partition
	SourceOffset int64      `json:"source_offset"` // the next to be copied, -1 when there is no answer
	Matched      int        `json:"matched"`       // records in the run that proves it
	Repeats      bool       `json:"repeats"`       // the target ends with records that were copied before
	How          string     `json:"how,omitempty"`
	Reason       string     `json:"reason,omitempty"`
	Warning      string     `json:"warning,omitempty"`
	Loss         *adoptLoss `json:"loss,omitempty"`
}

type adoptLoss struct {
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	Cause  string `json:"cause"`
	Detail string `json:"detail"`
}

// describe makes the report of what was found.
func (a *adoption) describe() {
	r := adoptReport{Route: a.route.Name, From: a.route.From, To: a.route.To, Partitions: []adoptPosition{}}
	for _, p := range a.parts {
		at := adoptPosition{Topic: p.topic.Decision.Topic, Partition: p.number, Target: p.topic.Decision.Target, State: p.state, TargetEnd: p.before, SourceOffset: -1}
		switch p.state {
		case stateAdopt, stateBegin:
			r.Adopted++
			e := p.ending
			at.SourceOffset, at.Matched, at.Repeats, at.How, at.Warning, at.Loss = e.Source, e.Matched, e.Repeats, e.How, e.Warning, lossRange(e.Lost)
			if e.Lost != nil {
				r.Losses++
			}
		case stateOurs:
			r.Ours++
			if cp, _, ok := a.onRecord(p); ok {
				at.SourceOffset = cp.Source
			}
		case stateRefused:
			r.Refused++
			at.Reason = p.ending.Refused
		}
		r.Partitions = append(r.Partitions, at)
	}
	a.report = r
}

// lossRange is the range of source offsets that a partition has lost.
func lossRange(l *offsets.Loss) *adoptLoss {
	if l == nil {
		return nil
	}
	return &adoptLoss{From: l.From, To: l.To, Cause: l.Cause, Detail: l.Detail}
}

func printAdoption(out io.Writer, r adoptReport, wide bool) error {
	t := newTable(out, "TOPIC", "PARTITION", "TARGET", "TARGET END", "SOURCE OFFSET", "STATE", "WHY")
	for _, p := range r.Partitions {
		if !wide && p.State == stateAbsent {
			continue
		}
		t.row(p.Topic, strconv.Itoa(int(p.Partition)), p.Target, offsetCell(p.TargetEnd), offsetCell(p.SourceOffset), p.State, p.why())
	}
	if err := t.flush(); err != nil {
		return err
	}
	verb := "would be adopted"
	if r.Written {
		verb = "adopted"
	}
	fmt.Fprintf(out, "\nroute %s: %s %s, %d on record already, %d refused\n", r.Route, plural(int64(r.Adopted), "partition"), verb, r.Ours, r.Refused)
	if r.Losses > 0 {
		fmt.Fprintf(out, "%s with losses: the source had dropped records before they were copied\n", plural(int64(r.Losses), "partition"))
	}
	return nil
}

func (p adoptPosition) why() string {
	text := firstOf(p.Reason, p.How)
	switch p.State {
	case stateOurs:
		text = "on record already"
	case stateAbsent:
		text = "not on the target yet: mirror run creates it"
	}
	if p.Repeats {
		text += "; the target ends with repeats"
	}
	if p.Loss != nil && p.Loss.To > p.Loss.From {
		text += fmt.Sprintf("; LOST: source offsets %d to %d", p.Loss.From, p.Loss.To-1)
	}
	if p.Warning != "" {
		text += "; " + p.Warning
	}
	return text
}

// offsetCell writes an offset; -1 stands for none.
func offsetCell(n int64) string {
	if n < 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

// adoptProgress says now and then how many partitions are done.
type adoptProgress struct {
	out   io.Writer
	all   int
	mu    sync.Mutex // guards what follows
	n     int
	spoke time.Time
}

func newAdoptProgress(out io.Writer, all int) *adoptProgress {
	return &adoptProgress{out: out, all: all, spoke: time.Now()}
}

func (p *adoptProgress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	every := 10 * time.Second
	if isLive(p.out) {
		every = time.Second
	}
	if time.Since(p.spoke) >= every {
		p.spoke = time.Now()
		fmt.Fprintf(p.out, "compared %d of %d partitions\n", p.n, p.all)
	}
}
