package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"mirror/replicate"
)

const (
	progressEvery = 250 * time.Millisecond
	// progressWindow is the time over which a speed is averaged.
	progressWindow = 10 * time.Second
)

// backfillProgress shows how far a backfill is: lines that change for a person,
// and one line every ten seconds for a log. Logs are written through it, so that
// they appear above the lines that change.
type backfillProgress struct {
	id     string
	out    io.Writer
	live   bool
	width  int
	height int
	now    func() time.Time

	mu      sync.Mutex // guards what follows
	shown   int        // lines that are on the screen
	said    time.Time
	samples []progressSample
	last    replicate.BackfillProgress
}

// progressSample is how far everything was at a moment.
type progressSample struct {
	at     time.Time
	topics map[string]amount // by target
	all    amount
}

// amount is source offsets copied, and bytes; or both per second.
type amount struct{ copied, bytes float64 }

func newBackfillProgress(out io.Writer, d *backfillDocument) *backfillProgress {
	p := &backfillProgress{id: d.ID, out: out, live: isLive(out), now: time.Now}
	p.width, p.height = screenSize(out)
	p.said = p.now()
	return p
}

// run shows the progress until ctx ends.
func (p *backfillProgress) run(ctx context.Context, b *replicate.Backfill) {
	t := time.NewTicker(progressEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			p.note(b.Progress())
			return
		case <-t.C:
			p.show(b.Progress(), b.Trouble())
		}
	}
}

func (p *backfillProgress) note(now replicate.BackfillProgress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(now.Topics) > 0 {
		p.last = now
	}
}

// show draws the lines anew, or now and then writes one.
func (p *backfillProgress) show(now replicate.BackfillProgress, trouble string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(now.Topics) > 0 {
		p.last = now
		p.sample(now)
	}
	if !p.live {
		if p.now().Sub(p.said) >= watchPipe {
			p.said = p.now()
			fmt.Fprintln(p.out, p.plain(now, trouble))
		}
		return
	}
	lines := p.lines(now, trouble)
	p.erase()
	for _, line := range lines {
		fmt.Fprintf(p.out, "%s\n", clip(line, p.width-1)) // a line that wraps could not be replaced
	}
	p.shown = len(lines)
}

// Write passes a log line on, above the lines that change.
func (p *backfillProgress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	if _, err := io.Copy(p.out, bytes.NewReader(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// clear takes the lines away: what is printed then says it all.
func (p *backfillProgress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

func (p *backfillProgress) erase() {
	if p.shown > 0 {
		fmt.Fprintf(p.out, "\x1b[%dA\r\x1b[J", p.shown)
		p.shown = 0
	}
}

func (p *backfillProgress) sample(now replicate.BackfillProgress) {
	s := progressSample{at: p.now(), topics: map[string]amount{}}
	for _, t := range now.Topics {
		s.topics[t.Target] = amount{float64(t.Copied), float64(t.Bytes)}
		s.all.copied += float64(t.Copied)
		s.all.bytes += float64(t.Bytes)
	}
	p.samples = append(p.samples, s)
	for len(p.samples) > 2 && s.at.Sub(p.samples[1].at) >= progressWindow {
		p.samples = p.samples[1:]
	}
}

// speeds are what was copied per second lately, in all and by topic.
func (p *backfillProgress) speeds() (all amount, topics map[string]amount) {
	topics = map[string]amount{}
	if len(p.samples) < 2 {
		return all, topics
	}
	first, last := p.samples[0], p.samples[len(p.samples)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 {
		return all, topics
	}
	rate := func(from, to amount) amount {
		return amount{(to.copied - from.copied) / seconds, (to.bytes - from.bytes) / seconds}
	}
	for target, now := range last.topics {
		topics[target] = rate(first.topics[target], now)
	}
	return rate(first.all, last.all), topics
}

// lines are what a person sees: each topic, those with the most to do first as far
// as the screen reaches, and all of them.
func (p *backfillProgress) lines(now replicate.BackfillProgress, trouble string) []string {
	if len(now.Topics) == 0 {
		return []string{"backfill " + p.id + ": " + firstOf(cell(trouble), "starting")}
	}
	speed, speeds := p.speeds()
	topics := slices.Clone(now.Topics)
	slices.SortStableFunc(topics, func(a, b replicate.BackfillTopic) int {
		return int(min(max((b.Total-b.Copied)-(a.Total-a.Copied), -1), 1))
	})
	room := max(p.height-4, 1)
	var lines []string
	wide := 5
	for _, t := range topics[:min(len(topics), room)] {
		wide = max(wide, len(t.Source))
	}
	var sum replicate.BackfillTopic
	for i, t := range topics {
		sum.Copied, sum.Total = sum.Copied+t.Copied, sum.Total+t.Total
		if i >= room {
			continue
		}
		line := fmt.Sprintf("%-*s  %s", wide, t.Source, stateOf(t.Copied, t.Total, speeds[t.Target]))
		if len(t.Reasons) > 0 {
			line += "  " + cell(t.Reasons[0])
		}
		lines = append(lines, line)
	}
	if more := len(topics) - room; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more topics", more))
	}
	line := fmt.Sprintf("%-*s  %s", wide, "all", stateOf(sum.Copied, sum.Total, speed))
	if trouble != "" {
		line += "  " + cell(trouble)
	}
	return append(lines, line)
}

// plain is one line for a log.
func (p *backfillProgress) plain(now replicate.BackfillProgress, trouble string) string {
	if len(now.Topics) == 0 {
		return "backfill " + p.id + ": " + firstOf(cell(trouble), "starting")
	}
	speed, _ := p.speeds()
	var sum replicate.BackfillTopic
	var reasons []string
	for _, t := range now.Topics {
		sum.Copied, sum.Total, sum.Done, sum.Partitions = sum.Copied+t.Copied, sum.Total+t.Total, sum.Done+t.Done, sum.Partitions+t.Partitions
		reasons = append(reasons, t.Reasons...)
	}
	line := fmt.Sprintf("backfill %s: %s, %s of %s records, %d of %d partitions, %s/s, %s", p.id, strings.TrimSpace(shareOf(sum.Copied, sum.Total)),
		count(sum.Copied), count(sum.Total), sum.Done, sum.Partitions, byteCount(speed.bytes), etaOf(sum.Total-sum.Copied, speed.copied))
	if why := firstOf(append([]string{trouble}, reasons...)...); why != "" {
		line += "; " + cell(why)
	}
	return line
}

// share is how much was copied when somebody looked last.
func (p *backfillProgress) share() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var copied, total int64
	for _, t := range p.last.Topics {
		copied, total = copied+t.Copied, total+t.Total
	}
	if len(p.last.Topics) == 0 {
		return "its start"
	}
	return strings.TrimSpace(shareOf(copied, total))
}

// stateOf is a line's share, speed and time to come, in columns.
func stateOf(copied, total int64, speed amount) string {
	return fmt.Sprintf("%s  %12s  %s", shareOf(copied, total), byteCount(speed.bytes)+"/s", etaOf(total-copied, speed.copied))
}

func shareOf(copied, total int64) string {
	if total <= 0 {
		return "100.0 %"
	}
	return fmt.Sprintf("%5.1f %%", float64(copied)/float64(total)*100)
}

// etaOf is how long the rest takes at the speed of late.
func etaOf(left int64, perSecond float64) string {
	switch {
	case left <= 0:
		return "done"
	case perSecond <= 0:
		return "ETA ?"
	}
	return "ETA " + time.Duration(float64(left)/perSecond*float64(time.Second)).Round(time.Second).String()
}
