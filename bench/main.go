package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"mirror/e2e/brokers"
)

type options struct {
	mirror    string
	only      []string // copiers
	measure   []string // what to measure
	rounds    int
	scale     float64
	seconds   int           // of the latency measurement
	topicWait time.Duration // for a topic created while running
	verbose   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parseFlags(os.Args[1:])
	if err == nil {
		err = run(ctx, o)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseFlags(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.mirror, "mirror", "bin/mirror", "the binary to measure")
	only := flags.String("only", "mirror,kgo,mm2", "copiers")
	measure := flags.String("measure", "uncompressed,lz4,zstd,latency,restart,newtopic,page", "what to measure")
	flags.IntVar(&o.rounds, "rounds", 3, "runs of each kind; the tables show medians")
	flags.Float64Var(&o.scale, "scale", 1, "size of the throughput runs; 1 is 2 M, 6 M and 1 M records")
	flags.IntVar(&o.seconds, "seconds", 20, "length of a latency run, and of each run of the page")
	flags.DurationVar(&o.topicWait, "topic-wait", 11*time.Minute, "how long to wait for a new topic; MirrorMaker 2 looks every 10 minutes by default")
	flags.BoolVar(&o.verbose, "v", false, "show what the copiers print")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.only, o.measure = strings.Split(*only, ","), strings.Split(*measure, ",")
	if o.rounds < 1 || o.scale <= 0 {
		return o, errors.New("-rounds and -scale must be positive")
	}
	_, err := os.Stat(o.mirror)
	return o, err
}

// bench is what all measurements share.
type bench struct {
	options
	dir        string // temporary: configs, logs, kgocopy
	kafka      brokers.Kafka
	west, east *brokers.Cluster
	target     *target // of east
	runs       int     // numbers topics, routes and groups
}

func run(ctx context.Context, o options) error {
	kafka, err := brokers.Install(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mirror-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{options: o, dir: dir, kafka: kafka}
	if slices.Contains(o.only, "kgo") {
		if err := b.buildKgocopy(ctx); err != nil {
			return err
		}
	}
	progress("starting two clusters")
	if b.west, err = brokers.Start(ctx, clusterOptions()); err != nil {
		return err
	}
	defer b.west.Close()
	if b.east, err = brokers.Start(ctx, clusterOptions()); err != nil {
		return err
	}
	defer b.east.Close()
	if b.target, err = newTarget(b.east); err != nil {
		return err
	}
	defer b.target.close()
	return b.measureAll(ctx)
}

// clusterOptions are brokers with the JVM flags and the threads they come with.
// Unlike there, the first member of a group does not wait three seconds for others: all copiers
// would, and it would hide how fast they start.
func clusterOptions() brokers.Options {
	return brokers.Options{Heap: "1g", LongRun: true, Properties: map[string]string{
		"group.initial.rebalance.delay.ms": "0",
		"num.io.threads":                   "8",
		"num.network.threads":              "3",
	}}
}

func (b *bench) measureAll(ctx context.Context) error {
	var results results
	for _, work := range works(b.scale) {
		if slices.Contains(b.measure, work.name) {
			if err := b.throughput(ctx, work, &results); err != nil {
				return err
			}
		}
	}
	if slices.Contains(b.measure, "page") {
		if err := b.page(ctx, &results); err != nil {
			return err
		}
	}
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	for _, live := range []struct {
		name string
		run  func(context.Context, copier) (float64s, error)
	}{{"latency", b.latency}, {"restart", b.restart}, {"newtopic", b.newTopic}} {
		if !slices.Contains(b.measure, live.name) {
			continue
		}
		for round := range b.rounds {
			for _, c := range b.copiers(round) {
				if live.name == "newtopic" && (c.name == "kgo" || (c.name == "mm2" && round > 0)) {
					continue // kgocopy copies one topic; MirrorMaker takes ten minutes each time
				}
				measured, err := live.run(ctx, c)
				if late := (*lateError)(nil); errors.As(err, &late) {
					progress("%s %s: %v", live.name, c.name, late)
					results.addNote("%s of %s: %v", live.name, c.name, late)
					continue
				}
				if err != nil {
					return fmt.Errorf("%s of %s: %w", live.name, c.name, err)
				}
				progress("%s %s: %v", live.name, c.name, measured)
				results.addLive(live.name, c.name, measured)
			}
		}
	}
	results.print(os.Stdout)
	return nil
}

// next gives each run names of its own.
func (b *bench) next() string {
	b.runs++
	return fmt.Sprintf("r%d", b.runs)
}

// copiers are the ones asked for. The order changes from round to round, so that
// nobody always finds the brokers as the same one has left them.
func (b *bench) copiers(round int) []copier {
	asked := slices.DeleteFunc([]copier{
		{name: "mirror", start: b.startMirror, targetName: func(id, topic string) string { return id + "." + topic }, creates: true},
		{name: "kgo", start: b.startKgo, targetName: func(id, topic string) string { return id + "." + topic }},
		{name: "mm2", start: b.startMM2, targetName: func(id, topic string) string { return id + "." + topic }, creates: true},
	}, func(c copier) bool { return !slices.Contains(b.only, c.name) })
	if len(asked) == 0 {
		return nil
	}
	first := round % len(asked)
	return slices.Concat(asked[first:], asked[:first])
}

// log opens the file that a copier's output goes to.
func (b *bench) log(id string) (*os.File, error) {
	if b.verbose {
		return os.Stderr, nil
	}
	return os.Create(filepath.Join(b.dir, id+".log"))
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}
