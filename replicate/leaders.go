package replicate

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"mirror/config/logkey"
	"mirror/kafka"
)

// leaders follows the leaders and addresses of one cluster. It asks the
// cluster at each refresh interval, and at once when a worker met a broker that
// does not lead any more.
type leaders struct {
	route  *route
	side   *side
	target bool
	signal chan struct{}

	mu      sync.Mutex // guards what follows
	brokers map[int32]string
	trouble string // why the last look found nothing out; empty when it did
}

func newLeaders(r *route, s *side, target bool) *leaders {
	return &leaders{route: r, side: s, target: target, signal: make(chan struct{}, 1), brokers: map[int32]string{}}
}

func (l *leaders) refresh() {
	select {
	case l.signal <- struct{}{}:
	default:
	}
}

// addr is where a broker listens.
func (l *leaders) addr(broker int32) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.brokers[broker]
	return a, ok
}

// run follows until ctx ends. Requests that pile up are answered by one look;
// looks in a row get further apart, up to half a second.
func (l *leaders) run(ctx context.Context) {
	pause := time.Duration(0)
	for {
		t := time.NewTimer(l.route.config.Refresh)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
			pause = 0
		case <-l.signal:
			t.Stop()
			if pause > 0 {
				_ = sleep(ctx, pause) // look fails at once when the route ends
			}
			pause = min(max(2*pause, 20*time.Millisecond), 500*time.Millisecond)
		}
		l.look(ctx)
	}
}

// look asks once and tells the partitions.
func (l *leaders) look(ctx context.Context) {
	parts := l.route.partitions()
	names := map[string]bool{}
	for _, p := range parts {
		names[l.topicOf(p)] = true
	}
	topics := make([]string, 0, len(names))
	for n := range names {
		topics = append(topics, n)
	}
	cctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	meta, err := FetchMetadata(cctx, l.side.client, topics)
	if err != nil {
		if ctx.Err() == nil {
			l.route.log.Debug("metadata", logkey.Cluster, l.side.config.Name, logkey.Err, err)
			l.note(kafka.Explain(err, l.side.config, "ask for leaders"))
		}
		return
	}
	l.note("")
	l.setBrokers(meta)
	for _, p := range parts {
		l.tell(p, meta.Topics[l.topicOf(p)])
	}
}

func (l *leaders) note(trouble string) {
	l.mu.Lock()
	l.trouble = trouble
	l.mu.Unlock()
}

// unreachable says why the cluster cannot be asked at present; empty when it can.
func (l *leaders) unreachable() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trouble
}

func (l *leaders) setBrokers(meta *Metadata) {
	brokers := make(map[int32]string, len(meta.Brokers))
	for id, b := range meta.Brokers {
		brokers[id] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	l.mu.Lock()
	l.brokers = brokers
	l.mu.Unlock()
}

func (l *leaders) topicOf(p *partition) string {
	if l.target {
		return p.target
	}
	return p.topic
}

// tell passes a topic's news to one of its partitions. Another topic id is not
// news but another topic: discovery deals with it.
func (l *leaders) tell(p *partition, t *Topic) {
	if t == nil || t.Err != nil {
		return
	}
	for _, m := range t.Partitions {
		if m.Partition != p.number {
			continue
		}
		p.mu.Lock()
		if l.target && t.ID == p.targetID {
			p.setTargetLeader(leadership{m.Leader, m.LeaderEpoch})
		} else if !l.target && t.ID == p.sourceID {
			p.setSourceLeader(leadership{m.Leader, m.LeaderEpoch})
		}
		p.mu.Unlock()
		return
	}
}
