package browser

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// World is three embedded clusters with load and trouble between which a mirror
// runs: a route that falls behind and catches up, a partition whose records the
// target refuses, and records that were gone before anybody could copy them.
type World struct {
	dc1, dc2, dc3 *kfake.Cluster
	client        *kgo.Client // of dc1
	back          *kgo.Client // of dc2
	writers       sync.WaitGroup
	stop          context.CancelFunc
	readers       map[string]*reader // consumer groups of dc1
	lost          int                // topics that Lose has made
	closed        []string           // addresses of dc3 before it was closed
}

// load is how a topic of dc1 is written to: records a second, and the bytes of
// each.
type load struct {
	topic      string
	partitions int32
	rate       float64
	bytes      int
}

func loads() []load {
	return []load{
		{"orders", 6, 120, 700}, {"clicks.web", 6, 300, 350}, {"clicks.app", 3, 160, 300}, {"payments", 4, 40, 900},
		{"inventory", 2, 25, 500}, {"shipments", 3, 15, 1200}, {"sessions", 4, 90, 250}, {"prices", 2, 10, 150},
		{"customers", 3, 4, 800}, {"archive", 1, 0, 0},
	}
}

// NewWorld starts the clusters and creates the topics.
func NewWorld(ctx context.Context) (*World, error) {
	w := &World{readers: make(map[string]*reader)}
	var err error
	for _, c := range []struct {
		cluster **kfake.Cluster
		name    string
	}{{&w.dc1, "dc1"}, {&w.dc2, "dc2"}, {&w.dc3, "dc3"}} {
		*c.cluster, err = newCluster(c.name)
		if err != nil {
			w.Close()
			return nil, fmt.Errorf("start cluster %s: %w", c.name, err)
		}
	}
	if w.client, err = newWriter(w.dc1); err == nil {
		w.back, err = newWriter(w.dc2)
	}
	if err == nil {
		err = w.createTopics(ctx)
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func newCluster(name string, opts ...kfake.Opt) (*kfake.Cluster, error) {
	// Small segments and a short retention keep a world small that runs for an hour.
	return kfake.NewCluster(append(opts, kfake.NumBrokers(2), kfake.ClusterID(name+"-id"),
		kfake.BrokerConfigs(map[string]string{"log.segment.bytes": "262144", "log.cleaner.backoff.ms": "10000", "log.retention.ms": "300000"}))...)
}

func newWriter(c *kfake.Cluster) (*kgo.Client, error) {
	return kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(20*time.Millisecond), kgo.DisableIdempotentWrite())
}

func (w *World) createTopics(ctx context.Context) error {
	admin := kadm.NewClient(w.client)
	for _, l := range loads() {
		if _, err := admin.CreateTopic(ctx, l.partitions, 1, nil, l.topic); err != nil {
			return fmt.Errorf("create topic %s: %w", l.topic, err)
		}
	}
	// The copy of archive takes small batches only.
	small := "1500"
	if _, err := kadm.NewClient(w.back).CreateTopic(ctx, 1, 1, map[string]*string{"max.message.bytes": &small}, "dc1.archive"); err != nil {
		return fmt.Errorf("create topic dc1.archive: %w", err)
	}
	if _, err := kadm.NewClient(w.back).CreateTopic(ctx, 2, 1, nil, "feedback"); err != nil {
		return fmt.Errorf("create topic feedback: %w", err)
	}
	return nil
}

// Config is the configuration of the mirror between the clusters. The route to dc3
// may copy only so much, so it falls behind when much is written.
func (w *World) Config(listen, history string) string {
	list := func(c *kfake.Cluster) string { return strings.Join(c.ListenAddrs(), ", ") }
	return fmt.Sprintf(`name: europe
clusters:
  dc1: {brokers: [%s]}
  dc2: {brokers: [%s]}
  dc3: {brokers: [%s]}
routes:
  - {from: dc1, to: dc2, topics: ["/.*/"], exclude: ["/dc.*/", "/extra\\..*/"], refresh: 500ms}
  - {from: dc2, to: dc1, topics: [feedback], refresh: 500ms}
  - {from: dc1, to: dc3, topics: ["/clicks\\..*/", orders], refresh: 500ms, limits: {bytes_per_second: 330KB}}
monitor: {interval: 5s}
web:
  listen: %s
  history: {path: %s, series: 1500}
log: {level: warn}
`, list(w.dc1), list(w.dc2), list(w.dc3), listen, history)
}

// Start begins to write and to read. Rates swing by a third within some minutes, each topic in
// its own time, and every few minutes there is a burst.
func (w *World) Start(ctx context.Context) error {
	ctx, w.stop = context.WithCancel(ctx)
	began := time.Now()
	for i, l := range loads() {
		if l.rate > 0 {
			w.writers.Go(func() { write(ctx, w.client, l, func() float64 { return swing(time.Since(began), float64(i)) }) })
		}
	}
	w.writers.Go(func() {
		write(ctx, w.back, load{"feedback", 2, 12, 400}, func() float64 { return swing(time.Since(began), 3) })
	})
	return w.startReaders()
}

// swing is the factor of the load at a time.
func swing(t time.Duration, phase float64) float64 {
	minutes := t.Minutes()
	factor := 1 + 0.33*math.Sin(2*math.Pi*(minutes/7+phase/5)) + 0.1*math.Sin(2*math.Pi*minutes/1.3+phase)
	if burst := math.Mod(minutes, 9); burst > 5 && burst < 6.5 {
		factor += 1.2
	}
	return factor
}

// write writes in small bursts, ten a second.
func write(ctx context.Context, client *kgo.Client, l load, factor func() float64) {
	noise := make([]byte, 1<<16)
	rand.Read(noise)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	due, n := 0.0, 0
	for {
		for due += l.rate / 10 * factor(); due >= 1; due-- {
			n += 97
			at := n % (len(noise) - l.bytes)
			client.TryProduce(ctx, &kgo.Record{Topic: l.topic, Value: noise[at : at+l.bytes]}, nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// StopPartition writes a record that the target refuses.
func (w *World) StopPartition(ctx context.Context) error {
	value := make([]byte, 8000)
	rand.Read(value)
	return w.client.ProduceSync(ctx, &kgo.Record{Topic: "archive", Value: value}).FirstErr()
}

// Lose makes topics whose first records are gone before the mirror sees them. It may
// see one between its creation and the deletion of its records; then nothing is lost
// there, so there are three, and it may be called again.
func (w *World) Lose(ctx context.Context) error {
	admin := kadm.NewClient(w.client)
	for range 3 {
		w.lost++
		topic := fmt.Sprintf("returns.%d", w.lost)
		if err := w.dc1.CreateTopic(topic, 1, nil); err != nil {
			return fmt.Errorf("create topic %s: %w", topic, err)
		}
		var records []*kgo.Record
		for range 250 {
			records = append(records, &kgo.Record{Topic: topic, Value: []byte("a return")})
		}
		if err := w.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return fmt.Errorf("write topic %s: %w", topic, err)
		}
		offsets := make(kadm.Offsets)
		offsets.AddOffset(topic, 0, 240, -1)
		if _, err := admin.DeleteRecords(ctx, offsets); err != nil {
			return fmt.Errorf("delete records of %s: %w", topic, err)
		}
	}
	return nil
}

// AddTopics creates many topics in dc1, for a page that has much to show. Those that
// are called extra are not copied.
func (w *World) AddTopics(name string, n int) error {
	for i := range n {
		if err := w.dc1.CreateTopic(fmt.Sprintf("%s.%04d", name, i), 1, nil); err != nil {
			return err
		}
	}
	return nil
}

// Quiet ends the writing, so that numbers come to rest.
func (w *World) Quiet() {
	if w.stop != nil {
		w.stop()
		w.writers.Wait()
	}
}

// CloseCluster ends dc3 alone.
func (w *World) CloseCluster() {
	w.closed = w.dc3.ListenAddrs()
	w.dc3.Close()
	w.dc3 = nil
}

// ReopenCluster starts dc3 again where it was. What was in it is gone.
func (w *World) ReopenCluster() error {
	var ports []int
	for _, address := range w.closed {
		port, err := strconv.Atoi(address[strings.LastIndex(address, ":")+1:])
		if err != nil {
			return fmt.Errorf("read address %s: %w", address, err)
		}
		ports = append(ports, port)
	}
	var err error
	if w.dc3, err = newCluster("dc3", kfake.Ports(ports...)); err != nil {
		return fmt.Errorf("start cluster dc3 again: %w", err)
	}
	return nil
}

// Close ends everything.
func (w *World) Close() {
	w.Quiet()
	for group := range w.readers {
		w.StopReader(group)
	}
	for _, c := range []*kgo.Client{w.client, w.back} {
		if c != nil {
			c.Close()
		}
	}
	for _, c := range []*kfake.Cluster{w.dc1, w.dc2, w.dc3} {
		if c != nil {
			c.Close()
		}
	}
}
