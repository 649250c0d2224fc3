package clusters

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// cluster is the metadata of topics with one partition each, led by broker 1.
func metadataOf(topics map[string][16]byte) *kmsg.MetadataResponse {
	resp := kmsg.NewPtrMetadataResponse()
	for name, id := range topics {
		t := kmsg.NewMetadataResponseTopic()
		t.Topic, t.TopicID = kmsg.StringPtr(name), id
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Leader, p.Replicas, p.ISR = 1, []int32{1}, []int32{1}
		t.Partitions = append(t.Partitions, p)
		resp.Topics = append(resp.Topics, t)
	}
	return resp
}

func TestRates(t *testing.T) {
	a, b := [16]byte{1}, [16]byte{2}
	where := place{"t", 0}
	type look struct {
		second float64
		id     [16]byte
		end    int64 // -1: its broker did not answer
		rate   float64
		known  bool
	}
	for name, looks := range map[string][]look{
		"grows":                 {{0, a, 100, 0, false}, {10, a, 150, 5, true}, {20, a, 150, 0, true}},
		"one answer is missing": {{0, a, 100, 0, false}, {10, a, -1, 0, false}, {20, a, 300, 10, true}},
		"created anew":          {{0, a, 100, 0, false}, {10, b, 500, 0, false}, {20, b, 510, 1, true}},
		"cut off":               {{0, a, 100, 0, false}, {10, a, 50, 0, false}, {20, a, 60, 1, true}},
		"clock set back":        {{10, a, 100, 0, false}, {0, a, 200, 0, false}, {10, a, 300, 10, true}},
	} {
		p := newPast()
		for i, l := range looks {
			given := &answers{metadata: metadataOf(map[string][16]byte{"t": l.id}), ends: map[place]reading{}}
			if l.end >= 0 {
				given.ends[where] = reading{l.end, at(l.second)}
			}
			rates := p.take(given, []wantedPartition{{where, 1}})
			if rate, known := rates[where]; rate != l.rate || known != l.known {
				t.Errorf("%s, look %d: got %v, %t, want %v, %t", name, i, rate, known, l.rate, l.known)
			}
		}
		if rates := p.take(&answers{metadata: metadataOf(nil)}, nil); len(rates) != 0 || len(p.logs) != 0 {
			t.Errorf("%s: a partition that is gone is remembered", name)
		}
	}
}

// Only partitions that a group stands in are followed, and not too many of them.
func TestWhatIsFollowed(t *testing.T) {
	p := newPast()
	given := &answers{metadata: metadataOf(map[string][16]byte{"t": {1}}), ends: map[place]reading{},
		groups: []groupAnswer{{name: "g", committed: map[place]int64{}}}}
	var wanted []wantedPartition
	for n := range int32(maxTrails + 10) {
		where := place{"t", n}
		wanted = append(wanted, wantedPartition{where, 1}, wantedPartition{place{"u", n}, 1})
		given.ends[where], given.ends[place{"u", n}] = reading{10, at(0)}, reading{10, at(0)}
		given.groups[0].committed[where] = 5
	}
	for range 2 {
		p.take(given, wanted)
		followed := 0
		for where, l := range p.logs {
			if l.trail == nil {
				continue
			}
			if followed++; where.topic != "t" {
				t.Fatalf("%v is followed, and no group stands in it", where)
			}
		}
		if followed != maxTrails {
			t.Errorf("got %d that are followed, want %d", followed, maxTrails)
		}
	}
}

func TestAdvance(t *testing.T) {
	stand := func(numbers ...int64) (all []standing) {
		for n := 0; n < len(numbers); n += 2 {
			all = append(all, standing{place: place{"t", int32(numbers[n])}, committed: numbers[n+1]})
		}
		return all
	}
	rate := func(v float64) *float64 { return &v }
	for _, test := range []struct {
		name        string
		before, now []standing
		passed      time.Duration
		want        *float64
	}{
		{"moves on", stand(0, 10, 1, 10), stand(0, 30, 1, 20), 10 * time.Second, rate(3)},
		{"rests", stand(0, 10), stand(0, 10), 10 * time.Second, rate(0)},
		{"set back", stand(0, 10), stand(0, 5), 10 * time.Second, nil},
		{"new partition", stand(1, 10), stand(0, 500, 1, 20, 2, 7), 10 * time.Second, rate(1)},
		{"others", stand(0, 10), stand(5, 10), 10 * time.Second, nil},
		{"nothing committed", stand(0, -1), stand(0, 10), 10 * time.Second, nil},
		{"no time", stand(0, 10), stand(0, 20), 0, nil},
	} {
		got := advance(test.before, test.now, test.passed.Seconds())
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
