package e2e

import (
	"testing"
	"time"

	"mirror/e2e/brokers"
)

// forgetful are the settings of a target that forgets producers whose last record is more than 3 s old, looking every second.
var forgetful = map[string]string{
	"producer.id.expiration.ms":                "3000",
	"producer.id.expiration.check.interval.ms": "1000",
}

// Records that are two days old: the target forgets the producer within a second of each batch, so that nothing but the
// mirror's own care prevents repeats when it is killed. One owner at a time: still equal.
func TestOldRecords(t *testing.T) {
	west, _ := sharedPair(t)
	east := startCluster(t, brokers.Options{Properties: forgetful})
	s := newScene(t, west, east, 2, 3)
	s.startLoad(3, 2000, 48*time.Hour)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	killAtRandom(s, d, kills())
	s.stopLoad()
	s.finish(d)
}

// The same with the target broker killed under the mirror: acks are lost, and the restarted broker knows no producer.
func TestOldRecordsBrokerKilled(t *testing.T) {
	west, _ := sharedPair(t)
	east := startCluster(t, brokers.Options{Properties: forgetful})
	s := newScene(t, west, east, 2, 3)
	s.startLoad(3, 2000, 48*time.Hour)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	times := 2
	if long() {
		times = 8
	}
	for range times {
		s.waitMore(d, s.copied(), 2000)
		if err := east.Kill(1); err != nil {
			t.Fatal(err)
		}
		if err := east.Restart(1); err != nil {
			t.Fatal(err)
		}
		if err := east.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.stopLoad()
	s.finish(d)
}
