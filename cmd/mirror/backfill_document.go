package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"mirror/config"
	"mirror/offsets"
	"mirror/replicate"
)

// backfillDocument is the JSON of `mirror backfill -o json`: what would be copied
// with --dry-run, else what was. Numbers of records are source offsets, so with
// gaps in the source there are fewer records; -1 is unknown.
type backfillDocument struct {
	ID          string          `json:"id"`
	Route       string          `json:"route"`
	From        string          `json:"from"` // cluster
	To          string          `json:"to"`
	State       string          `json:"state"` // planned, begun (goes on), finished
	ThenLive    bool            `json:"then_live"`
	Began       time.Time       `json:"began,omitzero"`
	Finished    time.Time       `json:"finished,omitzero"`
	Topics      []backfillTopic `json:"topics"`
	Records     int64           `json:"records"` // of the whole range
	Left        int64           `json:"left"`    // of them, not copied yet
	Bytes       int64           `json:"bytes"`   // about how much is left
	Seconds     float64         `json:"seconds"` // about how long that takes, or took in this run
	Rate        int64           `json:"rate"`    // the limit in bytes per second, 0 none
	Speed       float64         `json:"-"`
	LostOffsets int64           `json:"lost_offsets"`
	Losses      []lossRow       `json:"losses"`
	Notes       []string        `json:"notes"`
	Checkpoints string          `json:"checkpoint_topic"`
}

type backfillTopic struct {
	Source     string              `json:"source"`
	Target     string              `json:"target"`
	Records    int64               `json:"records"`
	Left       int64               `json:"left"`
	Bytes      int64               `json:"bytes"`
	Changes    []string            `json:"changes"` // to the target
	Partitions []backfillPartition `json:"partitions"`
}

type backfillPartition struct {
	Partition int32 `json:"partition"`
	From      int64 `json:"from"`
	To        int64 `json:"to"`
	Position  int64 `json:"position"` // the next source offset to copy
	Bytes     int64 `json:"bytes"`
}

// describeBackfill makes the document of a plan.
func describeBackfill(route *config.Route, wish replicate.BackfillWish, plan *replicate.BackfillPlan) *backfillDocument {
	name := replicate.BackfillName(route.Name, wish.ID)
	d := &backfillDocument{ID: wish.ID, Route: route.Name, From: route.From, To: route.To, State: "planned", ThenLive: wish.ThenLive,
		Began: plan.Began, Finished: plan.Finished, Topics: []backfillTopic{}, Notes: orEmpty(plan.Notes),
		Seconds: -1, Rate: wish.Rate, Checkpoints: offsets.TopicName(name)}
	if d.Rate == 0 {
		d.Rate = route.Limits.BytesPerSecond
	}
	switch {
	case !plan.Finished.IsZero():
		d.State = "finished"
	case !plan.Began.IsZero():
		d.State = "begun"
	}
	for _, g := range plan.Ranges {
		d.add(g)
	}
	for i := range plan.Topics {
		d.addChanges(&plan.Topics[i])
	}
	d.lose(plan.Losses)
	speed := plan.Speed
	if d.Rate > 0 && (speed == 0 || speed > float64(d.Rate)) {
		speed = float64(d.Rate)
	}
	if d.Speed = speed; speed > 0 && d.Bytes >= 0 && plan.Finished.IsZero() {
		d.Seconds = float64(d.Bytes) / speed
	}
	return d
}

func (d *backfillDocument) add(g replicate.Range) {
	n := len(d.Topics)
	if n == 0 || d.Topics[n-1].Source != g.Topic || d.Topics[n-1].Target != g.Target {
		d.Topics = append(d.Topics, backfillTopic{Source: g.Topic, Target: g.Target, Changes: []string{}})
		n++
	}
	t := &d.Topics[n-1]
	t.Partitions = append(t.Partitions, backfillPartition{g.Partition, g.From, g.To, g.Position, g.Bytes})
	for _, sums := range [][3]*int64{{&t.Records, &t.Left, &t.Bytes}, {&d.Records, &d.Left, &d.Bytes}} {
		*sums[0] += g.To - g.From
		*sums[1] += g.Left()
		if g.Bytes < 0 || *sums[2] < 0 {
			*sums[2] = -1
		} else {
			*sums[2] += g.Bytes
		}
	}
}

func (d *backfillDocument) addChanges(t *replicate.TopicPlan) {
	i := slices.IndexFunc(d.Topics, func(b backfillTopic) bool { return b.Source == t.Decision.Topic })
	if i < 0 {
		return
	}
	for _, change := range t.Action {
		d.Topics[i].Changes = append(d.Topics[i].Changes, change.String())
	}
	for _, warning := range t.Warnings {
		d.Notes = append(d.Notes, t.Decision.Topic+": "+warning)
	}
}

// finish makes it the document of a backfill that has run to its end.
func (d *backfillDocument) finish(p replicate.BackfillProgress, took time.Duration) {
	d.State, d.Finished, d.Left, d.Bytes, d.Seconds = "finished", p.Ended, 0, 0, took.Seconds()
	if d.Began.IsZero() {
		d.Began = d.Finished.Add(-took).Truncate(time.Millisecond)
	}
	for i := range d.Topics {
		d.Topics[i].Left, d.Topics[i].Bytes = 0, 0
		for j := range d.Topics[i].Partitions {
			part := &d.Topics[i].Partitions[j]
			part.Position, part.Bytes = part.To, 0
		}
	}
	d.lose(p.Losses)
}

// lose sets what the source had lost.
func (d *backfillDocument) lose(losses []offsets.LossEntry) {
	d.LostOffsets, d.Losses = 0, []lossRow{}
	for _, e := range losses {
		row := describeLoss(d.Route, e)
		d.Losses = append(d.Losses, row)
		d.LostOffsets += max(row.To-row.From, 0)
	}
	slices.SortFunc(d.Losses, func(a, b lossRow) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.From, b.From))
	})
}

// notesShown is how many notes the short form of a plan has.
const notesShown = 10

func printBackfill(out io.Writer, d *backfillDocument, wide bool) error {
	fmt.Fprintf(out, "backfill %s of route %s: %s to %s, %s\n\n", d.ID, d.Route, d.From, d.To, d.stateText())
	headings := []string{"TOPIC", "TARGET", "PARTITIONS", "RECORDS"}
	if d.State != "finished" {
		headings = append(headings, "LEFT", "BYTES LEFT")
	}
	t := newTable(out, headings...)
	for _, topic := range d.Topics {
		t.row(append([]string{topic.Source, topic.Target, fmt.Sprint(len(topic.Partitions)), count(topic.Records)}, d.leftCells(topic.Left, topic.Bytes)...)...)
		if !wide {
			continue
		}
		for _, p := range topic.Partitions {
			row := []string{fmt.Sprintf("  partition %d", p.Partition), fmt.Sprintf("offsets %d to %d", p.From, p.To-1), "", count(p.To - p.From)}
			if p.From == p.To {
				row[1] = "nothing"
			}
			t.row(append(row, d.leftCells(p.To-p.Position, p.Bytes)...)...)
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, topic := range d.Topics {
		for _, change := range topic.Changes {
			if d.State == "planned" {
				fmt.Fprintf(out, "it would %s\n", change)
			}
		}
	}
	if d.ThenLive && d.State != "finished" {
		fmt.Fprintf(out, "then route %s goes on where the backfill ends\n", d.Route)
	}
	for i, note := range d.Notes {
		if i == notesShown && !wide {
			fmt.Fprintf(out, "and %d more notes (-o wide)\n", len(d.Notes)-i)
			break
		}
		fmt.Fprintf(out, "note: %s\n", cell(note))
	}
	for _, l := range d.Losses {
		fmt.Fprintf(out, "lost: %s/%d offsets %d to %d, %s: %s\n", l.Topic, l.Partition, l.From, l.To-1, l.Cause, cell(l.Detail))
	}
	_, err := fmt.Fprintln(out, d.lastLine())
	return err
}

func (d *backfillDocument) leftCells(left, bytes int64) []string {
	if d.State == "finished" {
		return nil
	}
	return []string{count(left), aboutBytes(bytes)}
}

func (d *backfillDocument) stateText() string {
	switch d.State {
	case "finished":
		return "finished at " + d.Finished.UTC().Format(time.RFC3339)
	case "begun":
		return "begun at " + d.Began.UTC().Format(time.RFC3339)
	}
	return "not begun"
}

// lastLine is what comes of it, or what it would take.
func (d *backfillDocument) lastLine() string {
	if d.State == "finished" {
		line := fmt.Sprintf("%s records are copied", count(d.Records-d.LostOffsets))
		if d.LostOffsets > 0 {
			line += fmt.Sprintf(" and %s are lost", count(d.LostOffsets))
		}
		if d.Seconds < 0 {
			line += "; nothing is left to do: give another --id to copy again"
		}
		return line + fmt.Sprintf("\nto compare them: mirror verify --route %s --backfill %s", d.Route, d.ID)
	}
	line := fmt.Sprintf("%s records at most and %s", count(d.Left), aboutBytes(d.Bytes))
	switch {
	case d.Seconds < 0:
		return line + "; how long that takes is unknown"
	case d.Rate > 0 && d.Speed == float64(d.Rate):
		return line + fmt.Sprintf("; %s at %s/s", roughly(d.Seconds), byteCount(float64(d.Rate)))
	}
	return line + fmt.Sprintf("; %s at the speed of one connection in a sample (%s/s)", roughly(d.Seconds), byteCount(d.Speed))
}

func aboutBytes(n int64) string {
	if n < 0 {
		return "unknown bytes"
	}
	return "about " + byteCount(float64(n))
}

// roughly writes a time as people say it.
func roughly(seconds float64) string {
	if seconds < 1 {
		return "less than a second"
	}
	return "about " + time.Duration(seconds*float64(time.Second)).Round(time.Second).String()
}
