package monitor

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// oddNames are names as brokers allow them for topics, and as anybody may give them to groups.
var oddNames = []string{"west.orders", "west_orders", "west->east", "a\"b\\c", "two\nlines", "größe", "a,b=c {d}", "", " ", "#"}

// everyFigure is a cluster with a broker, topics and groups of which every number is known.
func everyFigure() []Observed {
	var all []Observed
	add := func(about About, name string) {
		o := Observed{Cluster: "west", About: about, Name: name, Figures: NewFigures()}
		for i := range figures {
			o.Figures.Set(i, float64(len(all)+1))
		}
		all = append(all, o)
	}
	add(AboutCluster, "")
	add(AboutBroker, "1")
	for _, name := range oddNames {
		add(AboutTopic, name)
		add(AboutGroup, name)
	}
	return all
}

// ofClusters collects the metrics of the clusters alone.
func ofClusters() prometheus.Collector {
	return NewSampler(SamplerOptions{Registry: NewRegistry(), Status: func() Status { return Status{} }, Clusters: everyFigure}).Collector()
}

// Prometheus' own linter has nothing to say of any metric of the clusters.
func TestClusterMetricsLint(t *testing.T) {
	problems, err := testutil.CollectAndLint(ofClusters())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// Every metric of the clusters that docs/metrics.md names is exposed where it says, and no other.
func TestClusterMetricsAreDocumented(t *testing.T) {
	got := map[string][]string{} // name to the labels
	gatherer := prometheus.NewPedanticRegistry()
	gatherer.MustRegister(ofClusters())
	families, err := gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		got[family.GetName()] = labels
	}
	about := map[string]string{"cluster": "mirror_cluster_", "broker": "mirror_cluster_broker_", "topic": "mirror_cluster_topic_", "group": "mirror_cluster_group_"}
	want := 0
	for line := range strings.Lines(string(Reference())) {
		cells := strings.Split(line, " | ")
		name, isRow := strings.CutPrefix(cells[0], "| `mirror_cluster_")
		if !isRow || len(cells) != 6 {
			continue
		}
		metric := strings.TrimSuffix(name, "`")
		for _, prefix := range []string{"broker_", "topic_", "group_"} { // of a metric that no cluster has
			metric = strings.TrimPrefix(metric, prefix)
		}
		for level := range strings.SplitSeq(cells[2], ", ") {
			want++
			labels := []string{"cluster", level}[:min(2, len(about[level])-len("mirror_cluster_")+1)]
			slices.Sort(labels)
			if full := about[level] + metric; !slices.Equal(got[full], labels) {
				t.Errorf("docs/metrics.md has %s with the labels %v, /metrics has %v", full, labels, got[full])
			}
		}
	}
	if want != len(got) || want == 0 {
		t.Errorf("docs/metrics.md has %d metrics of clusters, /metrics %d: %v", want, len(got), got)
	}
}

// Names of topics and groups stand in the exposition as they are, with the three escapes that its format has.
func TestClusterMetricsKeepNames(t *testing.T) {
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	var want strings.Builder
	want.WriteString("# HELP mirror_cluster_group_members Members of the group.\n# TYPE mirror_cluster_group_members gauge\n")
	for i, name := range oddNames {
		fmt.Fprintf(&want, "mirror_cluster_group_members{cluster=\"west\",group=\"%s\"} %d\n", escape.Replace(name), 4+2*i)
	}
	if err := testutil.CollectAndCompare(ofClusters(), strings.NewReader(want.String()), "mirror_cluster_group_members"); err != nil {
		t.Error(err)
	}
}
