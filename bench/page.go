package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

// What the page is measured with: topics that all move, and groups that stand in
// some of them.
const (
	pageTopics     = 1000
	pagePartitions = 3
	pageGroups     = 100
	pageRate       = 1000 // records per second, over all topics
	groupTopics    = 10   // of each group
	pagePoll       = 10 * time.Second
)

// setting is a way to run the same mirror.
type setting struct {
	name    string
	engine  bool // only what copies, without anything that shows it
	monitor bool // it looks at the clusters
	open    bool // somebody has the overview open
}

// pageSettings each do what the one before does, and one thing more.
var pageSettings = []setting{
	{name: "the engine alone", engine: true},
	{name: "with page, history and metrics, nobody watching"},
	{name: "and looking at both clusters", monitor: true},
	{name: "and the overview open", monitor: true, open: true},
}

// page measures the CPU of a process with many topics under a small load, in each
// setting for so many seconds. It watches what another one copies: it shows the same
// topics with the same numbers, and what copying takes differs from run to run by
// more than all that shows it.
func (b *bench) page(ctx context.Context, results *results) error {
	progress("making %d topics and %d groups", pageTopics, pageGroups)
	client, err := b.west.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	if err := makePageTopics(ctx, client); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var writing sync.WaitGroup
	writing.Go(func() { trickle(ctx, client) })
	defer writing.Wait()
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-o", b.enginePath(), "mirror/bench/engine")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build engine: %w\n%s", err, out)
	}
	copier, err := b.launchPage(ctx, pageConfig{setting: setting{engine: true}})
	if err != nil {
		return err
	}
	defer copier.stop()
	for range b.rounds {
		for _, s := range pageSettings {
			share, err := b.pageRun(ctx, client, pageConfig{setting: s, watch: true})
			if err != nil {
				return fmt.Errorf("page, %s: %w", s.name, err)
			}
			progress("page, %s: %.2f %% of one core", s.name, share)
			results.add(fmt.Sprintf("%d topics that move, %d groups: %% of one core, %s", pageTopics, pageGroups, s.name), "%.2f", "mirror", share)
		}
	}
	return nil
}

func (b *bench) enginePath() string { return filepath.Join(b.dir, "engine") }

func pageTopic(i int) string { return fmt.Sprintf("page-%04d", i) }

func makePageTopics(ctx context.Context, client *kgo.Client) error {
	var names []string
	for i := range pageTopics {
		names = append(names, pageTopic(i))
	}
	admin := kadm.NewClient(client)
	created, err := admin.CreateTopics(ctx, pagePartitions, 1, nil, names...)
	if err == nil {
		err = created.Error()
	}
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for i := range pageGroups {
		at := kadm.Offsets{}
		for k := range groupTopics {
			for partition := range int32(pagePartitions) {
				at.AddOffset(pageTopic(i*groupTopics+k), partition, 0, -1)
			}
		}
		commit := func() error { return admin.CommitAllOffsets(ctx, fmt.Sprintf("group-%03d", i), at) }
		err := commit()
		for try := 0; err != nil && try < 30; try++ { // the first group makes the topic of offsets, which takes a while
			time.Sleep(time.Second)
			err = commit()
		}
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
	return nil
}

// trickle writes to all topics in turn until ctx ends.
func trickle(ctx context.Context, client *kgo.Client) {
	ticker := time.NewTicker(time.Second / pageRate)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		client.Produce(ctx, &kgo.Record{Topic: pageTopic(n % pageTopics), Partition: int32(n / pageTopics % pagePartitions), Value: make([]byte, 200)}, nil)
	}
}

// pageConfig is a setting of the process that watches, or of the one that copies.
type pageConfig struct {
	setting
	watch   bool
	address string // of its page
}

// launchPage starts a process in a setting.
func (b *bench) launchPage(ctx context.Context, c pageConfig) (*process, error) {
	text := fmt.Sprintf("name: bench\nclusters:\n  west: {brokers: [%q]}\n  east: {brokers: [%q]}\nroutes:\n  - {name: page, from: west, to: east, topics: [\"/page-.*/\"], watch: %v}\nmonitor: {enabled: %v}\n",
		b.west.Addresses(brokers.Plain)[0], b.east.Addresses(brokers.Plain)[0], c.watch, c.monitor)
	if c.address != "" {
		text += fmt.Sprintf("web: {listen: %q}\n", c.address)
	}
	id := b.next()
	config := filepath.Join(b.dir, id+".yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	if c.engine {
		return b.launch(id, exec.CommandContext(ctx, b.enginePath(), config))
	}
	return b.launch(id, exec.CommandContext(ctx, b.mirror, "run", "--config", config))
}

// pageRun returns the CPU time per time that a process takes, in percent, once all is
// copied and it has looked at the clusters twice.
func (b *bench) pageRun(ctx context.Context, source *kgo.Client, c pageConfig) (_ float64, err error) {
	if c.address, err = freeAddress(); err != nil {
		return 0, err
	}
	p, err := b.launchPage(ctx, c)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	if err := b.waitPageCopies(ctx, p, kadm.NewClient(source)); err != nil {
		return 0, err
	}
	if c.open {
		ctx, cancel := context.WithCancel(ctx)
		watching := watchOverview(ctx, "http://"+c.address)
		defer watching.Wait()
		defer cancel()
	}
	if err := rest(ctx, 25*time.Second); err != nil { // the replay, first looks and the first sight of the page are over
		return 0, err
	}
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := rest(ctx, time.Duration(b.seconds)*time.Second); err != nil {
		return 0, err
	}
	after, err := p.cpu()
	if err != nil {
		return 0, err
	}
	return (after - before) / time.Since(began).Seconds() * 100, p.ended()
}

// waitPageCopies waits until all that the source held a moment ago is in the target.
func (b *bench) waitPageCopies(ctx context.Context, p *process, source *kadm.Client) error {
	sum := func(admin *kadm.Client, prefix string) (n int64, err error) {
		ends, err := admin.ListEndOffsets(ctx)
		if err != nil {
			return 0, err
		}
		ends.Each(func(o kadm.ListedOffset) {
			if strings.HasPrefix(o.Topic, prefix) && o.Err == nil {
				n += o.Offset
			}
		})
		return n, nil
	}
	want, err := sum(source, "page-")
	if err != nil {
		return fmt.Errorf("ask for the ends: %w", err)
	}
	for end := time.Now().Add(stallLimit); ; {
		have, err := sum(b.target.admin, "west.page-")
		if err == nil && have >= want {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d of %d records were copied within %v: %v", have, want, stallLimit, err)
		}
		if err := p.ended(); err != nil {
			return err
		}
		if err := rest(ctx, time.Second); err != nil {
			return err
		}
	}
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// watchOverview asks for what the page asks for while the overview is open: the
// stream, and every ten seconds the clusters, their groups, and the history of its
// graphs and of the topics that are in sight.
func watchOverview(ctx context.Context, url string) *sync.WaitGroup {
	var watching sync.WaitGroup
	read := func(path string) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
		if err != nil {
			return
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			progress("the overview asked for %s: %s", path, response.Status)
		}
		_, _ = io.Copy(io.Discard, response.Body) // ends with ctx
	}
	watching.Go(func() { read("/api/v1/stream") })
	watching.Go(func() {
		for _, once := range []string{"/", "/api/v1/losses", "/api/v1/events"} {
			read(once)
		}
		graphs := "/api/v1/history?window=1h"
		for _, metric := range []string{"bytes_per_second", "records_per_second", "lag_seconds", "lag_records"} {
			graphs += "&series=page/" + metric
		}
		for i := range 20 {
			graphs += "&series=page/" + pageTopic(i) + "/lag_seconds"
		}
		for ctx.Err() == nil {
			for _, path := range []string{"/api/v1/clusters", "/api/v1/clusters/west/groups", "/api/v1/clusters/east/groups", graphs} {
				read(path)
			}
			if rest(ctx, pagePoll) != nil {
				return
			}
		}
	})
	return &watching
}
