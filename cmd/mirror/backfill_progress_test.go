package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"mirror/replicate"
)

// TestBackfillProgressLines shows what a person and what a log see of a backfill
// that copies 1,000 records and 1 MiB a second.
func TestBackfillProgressLines(t *testing.T) {
	at := time.UnixMilli(0)
	half := replicate.BackfillProgress{}
	var p *backfillProgress
	var out bytes.Buffer
	start := func() {
		out.Reset()
		p = &backfillProgress{id: "h1", out: &out, width: 80, height: 24, now: func() time.Time { return at }, said: at}
	}
	start()
	show := func(second int, trouble string) {
		at = time.UnixMilli(int64(second) * 1000)
		n := int64(second) * 1000
		half = replicate.BackfillProgress{Topics: []replicate.BackfillTopic{
			{Source: "clicks.web", Target: "west.clicks.web", Partitions: 4, Done: min(second/10, 4), Copied: min(n/2, 20_000), Total: 20_000, Bytes: n / 2 << 10},
			{Source: "orders", Target: "west.orders", Partitions: 2, Copied: n / 2, Total: 123_000, Bytes: n / 2 << 10},
		}}
		if second == 20 {
			half.Topics[1].Reasons = []string{"orders/1: the source has no ready leader for orders/1"}
		}
		p.show(half, trouble)
	}
	for second := range 41 {
		show(second, "")
	}
	golden(t, "testdata/backfill/progress_log.txt", out.Bytes())

	start()
	p.live = true
	p.show(replicate.BackfillProgress{}, "")
	show(19, "")
	show(20, "")
	show(40, "not a member of its fleet's group __mirror_west-to-east.backfill.h1 at present, which takes a moment")
	fmt.Fprintln(p, "a line of the log")
	show(41, "")
	p.clear()
	golden(t, "testdata/backfill/progress_live.txt", []byte(strings.ReplaceAll(out.String(), "\x1b", "ESC")))
	if p.note(half); p.share() != "28.3 %" {
		t.Errorf("got %s", p.share())
	}
}

// A screen with few lines shows the topics that have the most to do.
func TestBackfillProgressOfManyTopics(t *testing.T) {
	p := &backfillProgress{id: "h1", width: 80, height: 7, now: time.Now}
	var now replicate.BackfillProgress
	for i := range 10 {
		now.Topics = append(now.Topics, replicate.BackfillTopic{Source: fmt.Sprint("t", i), Target: fmt.Sprint("t", i), Partitions: 1, Copied: 50, Total: int64(100 * (i + 1))})
	}
	lines := p.lines(now, "")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "t9 ") || lines[3] != "and 7 more topics" || !strings.HasPrefix(lines[4], "all ") {
		t.Errorf("got %q", lines)
	}
	empty := replicate.BackfillProgress{Topics: []replicate.BackfillTopic{{Source: "a", Target: "a", Partitions: 1}}}
	if lines := p.lines(empty, ""); !strings.Contains(lines[0], "100.0 %") {
		t.Errorf("nothing to copy: got %q", lines)
	}
}
