// Package demo shows a mirror at work with nothing but this process: two embedded clusters, writers of several kinds of topics in the one (west), a
// mirror that copies them to the other (east), and an application in east that reads its own topics and the copies by one pattern.
//
// Everything is compared, also in a demo that runs for days: the audit verifies the logs piece by piece and deletes what it has verified, so that
// little memory is held. If the mirror stands still, the writers wait before the logs grow too large; nothing is ever deleted that was not
// compared before.
//
// Goroutines, all of which Run waits for: one per writer, the consumer, one per reader, the audit.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mirror/config"
	"mirror/monitor"
	"mirror/verify"
)

// Options say how the demo runs.
type Options struct {
	For    time.Duration // 0: until ctx ends
	Rate   float64       // bytes per second that are written, about; 0 is 3,000,000
	Keep   int64         // bytes held in west before they are verified and deleted; 0 is 16 MiB. The clusters hold at most about three times that each
	Listen string        // address of the mirror's page; empty: a free port on loopback

	Stdout io.Writer     // addresses and the result
	Stderr io.Writer     // what moves
	TTY    bool          // Stderr is a terminal: one block that is refreshed; otherwise a line every Every
	Every  time.Duration // 0 is 5 s

	// StartMirror starts a mirror with the configuration and returns when it runs. It must not end when ctx of Run does, only with stop, which
	// waits for its end. What the mirror logs goes to logs, so that it does not disturb what is shown.
	StartMirror func(ctx context.Context, cfg *config.Config, logs io.Writer) (status func() monitor.Status, stop func(), err error)

	// Patience is how long to wait, after the writers stopped and the target stopped growing, for what is not copied. 0 is 30 s.
	Patience time.Duration
}

// Result is what the demo found out.
type Result struct {
	Records     int64 // of west, verified to be equal in east
	Bytes       int64 // their keys, values and headers
	NotCopied   int64 // records that did not arrive in time
	Differences int64
	Reports     []*verify.Report // those with differences, or records that could not be compared
	Consumed    int64            // records that the consumer in east read
	Faults      int64            // records that it found damaged, twice, missing, or out of order
	FaultTexts  []string
}

// Differs reports whether anything is not as it should be.
func (r *Result) Differs() bool {
	return r.Differences > 0 || r.NotCopied > 0 || r.Faults > 0 || len(r.Reports) > 0
}

// Run runs the demo until Options.For is over or ctx ends, then waits until the mirror has copied everything, verifies, prints the result and
// returns it. Nothing is left behind. An error means that the demo itself did not work.
func Run(ctx context.Context, o Options) (*Result, error) {
	o = o.withDefaults()
	dir, err := os.MkdirTemp("", "mirror-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	clusters, err := NewClusters()
	if err != nil {
		return nil, err
	}
	defer clusters.Close()
	d := &demo{o: o, clusters: clusters, file: filepath.Join(dir, "mirror.yaml"), screen: &screen{out: o.Stderr, tty: o.TTY}, failed: make(chan error, 1)}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	return d.run(ctx)
}

func (o Options) withDefaults() Options {
	if o.Rate <= 0 {
		o.Rate = 3e6
	}
	if o.Keep <= 0 {
		o.Keep = 16 << 20
	}
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 30 * time.Second
	}
	return o
}

// demo is a demo under way.
type demo struct {
	o        Options
	clusters *Clusters
	file     string // the configuration
	cfg      *config.Config
	screen   *screen
	started  time.Time

	load     *load
	consumer *consumer
	audit    *audit
	status   func() monitor.Status
	workers  sync.WaitGroup
	failed   chan error // the first error of a part
}

// fail ends the demo with the error; later ones say nothing new.
func (d *demo) fail(err error) {
	select {
	case d.failed <- err:
	default:
	}
}

// prepare makes the topics and the configuration, and tells of them.
func (d *demo) prepare() error {
	for _, s := range shapes() {
		if err := d.clusters.of(s.cluster).CreateTopic(s.topic, s.partitions, nil); err != nil {
			return fmt.Errorf("create topic %s in %s: %w", s.topic, s.cluster, err)
		}
	}
	listen, err := freeAddress(d.o.Listen)
	if err != nil {
		return err
	}
	text := configText(d.clusters, listen)
	if d.cfg, err = config.Parse(d.file, []byte(text), os.LookupEnv); err != nil {
		return fmt.Errorf("load the demo's configuration: %w", err)
	}
	if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the demo's configuration: %w", err)
	}
	fmt.Fprintf(d.o.Stdout, "Two Kafka clusters in this process; any client can join in while it runs:\n")
	fmt.Fprintf(d.o.Stdout, "  west  %s    kcat -C -b %s -t orders\n", bootstrap(d.clusters.West), d.clusters.West.ListenAddrs()[0])
	fmt.Fprintf(d.o.Stdout, "  east  %s    kcat -C -b %s -t west.orders\n", bootstrap(d.clusters.East), d.clusters.East.ListenAddrs()[0])
	fmt.Fprintf(d.o.Stdout, "The mirror between them runs with %s:\n\n%s\n", d.file, indent(text))
	fmt.Fprintf(d.o.Stdout, "Its page: http://%s/\n\n", listen)
	return nil
}

// run starts all parts, waits for the end and takes stock.
func (d *demo) run(ctx context.Context) (*Result, error) {
	defer d.screen.done()
	// What is under way when ctx ends is finished first: the parts have an end of their own.
	parts, end := context.WithCancel(context.WithoutCancel(ctx))
	defer d.workers.Wait()
	defer end()
	if err := d.start(parts); err != nil {
		return nil, err
	}
	defer d.audit.close()
	defer d.load.stop()
	status, stopMirror, err := d.o.StartMirror(parts, d.cfg, d.screen)
	if err != nil {
		return nil, fmt.Errorf("start the mirror: %w", err)
	}
	defer stopMirror()
	d.status = status

	bad, err := d.watch(ctx, parts)
	d.load.stop()
	if err != nil {
		return nil, err
	}
	r, err := d.takeStock(parts, bad)
	if err != nil {
		return nil, err
	}
	d.screen.done()
	return r, d.print(r)
}

// start starts the writers, the consumer, and what the audit needs. What it started when it fails ends with ctx.
func (d *demo) start(ctx context.Context) error {
	run := fmt.Sprintf("%x", time.Now().UnixMilli())
	d.started = time.Now()
	var err error
	if d.consumer, err = newConsumer(d.clusters.East.ListenAddrs(), pattern); err != nil {
		return err
	}
	d.workers.Go(func() { d.consumer.work(ctx) })
	for _, r := range readers() {
		if err := r.start(ctx, d); err != nil {
			return err
		}
	}
	if d.load, err = startLoad(ctx, d.clusters, run, d.o.Rate, d.fail); err != nil {
		return err
	}
	if d.audit, err = newAudit(d.clusters, d.cfg, d.consumer, d.load, d.o.Keep); err != nil {
		d.load.stop()
	}
	return err
}

// watch shows what moves until the time is over, a part fails, or the audit finds something: then it returns the report.
func (d *demo) watch(ctx, parts context.Context) (*verify.Report, error) {
	if d.o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.o.For)
		defer cancel()
	}
	auditing, stop := context.WithCancel(parts)
	var bad *verify.Report
	done := make(chan error, 1)
	d.workers.Go(func() {
		report, err := d.audit.work(auditing)
		bad = report
		done <- err
	})
	show := d.shower()
	t := time.NewTicker(min(time.Second, d.o.Every))
	defer t.Stop()
	for {
		select {
		case <-t.C:
			show(false)
			continue
		case err := <-d.failed:
			stop()
			<-done
			return nil, err
		case err := <-done: // before its time: it found something
			stop()
			return bad, err
		case <-ctx.Done():
		}
		show(true)
		stop()
		err := <-done
		return bad, err
	}
}

// takeStock verifies what is left, after waiting for it, unless the audit has found differences already.
func (d *demo) takeStock(ctx context.Context, bad *verify.Report) (*Result, error) {
	r := new(Result)
	report := bad
	if report == nil {
		fmt.Fprintf(d.screen, "The writers have stopped; waiting for the mirror, then comparing …\n")
		var err error
		if report, err = d.audit.finish(ctx, d.o.Patience); err != nil {
			return nil, err
		}
		r.NotCopied = report.NotCopied
		d.awaitConsumer(ctx)
	}
	if !report.Equal() {
		r.Reports = append(r.Reports, report)
	}
	r.Differences = report.Total()
	r.Records, r.Bytes = d.audit.total()
	r.Faults, r.FaultTexts = d.consumer.result()
	for _, l := range d.lines() {
		r.Consumed += l.arrived
	}
	if bad == nil && r.NotCopied == 0 && r.Consumed != d.written() {
		r.Faults++
		r.FaultTexts = append(r.FaultTexts, fmt.Sprintf("%s records were written, but %s read", number(d.written()), number(r.Consumed)))
	}
	return r, nil
}

// awaitConsumer gives the consumer time to read what was copied last.
func (d *demo) awaitConsumer(ctx context.Context) {
	for deadline := time.Now().Add(d.o.Patience); time.Now().Before(deadline); {
		var arrived int64
		for _, l := range d.lines() {
			arrived += l.arrived
		}
		if arrived >= d.written() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// written returns how many records were written to west.
func (d *demo) written() int64 {
	var n int64
	for _, w := range d.load.writers {
		if w.cluster == West {
			n += w.records.Load()
		}
	}
	return n
}

// print tells the result.
func (d *demo) print(r *Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "verify: %s records of west (%.1f MiB) are equal in east: keys, values, headers, timestamps, and their order\n", number(r.Records), float64(r.Bytes)/(1<<20))
	if r.NotCopied > 0 {
		fmt.Fprintf(&b, "verify: %s records were NOT COPIED, although nothing was written any more for %s\n", number(r.NotCopied), d.o.Patience)
	}
	fmt.Fprintf(&b, "consumer in east: %s records of west, ", number(r.Consumed))
	if r.Faults == 0 {
		b.WriteString("each once and in order\n")
	} else {
		fmt.Fprintf(&b, "%s FAULTS\n", number(r.Faults))
	}
	for _, f := range r.FaultTexts {
		fmt.Fprintf(&b, "  %s\n", f)
	}
	for _, report := range r.Reports {
		if err := report.WriteText(&b); err != nil {
			return err
		}
	}
	if r.Differs() {
		b.WriteString("RESULT: the copies differ\n")
	} else {
		b.WriteString("RESULT: 0 differences\n")
	}
	_, err := io.WriteString(d.o.Stdout, b.String())
	return err
}
