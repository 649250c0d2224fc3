package browser

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// reader is a member of a consumer group of dc1.
type reader struct {
	client *kgo.Client
	stop   context.CancelFunc
	done   chan struct{}
}

// startReaders starts three consumer groups: two keep up, one of which has a name
// that does not fit into an address as it is, and one falls behind in every burst.
func (w *World) startReaders() error {
	for _, g := range []struct {
		group  string
		topics []string
		pause  time.Duration // between two reads of at most 40 records
	}{
		{"billing", []string{"orders", "payments"}, 0},
		{"search/indexer", []string{"clicks.web", "clicks.app"}, 0},
		{"warehouse", []string{"orders", "inventory", "shipments"}, 200 * time.Millisecond},
	} {
		client, err := kgo.NewClient(kgo.SeedBrokers(w.dc1.ListenAddrs()...), kgo.ClientID(g.group+"-1"), kgo.ConsumerGroup(g.group),
			kgo.ConsumeTopics(g.topics...), kgo.AutoCommitInterval(500*time.Millisecond))
		if err != nil {
			return fmt.Errorf("start consumer group %s: %w", g.group, err)
		}
		ctx, stop := context.WithCancel(context.Background())
		r := &reader{client: client, stop: stop, done: make(chan struct{})}
		w.readers[g.group] = r
		go r.read(ctx, g.pause)
	}
	return nil
}

func (r *reader) read(ctx context.Context, pause time.Duration) {
	defer close(r.done)
	most := 10000
	if pause > 0 {
		most = 40
	}
	for ctx.Err() == nil {
		r.client.PollRecords(ctx, most)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// StopReader ends the only member of a group: what is written from now on is its
// lag.
func (w *World) StopReader(group string) {
	r := w.readers[group]
	delete(w.readers, group)
	r.stop()
	<-r.done
	r.client.Close()
}

// Admin asks dc1 itself, for comparing.
func (w *World) Admin() *kadm.Client { return kadm.NewClient(w.client) }
