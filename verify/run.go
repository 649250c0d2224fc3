// Package verify compares the records of a route's source and target topics, independently of the code that copied them.
//
// Both sides are read with plain Fetch requests through kgo clients and decoded by kgo; nothing of the packages that copy is used, so that an
// error there cannot hide itself here. A kgo consumer would not do: it steps over batches whose base offset is corrupt without a word and does not
// show aborted transactions, while a reader that sees every offset can insist that none is missing.
//
// The life of one partition: freeze (the ends of both logs, so that the task is fixed while the logs move), reader (chunks of decoded records),
// stream (entries with fingerprints; transactions resolved, holes noticed), comparison (equal heads are taken off both streams; at a mismatch a
// window of each is aligned and what lies between equal records is named), trace (records that came from elsewhere are looked up there), report.
//
// Memory: per partition at work two chunks and a window of each side, at most 2 x 131,072 fingerprints of 56 bytes while differences are named.
//
// Goroutines: Run starts Options.Parallel workers and one ticker for progress, and waits for them. Each stream has at most one fetch under way,
// which its close waits for.
package verify

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// run is one verification under way.
type run struct {
	o        Options
	src, dst *kgo.Client
	unpack   kgo.Decompressor
	origin   uint32 // of the source cluster, and the target's: see producer.go
	home     uint32

	before *logs // source, frozen before the target
	target *logs
	after  *logs // source, frozen again after the target: what the target holds has to be below these ends

	jobs []*job

	records, bytes, total, found atomic.Int64
	done                         atomic.Int32
}

// Run compares the pairs' topics. src and dst are clients without groups or consumed topics; they are not closed. The error is about the
// verification as a whole (a cluster that cannot be reached, a cancelled context: the report holds what was compared until then);
// partitions that could not be read are in the report.
func Run(ctx context.Context, src, dst *kgo.Client, pairs []Pair, o Options) (*Report, error) {
	r := &run{o: o.withDefaults(), src: src, dst: dst, unpack: kgo.DefaultDecompressor()}
	report := &Report{Route: o.Route, Started: time.Now(), Counts: make(map[Kind]int64)}
	if o.Sample > 0 && o.Sample < 100 {
		report.Sampled = o.Sample
	}
	notes, err := r.freeze(ctx, pairs)
	if err != nil {
		return nil, err
	}
	report.Notes = notes
	r.plan(pairs, report)
	r.work(ctx)
	if ctx.Err() == nil {
		r.trace(ctx)
	}
	r.fill(report)
	return report, ctx.Err()
}

// freeze notes the bounds of both sides: what the source has now is to be compared; what the target holds then must be in the source a moment later.
func (r *run) freeze(ctx context.Context, pairs []Pair) ([]string, error) {
	var sources, targets []string
	for _, p := range pairs {
		sources, targets = append(sources, p.Source), append(targets, p.Target)
	}
	before, notes, err := freezeSource(ctx, r.src, sources, r.o.ReadCommitted)
	if err != nil {
		return nil, err
	}
	target, more, err := freezeTarget(ctx, r.dst, targets)
	if err != nil {
		return nil, err
	}
	after := &logs{topics: before.topics, settings: before.settings}
	if err := after.freeze(ctx, r.src, r.o.ReadCommitted); err != nil {
		return nil, err
	}
	r.before, r.target, r.after = before, target, after
	return append(notes, more...), r.origins(ctx, pairs)
}

// work runs the jobs, Options.Parallel at a time, and reports progress.
func (r *run) work(ctx context.Context) {
	queue := make(chan *job)
	var workers sync.WaitGroup
	for range min(r.o.Parallel, max(1, len(r.jobs))) {
		workers.Go(func() {
			for j := range queue {
				j.run(ctx)
				r.done.Add(1)
			}
		})
	}
	stop := make(chan struct{})
	var ticker sync.WaitGroup
	ticker.Go(func() { r.tick(stop) })
	for _, j := range r.jobs {
		queue <- j // a cancelled context makes jobs end at once
	}
	close(queue)
	workers.Wait()
	close(stop)
	ticker.Wait()
}

// tick calls Options.Progress until stop is closed, and once more then.
func (r *run) tick(stop <-chan struct{}) {
	if r.o.Progress == nil {
		return
	}
	t := time.NewTicker(r.o.ProgressEvery)
	defer t.Stop()
	for {
		select {
		case <-stop:
			r.o.Progress(r.progress())
			return
		case <-t.C:
			r.o.Progress(r.progress())
		}
	}
}

func (r *run) progress() Progress {
	return Progress{Partitions: len(r.jobs), Done: int(r.done.Load()), Records: r.records.Load(), Total: max(r.total.Load(), r.records.Load()),
		Bytes: r.bytes.Load(), Differences: r.found.Load()}
}
