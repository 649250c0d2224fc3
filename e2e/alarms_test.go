package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/servers"
	"mirror/monitor"
)

// dashboardQueries are what Grafana would ask, with its variables filled in.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../deploy/grafana/mirror.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, strings.NewReplacer("$__rate_interval", "10s", "$route", ".*", "$instance", ".*", "$job", "mirror").Replace(target.Expr))
		}
	}
	if len(queries) < 20 {
		t.Fatalf("the dashboard asks %d questions only", len(queries))
	}
	return queries
}

// impatientAlarms are those of the project that wait for seconds instead of minutes.
func impatientAlarms(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`for: \d+m`).ReplaceAllString(string(text), "for: 1s")
	const late = "max by (route) (mirror_route_lag_seconds) > 60"
	if !strings.Contains(rules, late) {
		t.Fatalf("the alarms do not say %q", late)
	}
	return strings.Replace(rules, late, "max by (route) (mirror_route_lag_seconds) > 5", 1)
}

// namedIn is nil when the exposition has every metric of ours that the text names.
func namedIn(exposition, text string) error {
	const parts = `_(?:bucket|sum|count)$`
	var missing []error
	for _, name := range regexp.MustCompile(`\b(?:mirror|process|go)_[a-z_]+`).FindAllString(text, -1) {
		family := regexp.MustCompile(parts).ReplaceAllString(name, "")
		typed := strings.Contains(exposition, "# TYPE "+name+" ") || family != name && strings.Contains(exposition, "# TYPE "+family+" histogram\n")
		if !typed {
			missing = append(missing, fmt.Errorf("/metrics has no %s", name))
		}
	}
	return errors.Join(missing...)
}

// A real Prometheus that scrapes a running mirror has an answer to each question of
// the dashboard, and the alarms fire when their faults are there and not before.
func TestDashboardAndAlarms(t *testing.T) {
	const dead = "127.0.0.1:1"
	west, east := embeddedCluster(t, "west", kfake.SeedTopics(2, "orders")), embedded(t, "east")
	client, err := kgo.NewClient(kgo.SeedBrokers(west.ListenAddrs()...), kgo.DisableIdempotentWrite(),
		kgo.DefaultProduceTopic("orders"), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// Batches that are too large for the target are copied deep.
	d := newDaemonFromText(t, "mirror", func(listen string) string {
		return fmt.Sprintf("name: e2e\nclusters: {west: {brokers: [%q]}, east: {brokers: [%q]}}\nroutes: [{from: west, to: east, topics: [orders], topic_defaults: {config: {max.message.bytes: \"1000\"}}}]\n"+
			"metrics: {interval: 1s, sinks: [\"graphite://%s\"]}\nweb: {listen: %q}\n", west.ListenAddrs()[0], east, dead, listen)
	})
	prometheus, err := servers.StartPrometheus(t.TempDir(), impatientAlarms(t), d.listen, dead)
	started(t, prometheus, err)
	d.start()
	d.waitState(monitor.CaughtUp)

	eventually(t, "each metric that the dashboard and the alarms name", func() error {
		text, err := d.scrape()
		return errors.Join(err, produce(t, client), namedIn(string(text), impatientAlarms(t)+strings.Join(dashboardQueries(t), "\n")))
	})
	for _, query := range dashboardQueries(t) {
		eventually(t, query, func() error {
			// Shares of time need something that goes on.
			return errors.Join(produce(t, client), answers(prometheus, query))
		})
	}
	always := []string{"MirrorDown", "MirrorSinkDrops"} // of who is not there
	waitAlarms(t, prometheus, always...)

	// The source drops records while no mirror runs; the new process finds that before it is asked.
	d.stop()
	if err := produce(t, client); err != nil {
		t.Fatal(err)
	}
	dropAll(t, client)
	d.start()
	d.waitState(monitor.CaughtUp)
	always = append(always, "MirrorLosses")
	waitAlarms(t, prometheus, always...)

	west.Close()
	waitAlarms(t, prometheus, append(always, "MirrorLate", "MirrorWaiting")...)
	d.kill()
	waitAlarms(t, prometheus, append(always, "MirrorFleetDown")...)
}

// produce writes a batch of some records.
func produce(t *testing.T, client *kgo.Client) error {
	var records []*kgo.Record
	for range 20 {
		records = append(records, &kgo.Record{Value: make([]byte, 100)})
	}
	return client.ProduceSync(t.Context(), records...).FirstErr()
}

// answers is nil when the expression has a result that is a number.
func answers(p *servers.Prometheus, query string) error {
	samples, err := p.Query(query)
	if err != nil {
		return err
	}
	for _, s := range samples {
		if !math.IsNaN(s.Value) {
			return nil
		}
	}
	return fmt.Errorf("got %v, which is no data", samples)
}

// dropAll has the source delete all records, as its retention does.
func dropAll(t *testing.T, client *kgo.Client) {
	t.Helper()
	admin := kadm.NewClient(client)
	ends, err := admin.ListEndOffsets(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.DeleteRecords(t.Context(), ends.Offsets()); err != nil {
		t.Fatal(err)
	}
}

// waitAlarms waits until these are the alarms that fire.
func waitAlarms(t *testing.T, p *servers.Prometheus, want ...string) {
	t.Helper()
	slices.Sort(want)
	began := time.Now()
	eventually(t, strings.Join(want, ", "), func() error {
		samples, err := p.Query(`count by (alertname) (ALERTS{alertstate="firing"})`)
		if err != nil {
			return err
		}
		var got []string
		for _, s := range samples {
			got = append(got, s.Labels["alertname"])
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			return fmt.Errorf("after %v: firing are %q, want %q", time.Since(began).Round(time.Second), got, want)
		}
		return nil
	})
}
