package main

import (
	"fmt"
	"io"
	"time"

	"mirror/verify"
)

// verifyProgress shows how far a verification is: a line that changes for a
// person, and a new line every ten seconds for a log.
type verifyProgress struct {
	out      io.Writer
	terminal bool
	last     time.Time
}

func newVerifyProgress(out io.Writer) *verifyProgress {
	return &verifyProgress{out: out, terminal: isLive(out), last: time.Now()}
}

// show is never called concurrently.
func (v *verifyProgress) show(p verify.Progress) {
	finished := p.Done == p.Partitions
	if !v.terminal && time.Since(v.last) < watchPipe {
		return
	}
	v.last = time.Now()
	line := fmt.Sprintf("verify: %d of %d partitions, %s of about %s records, %s, %s differences",
		p.Done, p.Partitions, count(p.Records), count(p.Total), byteCount(float64(p.Bytes)), count(p.Differences))
	switch {
	case !v.terminal:
		fmt.Fprintln(v.out, line)
	case finished:
		fmt.Fprint(v.out, "\r\x1b[K") // the report says it all
	default:
		width, _ := screenSize(v.out)
		fmt.Fprint(v.out, "\r\x1b[K", clip(line, width-1)) // a line that wraps could not be replaced
	}
}
