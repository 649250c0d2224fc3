package clusters

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
	"mirror/kafka"
)

// inquiry is one look at a cluster under way: it asks, and gathers the answers.
type inquiry struct {
	client  *kgo.Client
	cluster *config.Cluster
	monitor *config.Monitor
	ids     map[[16]byte]string // names of topics, which some answers tell by id
	// partitions is how many there are of each topic.
	partitions map[string]int32

	mu sync.Mutex // guards what follows while brokers are asked at the same time
	answers
}

// ask returns what the cluster says of itself. The error is that of the metadata,
// without which there is nothing; all else that fails is a note.
func ask(ctx context.Context, client *kgo.Client, c *config.Cluster, m *config.Monitor) (*answers, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	q := &inquiry{client: client, cluster: c, monitor: m, ids: map[[16]byte]string{}, partitions: map[string]int32{}, answers: answers{at: time.Now(), dirs: map[int32][]dir{},
		ends: map[place]reading{}, starts: map[place]int64{}}}
	if err := q.askMetadata(ctx); err != nil {
		return nil, err
	}
	s := selectTopics(q.metadata, m)
	q.note(s.notes...)
	var asking sync.WaitGroup
	asking.Go(func() { q.askController(ctx) })
	asking.Go(func() { q.askDirs(ctx, s) })
	asking.Go(func() { q.askListing(ctx) })
	q.askGroups(ctx)
	wanted := wantedPartitions(q.metadata, s, q.groups)
	q.askOffsets(ctx, wanted, latest)
	q.askOffsets(ctx, slices.DeleteFunc(wanted, func(w wantedPartition) bool { return !s.topics[w.topic] }), earliest)
	asking.Wait()
	slices.Sort(q.notes)
	q.notes = slices.Compact(q.notes)
	return &q.answers, nil
}

// note is for what cannot be shown.
func (q *inquiry) note(texts ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notes = append(q.notes, texts...)
}

// unknown notes why something is not known. A permission that is missing is the
// same at each broker, and said once.
func (q *inquiry) unknown(what, permission string, broker int32, err error) {
	var authorization bool
	for _, denied := range []error{kerr.ClusterAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed} {
		authorization = authorization || errors.Is(err, denied)
	}
	if authorization {
		q.note(fmt.Sprintf("%s unknown: that needs %s", what, permission))
		return
	}
	q.note(fmt.Sprintf("%s unknown at broker %d: %s", what, broker, kafka.Explain(err, q.cluster, "")))
}

// send asks one broker, with an end of its own.
func (q *inquiry) send(ctx context.Context, broker int32, req kmsg.Request) (kmsg.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return q.client.Broker(int(broker)).RetriableRequest(ctx, req)
}

// eachBroker asks several brokers at the same time.
func eachBroker[T any](of map[int32]T, visit func(broker int32, work T)) {
	slots := make(chan struct{}, brokersAtOnce)
	var asking sync.WaitGroup
	for _, broker := range slices.Sorted(maps.Keys(of)) {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			visit(broker, of[broker])
		})
	}
	asking.Wait()
}

// online are the brokers that the cluster names.
func (q *inquiry) online() map[int32]struct{} {
	brokers := make(map[int32]struct{}, len(q.metadata.Brokers))
	for i := range q.metadata.Brokers {
		brokers[q.metadata.Brokers[i].NodeID] = struct{}{}
	}
	return brokers
}

func (q *inquiry) askMetadata(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req := kmsg.NewPtrMetadataRequest() // of all topics
	resp, err := req.RequestWith(ctx, q.client)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return err
	}
	// A topic that just goes has no name or no partitions.
	resp.Topics = slices.DeleteFunc(resp.Topics, func(t kmsg.MetadataResponseTopic) bool { return t.Topic == nil || t.ErrorCode != 0 })
	resp.Topics = orderedBy(resp.Topics, func(t kmsg.MetadataResponseTopic) string { return *t.Topic })
	for i := range resp.Topics {
		t := &resp.Topics[i]
		if t.TopicID != ([16]byte{}) {
			q.ids[t.TopicID] = *t.Topic
		}
		q.partitions[*t.Topic] = int32(len(t.Partitions))
		t.Partitions = orderedBy(t.Partitions, func(p kmsg.MetadataResponseTopicPartition) int32 { return p.Partition })
	}
	q.metadata = resp
	return nil
}

// orderedBy sorts, and leaves out what is there twice: later parts rely on it,
// whatever it is that answers.
func orderedBy[T any, K cmp.Ordered](list []T, key func(T) K) []T {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return slices.CompactFunc(list, func(a, b T) bool { return key(a) == key(b) })
}

// askDirs asks each broker what lies in its log directories.
func (q *inquiry) askDirs(ctx context.Context, s *selection) {
	eachBroker(q.online(), func(broker int32, _ struct{}) {
		resp, err := q.send(ctx, broker, kmsg.NewPtrDescribeLogDirsRequest()) // of all topics
		if err == nil {
			err = kerr.ErrorForCode(resp.(*kmsg.DescribeLogDirsResponse).ErrorCode)
		}
		if err == nil && len(resp.(*kmsg.DescribeLogDirsResponse).Dirs) == 0 {
			err = kerr.ClusterAuthorizationFailed // how brokers before 3.2 say it
		}
		if err != nil {
			q.unknown("sizes are", "Describe on the cluster", broker, err)
			return
		}
		dirs := readDirs(resp.(*kmsg.DescribeLogDirsResponse), s)
		q.mu.Lock()
		defer q.mu.Unlock()
		q.dirs[broker] = dirs
	})
}

// readDirs adds up what a broker says of its directories, and keeps the sizes of
// the topics looked at.
func readDirs(resp *kmsg.DescribeLogDirsResponse, s *selection) []dir {
	var dirs []dir
	for i := range resp.Dirs {
		d := &resp.Dirs[i]
		read := dir{LogDir: LogDir{Dir: d.Dir}, replicas: make(map[place]int64)}
		if err := kerr.ErrorForCode(d.ErrorCode); err != nil {
			read.Error = err.Error()
		}
		if d.TotalBytes >= 0 && d.UsableBytes >= 0 && read.Error == "" {
			total, usable := d.TotalBytes, d.UsableBytes // copies, so that the answer can go
			read.Total, read.Usable = &total, &usable
		}
		for k := range d.Topics {
			t := &d.Topics[k]
			for _, p := range t.Partitions {
				size := max(p.Size, 0)
				read.Bytes += size
				if s.topics[t.Topic] && !p.IsFuture {
					read.replicas[place{t.Topic, p.Partition}] = size
				}
			}
		}
		dirs = append(dirs, read)
	}
	slices.SortFunc(dirs, func(a, b dir) int { return cmp.Compare(a.Dir, b.Dir) })
	return dirs
}
