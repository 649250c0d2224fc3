package monitor

import (
	"testing"
	"time"
)

func TestLag(t *testing.T) {
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	var unknown time.Time
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	tests := []struct {
		name                   string
		firstUncopied, lastEnd time.Time
		caughtUp               bool
		want                   float64 // -1: unknown
	}{
		{"caught up", ago(time.Hour), ago(time.Hour), true, 0},
		{"nothing known", unknown, unknown, false, -1},
		{"never caught up", ago(time.Minute), unknown, false, 60},
		{"record's time not known", unknown, ago(5 * time.Second), false, 5},
		{"old record that just arrived", ago(1000 * time.Hour), ago(2 * time.Second), false, 2},
		{"idle topic, fresh record", ago(time.Second), ago(time.Hour), false, 1},
		{"stalled mirror", ago(time.Hour), ago(time.Hour), false, 3600},
		{"timestamp in the future", now.Add(time.Hour), ago(time.Minute), false, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Lag(now, test.firstUncopied, test.lastEnd, test.caughtUp)
			if test.want < 0 {
				if got != nil {
					t.Fatalf("got %v, want unknown", *got)
				}
				return
			}
			if got == nil || *got != test.want {
				t.Fatalf("got %v, want %v", got, test.want)
			}
		})
	}
}
