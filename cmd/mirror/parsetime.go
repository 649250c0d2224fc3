package main

import (
	"strings"
	"time"
)

// parseTime reads a time of RFC 3339, or how long ago it was, as in 24h or -24h:
// every command that takes a time takes all of them.
func parseTime(text string, now time.Time) (at time.Time, ok bool) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, true
	}
	ago, err := time.ParseDuration(strings.TrimPrefix(text, "-"))
	if err != nil || ago <= 0 || strings.Contains(text, "+") {
		return time.Time{}, false
	}
	return now.Add(-ago), true
}
