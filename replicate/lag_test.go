package replicate

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestLagOfALimitedRoute copies a backlog at a limited rate, so that most of the
// time nothing is queued: the lag in seconds is still the age of what comes next.
func TestLagOfALimitedRoute(t *testing.T) {
	const records, apart = 120, time.Minute
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	cl := client(t, p.west, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())
	begin := time.Now().Add(-2 * records * apart)
	made := func(offset int64) time.Time { return begin.Add(time.Duration(offset) * apart) }
	for i := range records {
		r := &kgo.Record{Topic: "orders", Value: make([]byte, 100_000), Timestamp: made(int64(i))}
		if err := cl.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	m, _ := startMirror(t, p.config(t, "topics: [orders]", "limits: {bytes_per_second: 2MB}"), "p1")
	seen := map[int64]bool{}
	waitFor(t, func() string {
		asked := time.Now()
		s := m.Status().Routes[0]
		if len(s.Topics) == 0 || s.Topics[0].Partitions[0].SourceOffset <= 0 {
			return "nothing is copied"
		}
		part := s.Topics[0].Partitions[0]
		if part.LagRecords == 0 {
			return ""
		}
		seen[part.SourceOffset] = true
		oldest, newest := time.Since(made(part.SourceOffset-1)), asked.Sub(made(part.SourceOffset))
		if part.LagSeconds == nil {
			t.Errorf("at offset %d the lag is unknown", part.SourceOffset)
		} else if *part.LagSeconds > oldest.Seconds()+1 || *part.LagSeconds < newest.Seconds()-1 {
			t.Errorf("at offset %d it is %v s behind, want %v to %v", part.SourceOffset, *part.LagSeconds, newest, oldest)
		}
		return "it has not caught up"
	})
	if len(seen) < 2 {
		t.Errorf("it was looked at %d times on its way", len(seen))
	}
}
