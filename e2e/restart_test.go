package e2e

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// A clean stop under load resumes without a repeat and without a loss, and ends with exit code 0.
func TestCleanRestarts(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 3)
	s.startLoad(3, 2000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	for range kills() {
		s.waitMore(d, s.copied(), 1500)
		d.stop()
		d.start()
	}
	s.stopLoad()
	s.finish(d)
}

// Partitions that are added to a source topic under load are copied from their first record.
func TestMorePartitions(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 1, 2)
	s.startLoad(2, 1000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	s.waitMore(d, 0, 500)
	s.stopLoad()
	for topic := range s.topics {
		answers, err := kadm.NewClient(s.src).CreatePartitions(context.Background(), 4, topic)
		if err == nil {
			err = answers.Error()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.startLoad(6, 1000, 0)
	for topic, target := range s.topics {
		eventually(t, "records in the new partitions of "+topic, func() error {
			d.alive()
			return behind(map[int32]int64{0: 1, 1: 1, 2: 100, 3: 100, 4: 100, 5: 100}, ends(s.dst, target))
		})
	}
	s.stopLoad()
	s.finish(d)
}
