package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"mirror/config"
	"mirror/e2e/servers"
	"mirror/monitor"
	"mirror/monitor/sink"
)

// The tests of this file send snapshots to the servers of Debian and read them
// back by the servers' own means.

const manySeries = 2000

// topicOf makes names as topics have them, and names that no server takes as they are.
func topicOf(i int) string {
	switch i % 4 {
	case 0:
		return fmt.Sprintf("west.orders.%d", i)
	case 1:
		return fmt.Sprintf("west_orders_%d", i-1) // differs from the one before by its dots alone
	case 2:
		return fmt.Sprintf("clicks→%d =a,b", i)
	}
	return fmt.Sprintf("plain-%d", i)
}

// snapshot is one of many series; each has another value.
func snapshot(at time.Time, offset float64) monitor.Sample {
	s := monitor.Sample{Time: at}
	for i := range manySeries {
		s.Points = append(s.Points, monitor.Point{Value: float64(i) + offset, Series: monitor.Series{Name: "mirror_lag_seconds",
			Labels: monitor.Labels{{Name: "route", Value: "west→east"}, {Name: "topic", Value: topicOf(i)}}}})
	}
	return s
}

// startSinks runs sinks of the URLs until the test ends.
func startSinks(t *testing.T, urls ...string) *sink.Sinks {
	t.Helper()
	text := "clusters: {west: {brokers: [w:1]}, east: {brokers: [e:1]}}\nroutes: [{from: west, to: east, topics: [a]}]\nmetrics:\n  sinks:\n"
	for _, u := range urls {
		text += fmt.Sprintf("    - %q\n", u)
	}
	cfg, err := config.Parse("mirror.yaml", []byte(text), func(string) (string, bool) { return "hunter2", true })
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := sink.New(cfg.Metrics.Sinks, time.Second, sink.Identity{Mirror: "e2e", Process: "this.host"}, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

// started skips or fails where a server cannot run, and ends it with the test.
func started(t *testing.T, s interface {
	Stop()
	Log() string
}, err error) {
	t.Helper()
	require(t, err)
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("the server wrote:\n%s", s.Log())
		}
	})
}

// counted waits until a sink has handed on or dropped everything, and returns both.
func counted(t *testing.T, s *sink.Sinks, total float64) (sent, dropped float64) {
	t.Helper()
	eventually(t, "the sink to be done", func() error {
		points := s.Points(time.Now())
		if sent, dropped = points[0].Value, points[1].Value; sent+dropped < total {
			return fmt.Errorf("%v values sent, %v dropped of %v", sent, dropped, total)
		}
		return nil
	})
	return sent, dropped
}

func TestGraphite(t *testing.T) {
	carbon, err := servers.StartGraphite(t.TempDir(), "inf")
	started(t, carbon, err)
	s := startSinks(t, "graphite://"+carbon.Address+"?prefix=dc1.{process}")
	s.Take(snapshot(time.Now(), 0.5))
	if sent, dropped := counted(t, s, manySeries); sent != manySeries || dropped != 0 {
		t.Errorf("got %v values sent, %v dropped", sent, dropped)
	}
	eventually(t, "a file for each series", func() error {
		series, err := carbon.Series()
		if err == nil && len(series) != manySeries {
			err = fmt.Errorf("there are %d series", len(series))
		}
		return err
	})
	const route = "dc1.this=host.route.west=_e2=_86=_92east.topic."
	for topic, want := range map[string]float64{"west=orders=4": 4.5, "west_orders_4": 5.5, "clicks=_e2=_86=_926=_20=_3da=_2cb": 6.5, "plain-7": 7.5} {
		got, ok, err := carbon.Last(route + topic + ".lag_seconds")
		if err != nil || !ok || got != want {
			t.Errorf("%s: got %v, %v, %v, want %v", topic, got, ok, err, want)
		}
	}
	// A restart of carbon costs nothing between two snapshots.
	if err := carbon.Restart(); err != nil {
		t.Fatal(err)
	}
	s.Take(snapshot(time.Now().Add(time.Second), 100))
	if sent, dropped := counted(t, s, 2*manySeries); sent != 2*manySeries || dropped != 0 {
		t.Errorf("after a restart: got %v values sent, %v dropped", sent, dropped)
	}
	eventually(t, "the new value", func() error {
		got, ok, err := carbon.Last(route + "plain-7.lag_seconds")
		if err == nil && (!ok || got != 107) {
			err = fmt.Errorf("got %v, want 107", got)
		}
		return err
	})
}

func TestGanglia(t *testing.T) {
	gmond, err := servers.StartGmond(t.TempDir())
	started(t, gmond, err)
	gmetad, err := servers.StartGmetad(t.TempDir(), gmond)
	started(t, gmetad, err)
	s := startSinks(t, "ganglia://"+gmond.Address)
	now := time.Now()
	s.Take(snapshot(now, 0.5))
	s.Take(snapshot(now.Add(time.Second), 1000.5)) // waits behind the first one
	if sent, dropped := counted(t, s, 2*manySeries); sent != 2*manySeries || dropped != 0 {
		t.Fatalf("got %v values sent, %v dropped", sent, dropped)
	}
	const lastValue = "mirror.route.west=_e2=_86=_92east.topic.clicks=_e2=_86=_926=_20=_3da=_2cb.lag_seconds"
	for name, read := range map[string]func() (map[string]servers.GangliaMetric, error){"gmond": gmond.Metrics, "gmetad": gmetad.Metrics} {
		eventually(t, "all series at "+name, func() error {
			metrics, err := read()
			if err != nil {
				return err
			}
			if got := len(mirrorMetrics(metrics)); got != manySeries {
				return fmt.Errorf("there are %d", got)
			}
			m := metrics[lastValue]
			if m.Value != "1006.5" || m.Type != "double" || m.Units != "s" {
				return fmt.Errorf("got %+v", m)
			}
			if !slices.Contains(m.Extra, servers.GangliaExtra{Name: "GROUP", Value: "mirror"}) {
				return fmt.Errorf("no group in %+v", m)
			}
			return nil
		})
	}
	eventually(t, "gmetad's databases", func() error {
		files, err := gmetad.Files()
		if err == nil && len(files) != manySeries {
			err = fmt.Errorf("there are %d", len(files))
		}
		return err
	})
	// gmond forgets what metrics are when it restarts. A minute later it knows again.
	if err := gmond.Restart(); err != nil {
		t.Fatal(err)
	}
	total := 2.0 * manySeries
	for _, after := range []time.Duration{30 * time.Second, 62 * time.Second} {
		s.Take(snapshot(now.Add(after), 0))
		total += manySeries
		counted(t, s, total)
	}
	eventually(t, "all series after a restart", func() error {
		metrics, err := gmond.Metrics()
		if err == nil && len(mirrorMetrics(metrics)) != manySeries {
			err = fmt.Errorf("there are %d", len(mirrorMetrics(metrics)))
		}
		return err
	})
}

func mirrorMetrics(all map[string]servers.GangliaMetric) (names []string) {
	for name := range all {
		if strings.HasPrefix(name, "mirror.route.") {
			names = append(names, name)
		}
	}
	return names
}

func TestInfluxDB(t *testing.T) {
	influxd, err := servers.StartInfluxDB(t.TempDir(), "mirror", "hunter2")
	started(t, influxd, err)
	s := startSinks(t, "influxdb://mirror:${PASSWORD}@"+influxd.Address+"/metrics")
	s.Take(snapshot(time.Now(), 0.5))
	if sent, dropped := counted(t, s, manySeries); sent != 0 || dropped != manySeries {
		t.Errorf("without a database: got %v values sent, %v dropped", sent, dropped)
	}
	if _, err := influxd.Query("", "CREATE DATABASE metrics"); err != nil {
		t.Fatal(err)
	}
	total := float64(manySeries)
	eventually(t, "values after the pause", func() error {
		total += manySeries
		s.Take(snapshot(time.Now(), 0.5))
		if sent, dropped := counted(t, s, total); sent == 0 {
			return fmt.Errorf("%v dropped", dropped)
		}
		return nil
	})
	series, err := influxd.Query("metrics", `SELECT last(value) FROM mirror_lag_seconds GROUP BY *`)
	if err != nil {
		t.Fatal(err)
	}
	judgeTags(t, series, func(topic string) string { return topic }, "west→east", "this.host")
}

// judgeTags checks that each topic has a series with its value.
func judgeTags(t *testing.T, series []servers.InfluxSeries, escaped func(string) string, route, process string) {
	t.Helper()
	got := make(map[string]float64)
	for _, one := range series {
		tags := one.Tags
		if tags["route"] != route || tags["process"] != process || tags["mirror"] != "e2e" {
			t.Fatalf("got tags %v", tags)
		}
		value, _ := one.Values[0][1].(float64)
		got[tags["topic"]] = value
	}
	if len(got) != manySeries {
		t.Errorf("got %d series, want %d", len(got), manySeries)
	}
	for i := range manySeries {
		if topic := escaped(topicOf(i)); got[topic] != float64(i)+0.5 {
			t.Fatalf("%q: got %v, want %v", topic, got[topic], float64(i)+0.5)
		}
	}
}

// InfluxDB's listener for OpenTSDB's telnet protocol stands in for KairosDB, too.
func TestOpenTSDB(t *testing.T) {
	influxd, err := servers.StartInfluxDB(t.TempDir(), "", "")
	started(t, influxd, err)
	for _, scheme := range []string{"kairosdb", "opentsdb"} {
		t.Run(scheme, func(t *testing.T) {
			if _, err := influxd.Query("", "DROP DATABASE opentsdb"); err != nil {
				t.Fatal(err)
			}
			if _, err := influxd.Query("", "CREATE DATABASE opentsdb"); err != nil {
				t.Fatal(err)
			}
			s := startSinks(t, scheme+"://"+influxd.OpenTSDB)
			s.Take(snapshot(time.Now(), 0.5))
			if sent, dropped := counted(t, s, manySeries); sent != manySeries || dropped != 0 {
				t.Errorf("got %v values sent, %v dropped", sent, dropped)
			}
			var series []servers.InfluxSeries
			eventually(t, "all series", func() error {
				series, err = influxd.Query("opentsdb", `SELECT last(value) FROM mirror_lag_seconds GROUP BY *`)
				if err == nil && len(series) != manySeries {
					err = fmt.Errorf("there are %d", len(series))
				}
				return err
			})
			escape := strings.NewReplacer("→", "/e2/86/92", " ", "/20", "=", "/3d", ",", "/2c")
			judgeTags(t, series, escape.Replace, "west/e2/86/92east", "this.host")
		})
	}
}
