package replicate

import (
	"testing"
	"time"
)

func TestRetentionOfSettings(t *testing.T) {
	settings := func(pairs ...string) TopicSettings {
		s := TopicSettings{known: true, Configs: map[string]Setting{}}
		for i := 0; i < len(pairs); i += 2 {
			s.Configs[pairs[i]] = Setting{Value: pairs[i+1]}
		}
		return s
	}
	tests := []struct {
		name     string
		settings TopicSettings
		want     Retention
	}{
		{"not known", TopicSettings{}, keepsAll},
		{"by age", settings("cleanup.policy", "delete", "retention.ms", "60000", "retention.bytes", "-1"), Retention{time.Minute, -1}},
		{"by size", settings("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "1000"), Retention{-1, 1000}},
		{"compacted and deleted", settings("cleanup.policy", "compact,delete", "retention.ms", "1000"), Retention{time.Second, -1}},
		{"compacted", settings("cleanup.policy", "compact", "retention.ms", "60000"), keepsAll},
		{"as long as a number goes", settings("cleanup.policy", "delete", "retention.ms", "9223372036854775807"), Retention{9223372036854 * time.Millisecond, -1}},
	}
	for _, test := range tests {
		if got := test.settings.retention(); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestUntilRetention(t *testing.T) {
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	const never = -1
	tests := []struct {
		name      string
		retention Retention
		left      uncopied
		want      float64
	}{
		{"kept for ever", keepsAll, uncopied{first: now, records: 1, bytesPerRecord: 1, growth: 1}, never},
		{"by age", Retention{time.Hour, -1}, uncopied{first: now.Add(-10 * time.Minute), records: 1}, 3000},
		{"overdue", Retention{time.Hour, -1}, uncopied{first: now.Add(-2 * time.Hour), records: 1}, 0},
		{"age not known", Retention{time.Hour, -1}, uncopied{records: 1}, never},
		{"by size", Retention{-1, 1000}, uncopied{records: 50, bytesPerRecord: 10, growth: 5}, 10},
		{"full", Retention{-1, 1000}, uncopied{records: 200, bytesPerRecord: 10}, 0},
		{"does not grow", Retention{-1, 1000}, uncopied{records: 50, bytesPerRecord: 10}, never},
		{"nothing was copied yet", Retention{-1, 1000}, uncopied{records: 50, growth: 5}, never},
		{"the sooner one counts", Retention{time.Hour, 1000}, uncopied{first: now, records: 50, bytesPerRecord: 10, growth: 5}, 10},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.retention.until(test.left, now)
			if got == nil {
				got = new(float64)
				*got = never
			}
			if *got != test.want {
				t.Errorf("got %v, want %v", *got, test.want)
			}
		})
	}
}

func TestGrowth(t *testing.T) {
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	var g growth
	steps := []struct {
		after time.Duration
		end   int64
		want  float64
	}{
		{0, 100, 0},
		{time.Second, 900, 0}, // a burst is no trend
		{9 * time.Second, 1100, 100},
		{5 * time.Second, 1200, 100},
		{5 * time.Second, 1100, 0},
		{time.Second, 10, 0}, // the topic was made anew
		{20 * time.Second, 210, 10},
	}
	for i, s := range steps {
		now = now.Add(s.after)
		g.note(s.end, now)
		if g.perSecond != s.want {
			t.Errorf("step %d: got %v records a second, want %v", i, g.perSecond, s.want)
		}
	}
}

// A partition that stands still tells how long it may, by the timestamp of what it
// has not copied or, where that is not known, of what it copied last.
func TestStatusTellsRetention(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	p := openPartition(t, true, now)
	p.retention = Retention{time.Hour, -1}
	p.acked.source, p.acked.maxTimestamp, p.sourceEnd, p.firstTimestamp = 10, now.Add(-30*time.Minute).UnixMilli(), 10, -1
	if s, _ := p.status(now); s.RetentionSeconds != nil {
		t.Errorf("caught up: got %v", *s.RetentionSeconds)
	}
	p.sourceEnd = 20
	if s, _ := p.status(now); s.RetentionSeconds == nil || *s.RetentionSeconds != 1800 {
		t.Errorf("got %v, want 1800 by the last record", s.RetentionSeconds)
	}
	p.firstTimestamp = now.Add(-20 * time.Minute).UnixMilli()
	if s, _ := p.status(now); s.RetentionSeconds == nil || *s.RetentionSeconds != 2400 {
		t.Errorf("got %v, want 2400 by the first record that is left", s.RetentionSeconds)
	}
}
