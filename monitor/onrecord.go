package monitor

import (
	"fmt"
	"time"
)

// RateLimit bounds how fast all processes of a route together fetch.
type RateLimit struct {
	BytesPerSecond int64 `json:"bytes_per_second"` // 0: no limit
	ByOperator     bool  `json:"by_operator"`      // in place of the configuration's limit; what follows says who
	Wish
}

// Words say what the limit is, behind the name of its route.
func (l RateLimit) Words() string {
	text := "may copy as fast as it can"
	if l.BytesPerSecond > 0 {
		text = "may copy " + ByteCount(float64(l.BytesPerSecond)) + " per second"
	}
	if !l.ByOperator {
		return text + ", as its configuration says"
	}
	if who := l.Wish.Words(); who != "" {
		text += ", set" + who
	}
	return text
}

// ByteCount writes bytes in the unit that keeps one to four digits.
func ByteCount(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for n >= 1024 && i < len(units)-1 {
		n /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%.0f B", n)
	}
	return fmt.Sprintf("%.1f %s", n, units[i])
}

// Wish is who asked for something, when and why.
type Wish struct {
	By     string     `json:"by,omitempty"`
	Time   *time.Time `json:"time,omitempty"`
	Reason string     `json:"reason,omitempty"`
}

// Words are the wish at the end of a sentence: " by ada@ops-1 at 2026-03-04T05:06:07Z (maintenance)".
func (w Wish) Words() string {
	var text string
	if w.By != "" {
		text = " by " + w.By
	}
	if w.Time != nil {
		text += " at " + w.Time.UTC().Format(time.RFC3339)
	}
	if w.Reason != "" {
		text += " (" + w.Reason + ")"
	}
	return text
}

// When is the time of the wish, zero when it is not known.
func (w Wish) When() time.Time {
	if w.Time == nil {
		return time.Time{}
	}
	return *w.Time
}

// PauseStatus is a pause that is in force, or that was taken back.
type PauseStatus struct {
	Topic string `json:"topic"` // empty: the whole route
	Wish
}

// Words are the result in one clause.
func (v *VerifyStatus) Words() string {
	several := func(n int64, noun string) string {
		if n != 1 {
			noun += "s"
		}
		return fmt.Sprintf("%d %s", n, noun)
	}
	text := several(v.Differences, "difference") + ", " + several(v.Records, "record") + " equal"
	if v.Lost > 0 {
		text += fmt.Sprintf(", %d in the loss ledger", v.Lost)
	}
	if v.Unread > 0 {
		text += ", " + several(int64(v.Unread), "partition") + " not compared"
	}
	if v.By != "" {
		text += ", by " + v.By
	}
	return text
}

// Fine reports whether all was compared and nothing differs.
func (v *VerifyStatus) Fine() bool { return v.Differences == 0 && v.Unread == 0 }

// VerifyStatus is what a comparison of a whole route found.
type VerifyStatus struct {
	Time        time.Time `json:"time"` // when it began: what was copied later is not in it
	Seconds     float64   `json:"seconds"`
	Records     int64     `json:"records"`     // that are equal
	Differences int64     `json:"differences"` // records that differ
	Lost        int64     `json:"lost"`        // records in the loss ledger, which are no differences
	Unread      int       `json:"unread"`      // partitions that could not be compared
	By          string    `json:"by"`
}
