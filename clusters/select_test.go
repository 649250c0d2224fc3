package clusters

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestSelectGroups(t *testing.T) {
	cfg := configOf(t, []string{"w:1"}, "monitor: {max_groups: 2, groups: [\"/a.*/\", b/c]}")
	all := []listed{
		{"az", consumer, "Stable", "consumer", 1}, {"b/c", "", "Empty", "", 2}, {"ab", classic, "Empty", "consumer", 1}, {"ab", classic, "Dead", "consumer", 2},
		{"other", classic, "Stable", "consumer", 1}, {"ashare", share, "Stable", "share", 1}, {"anew", "of 2030", "Stable", "", 1}, {"a\xff", classic, "Stable", "consumer", 1},
	}
	chosen, total, notes := selectGroups(all, &cfg.Monitor)
	var names []string
	for _, g := range chosen {
		names = append(names, g.name+" "+g.kind)
	}
	if want := []string{"ab classic", "ashare share"}; !slices.Equal(names, want) || total != 7 {
		t.Errorf("got %v of %d, want %v of 7", names, total, want)
	}
	want := []string{
		"groups of a type that this version of mirror does not know are not looked at: there are 1",
		"groups whose names are no text are not looked at: there are 1",
		"4 groups: more than monitor.max_groups (2), so only the first of them by name are looked at",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("got notes %q, want %q", notes, want)
	}
}

// Processes that start together look at different times from their third look on,
// and none waits for more than an interval.
func TestNextLook(t *testing.T) {
	const interval = 30 * time.Second
	for _, test := range []struct {
		looks  int
		chance float64
		want   time.Duration
	}{{1, 0.9, secondLook}, {2, 0, interval / 2}, {2, 0.5, 3 * interval / 4}, {2, 1, interval}, {3, 0, interval}, {1000, 0.9, interval}} {
		if got := nextLook(test.looks, interval, test.chance); got != test.want {
			t.Errorf("after %d looks: got %v, want %v", test.looks, got, test.want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// What a group's leader wrote may be anything.
func FuzzReadAssignment(f *testing.F) {
	good := kmsg.NewConsumerMemberAssignment()
	topic := kmsg.NewConsumerMemberAssignmentTopic()
	topic.Topic, topic.Partitions = "orders", []int32{2, 0, 1}
	good.Topics = append(good.Topics, topic)
	f.Add(good.AppendTo(nil))
	f.Add([]byte{})
	f.Add([]byte{0, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		numbers := 0
		for _, a := range readAssignment(raw) {
			if !slices.IsSorted(a.Partitions) {
				t.Errorf("got %v, want them in order", a.Partitions)
			}
			numbers += len(a.Partitions)
		}
		if 4*numbers > len(raw) {
			t.Errorf("got %d partitions out of %d bytes", numbers, len(raw))
		}
	})
}
