package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/servers"
	"mirror/monitor"
)

// mirroredTopics are enough for 2,000 series.
const mirroredTopics = 120

// oddGroup is a group with a name that no format takes as it is. It is six records behind in topic.7.
const oddGroup = `team "west->east"\größe.1`

// embedded starts a cluster inside this process and returns its address.
func embedded(t *testing.T, name string, opts ...kfake.Opt) string {
	t.Helper()
	return embeddedCluster(t, name, opts...).ListenAddrs()[0]
}

func embeddedCluster(t *testing.T, name string, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.ClusterID("e2e-metrics-" + name),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// startWithSinks starts a daemon between two embedded clusters with many topics of
// ten records each. Every second it sends what it does to the sinks.
func startWithSinks(t *testing.T, sinks ...string) *daemon {
	t.Helper()
	var topics []string
	for i := range mirroredTopics {
		topics = append(topics, fmt.Sprintf("topic.%d", i))
	}
	west, east := embedded(t, "west", kfake.SeedTopics(1, topics...)), embedded(t, "east")
	client, err := kgo.NewClient(kgo.SeedBrokers(west), kgo.DisableIdempotentWrite())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, topic := range topics {
		for range 10 {
			client.Produce(context.Background(), &kgo.Record{Topic: topic, Value: []byte("secret content")}, nil)
		}
	}
	if err := client.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	read := kadm.Offsets{}
	read.AddOffset("topic.7", 0, 4, -1)
	if err := kadm.NewClient(client).CommitAllOffsets(context.Background(), oddGroup, read); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(append([]string{}, sinks...)) // which is YAML, too
	if err != nil {
		t.Fatal(err)
	}
	d := newDaemonFromText(t, "mirror", func(listen string) string {
		return fmt.Sprintf("name: e2e\nclusters: {west: {brokers: [%q]}, east: {brokers: [%q]}}\nroutes: [{from: west, to: east, topics: [\"/.*/\"]}]\n"+
			"metrics: {interval: 1s, sinks: %s}\nmonitor: {interval: 5s}\nlog: {level: debug}\nweb: {listen: %q}\n", west, east, list, listen)
	})
	d.start()
	return d
}

// statsd collects gauges.
type statsd struct {
	address string
	mu      sync.Mutex // guards gauges
	gauges  map[string]string
}

func startStatsd(t *testing.T) *statsd {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &statsd{address: conn.LocalAddr().String(), gauges: make(map[string]string)}
	go func() {
		for buf := make([]byte, 65536); ; {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			s.mu.Lock()
			for line := range strings.SplitSeq(strings.TrimSuffix(string(buf[:n]), "\n"), "\n") {
				name, rest, _ := strings.Cut(line, ":")
				s.gauges[name], _ = strings.CutSuffix(rest, "|g")
			}
			s.mu.Unlock()
		}
	}()
	return s
}

func (s *statsd) get(name string) (string, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gauges[name], len(s.gauges)
}

// The daemon sends to every kind of sink at once what it shows at /metrics, and a
// sink that is down takes nothing away from the others.
func TestMetricsOfARunningMirror(t *testing.T) {
	carbon, err := servers.StartGraphite(t.TempDir(), "inf")
	started(t, carbon, err)
	gmond, err := servers.StartGmond(t.TempDir())
	started(t, gmond, err)
	influxd, err := servers.StartInfluxDB(t.TempDir(), "", "")
	started(t, influxd, err)
	for _, database := range []string{"mirror", "opentsdb"} {
		if _, err := influxd.Query("", "CREATE DATABASE "+database); err != nil {
			t.Fatal(err)
		}
	}
	gauges := startStatsd(t)
	nobody := freeAddress(t)
	d := startWithSinks(t, "graphite://"+carbon.Address+"?prefix=m", "ganglia://"+gmond.Address, "influxdb://"+influxd.Address+"/mirror",
		"kairosdb://"+influxd.OpenTSDB, "statsd://"+gauges.address+"?prefix=m", "graphite://"+nobody)
	d.waitState(monitor.CaughtUp)

	const path = ".route.west-to-east.topic.topic=7.records_total"
	eventually(t, "the records of a topic at Graphite", func() error {
		got, ok, err := carbon.Last("m" + path)
		return differs(got, ok, err)
	})
	eventually(t, "the records of a topic at Ganglia", func() error {
		metrics, err := gmond.Metrics()
		if err == nil && len(metrics) < manySeries {
			err = fmt.Errorf("there are %d series", len(metrics))
		}
		if m := metrics["mirror"+path]; err == nil && m.Value != "10" {
			err = fmt.Errorf("got %+v", m)
		}
		return err
	})
	for _, database := range []string{"mirror", "opentsdb"} {
		eventually(t, "the records of a topic in the database "+database, func() error {
			series, err := influxd.Query(database, `SELECT last(value) FROM mirror_records_total WHERE topic = 'topic.7' GROUP BY *`)
			if err != nil || len(series) != 1 {
				return fmt.Errorf("got %v, %v", series, err)
			}
			got, ok := series[0].Values[0][1].(float64)
			return differs(got, ok, nil)
		})
	}
	eventually(t, "the lag of a group everywhere", func() error {
		const name = ".cluster.west.group.team=_20=_22west-=_3eeast=_22=_5cgr=_c3=_b6=_c3=_9fe=1.lag_records"
		got, ok, err := carbon.Last("m" + name)
		if err != nil || !ok || got != 6 {
			return fmt.Errorf("graphite: got %v, %v", got, err)
		}
		metrics, err := gmond.Metrics()
		if err != nil || metrics["mirror"+name].Value != "6" {
			return fmt.Errorf("ganglia: got %+v, %v", metrics["mirror"+name], err)
		}
		if got, _ := gauges.get("m" + name); got != "6" {
			return fmt.Errorf("statsd: got %q", got)
		}
		for database, group := range map[string]string{"mirror": strings.ReplaceAll(oddGroup, `\`, "%5c"), "opentsdb": "team/20/22west-/3eeast/22/5cgr/c3/b6/c3/9fe.1"} {
			series, err := influxd.Query(database, `SELECT last(value) FROM mirror_cluster_group_lag_records GROUP BY *`)
			if err != nil || len(series) != 1 || series[0].Tags["group"] != group || series[0].Values[0][1] != 6.0 {
				return fmt.Errorf("database %s: got %v, %v", database, series, err)
			}
		}
		return nil
	})
	eventually(t, "the records of a topic at statsd", func() error {
		got, n := gauges.get("m" + path)
		if got != "10" || n < manySeries {
			return fmt.Errorf("got %q of %d series", got, n)
		}
		return nil
	})
	eventually(t, "counts of the sinks", func() error {
		text, err := d.scrape()
		if err != nil {
			return err
		}
		for _, want := range []string{`mirror_sink_dropped_total{sink="graphite://` + carbon.Address + `"} 0`,
			`mirror_sink_sent_total{sink="graphite://` + nobody + `"} 0`, `mirror_records_total{route="west-to-east",topic="topic.7"} 10`} {
			if !strings.Contains(string(text), want+"\n") {
				return fmt.Errorf("no %s", want)
			}
		}
		if strings.Contains(string(text), `mirror_sink_dropped_total{sink="graphite://`+nobody+`"} 0`) {
			return errors.New("nothing was dropped for the sink that is down")
		}
		return nil
	})
	d.stop()
}

func differs(got float64, ok bool, err error) error {
	if err == nil && (!ok || got != 10) {
		err = fmt.Errorf("got %v, want 10", got)
	}
	return err
}

// scrape reads a daemon's /metrics.
func (d *daemon) scrape() ([]byte, error) {
	response, err := http.Get("http://" + d.listen + "/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() // nothing is left to read or to lose
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(response.Body)
}

// Prometheus itself scrapes a running mirror, and promtool finds nothing to say.
func TestPrometheus(t *testing.T) {
	d := startWithSinks(t)
	prometheus, err := servers.StartPrometheus(t.TempDir(), "groups: []", d.listen)
	started(t, prometheus, err)
	d.waitState(monitor.CaughtUp)
	queries := map[string]float64{
		`up{job="mirror"}`: 1,
		`sum(mirror_records_total{route="west-to-east"})`:                             10 * mirroredTopics,
		`mirror_route_records_total`:                                                  10 * mirroredTopics,
		`count(mirror_records_total)`:                                                 mirroredTopics,
		`mirror_lag_records{topic="topic.7"}`:                                         0,
		`mirror_route_copy_latency_seconds_count`:                                     10 * mirroredTopics,
		`sum(mirror_copy_latency_seconds_bucket{le="+Inf"})`:                          10 * mirroredTopics,
		`count(histogram_quantile(0.99, mirror_route_record_age_seconds_bucket) > 0)`: 1,
		`mirror_route_state{state="caught_up"}`:                                       1,
		`sum(mirror_cluster_up)`:                                                      2,
		`count(mirror_cluster_broker_leaders)`:                                        2,
		`count(mirror_cluster_topic_bytes{cluster="west"})`:                           mirroredTopics,
		`mirror_cluster_group_lag_records{group=` + strconv.Quote(oddGroup) + `}`:     6,
	}
	for query, want := range queries {
		eventually(t, query, func() error {
			samples, err := prometheus.Query(query)
			if err == nil && (len(samples) != 1 || samples[0].Value != want) {
				err = fmt.Errorf("got %v, want %v", samples, want)
			}
			return err
		})
	}
	text, err := d.scrape()
	if err != nil {
		t.Fatal(err)
	}
	complaints, err := servers.CheckMetrics(text)
	require(t, err)
	if complaints != "" {
		t.Errorf("promtool check metrics:\n%s", complaints)
	}
}
