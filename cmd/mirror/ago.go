package main

import (
	"strings"
	"time"
)

// parseAgo reads how long ago something was, as in 24h or -24h: every command that
// takes a time takes both.
func parseAgo(text string, now time.Time) (at time.Time, ok bool) {
	ago, err := time.ParseDuration(strings.TrimPrefix(text, "-"))
	if err != nil || ago <= 0 || strings.Contains(text, "+") {
		return time.Time{}, false
	}
	return now.Add(-ago), true
}
