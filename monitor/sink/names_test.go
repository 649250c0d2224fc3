package sink

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-metrics"
	"pgregory.net/rapid"
)

// drawPoint draws names as topics have them, and some that no topic has.
func drawPoint(t *rapid.T, name string) point {
	text := rapid.OneOf(
		rapid.StringMatching(`[a-c._=/%\\-]{0,6}`),
		rapid.SampledFrom([]string{"west.orders", "west_orders", "west→east", "west->east", `a"b`, `a\b`, "a b", "a,b", "a=b", "a\nb", "=_2e", "/2e", "%2e", "..ab", "._ab", "topic.x", strings.Repeat("x", 249), strings.Repeat("x", 248) + "y"}),
		rapid.String(),
	)
	if rapid.Bool().Draw(t, name+" is of a cluster") {
		return drawClusterPoint(t, name, text)
	}
	p := point{name: rapid.SampledFrom([]string{"mirror_lag_records", "mirror_records_total"}).Draw(t, name+" metric")}
	p.labels = append(p.labels, metrics.Label{Name: "route", Value: text.Draw(t, name+" route")}, metrics.Label{Name: "topic", Value: text.Draw(t, name+" topic")})
	if rapid.Bool().Draw(t, name+" has a partition") {
		p.labels = append(p.labels, metrics.Label{Name: "partition", Value: text.Draw(t, name+" partition")})
	}
	return p
}

// drawClusterPoint draws a number of a cluster, or of a broker, topic or group of it.
func drawClusterPoint(t *rapid.T, name string, text *rapid.Generator[string]) point {
	level := rapid.SampledFrom([]string{"", "broker", "topic", "group"}).Draw(t, name+" level")
	p := point{name: "mirror_cluster_records_per_second", labels: []metrics.Label{{Name: "cluster", Value: text.Draw(t, name+" cluster")}}}
	if level != "" {
		p.name = "mirror_cluster_" + level + "_records_per_second"
		p.labels = append(p.labels, metrics.Label{Name: level, Value: text.Draw(t, name+" "+level)})
	}
	return p
}

// series is a point as each kind of sink names it.
func series(p point) map[string]string {
	b := batch{at: time.Unix(1, 0), points: []point{p}}
	id := Identity{"m", "p"}
	return map[string]string{
		"graphite": string(newGraphite("", "mirror").(*tcpLines).line(nil, b, p)),
		"opentsdb": string(newOpenTSDB("", id, nil).(*tcpLines).line(nil, b, p)),
		"influxdb": string((&influxDB{own: ",mirror=m"}).appendLine(nil, b, p)),
		"statsd":   string(newStatsd("", "mirror").appendLines(nil, p)),
		"ganglia":  shorten(path("mirror", p)),
	}
}

// Two topics never give the same series, whatever their names are.
func TestSeriesAreDifferent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPoint(t, "a"), drawPoint(t, "b")
		same := a.name == b.name && len(a.labels) == len(b.labels)
		for i := 0; same && i < len(a.labels); i++ {
			same = a.labels[i] == b.labels[i]
		}
		names := series(b)
		for kind, name := range series(a) {
			if (name == names[kind]) != same {
				t.Errorf("%s: %v and %v are both %q", kind, a, b, name)
			}
		}
	})
}

// What stands between the parts of a line never comes from a label.
func TestSeriesAreWellFormed(t *testing.T) {
	forms := map[string]*regexp.Regexp{
		"graphite": regexp.MustCompile(`^[A-Za-z0-9_=-]+(\.[A-Za-z0-9_=-]+)* 0 1\n$`),
		"opentsdb": regexp.MustCompile(`^put [a-z_]+ 1 0( [a-z]+=[A-Za-z0-9_./-]+){3,5}\n$`),
		"influxdb": regexp.MustCompile(`^[a-z_]+(,[a-z]+=([^ ,=\\\n]|\\[ ,=])+){2,4} value=0 1\n$`),
		"statsd":   regexp.MustCompile(`^[A-Za-z0-9_=-]+(\.[A-Za-z0-9_=-]+)*:0\|g\n$`),
		"ganglia":  regexp.MustCompile(`^[A-Za-z0-9_=.-]{1,255}$`),
	}
	rapid.Check(t, func(t *rapid.T) {
		for kind, name := range series(drawPoint(t, "a")) {
			if !forms[kind].MatchString(name) {
				t.Errorf("%s: %q", kind, name)
			}
		}
	})
}

func TestNames(t *testing.T) {
	p := point{name: "mirror_lag_records", labels: []metrics.Label{{Name: "route", Value: "west→east"}, {Name: "topic", Value: "a.b._c d"}}, value: 1.5}
	want := map[string]string{
		"graphite": "mirror.route.west=_e2=_86=_92east.topic.a=b==_5fc=_20d.lag_records 1.5 1\n",
		"opentsdb": "put mirror_lag_records 1 1.5 mirror=m process=p route=west/e2/86/92east topic=a.b._c/20d\n",
		"influxdb": "mirror_lag_records,mirror=m,route=west→east,topic=a.b._c\\ d value=1.5 1\n",
		"statsd":   "mirror.route.west=_e2=_86=_92east.topic.a=b==_5fc=_20d.lag_records:1.5|g\n",
		"ganglia":  "mirror.route.west=_e2=_86=_92east.topic.a=b==_5fc=_20d.lag_records",
	}
	for kind, got := range series(p) {
		if got != want[kind] {
			t.Errorf("%s: got %q, want %q", kind, got, want[kind])
		}
	}
	route := point{name: "mirror_route_lag_seconds", labels: []metrics.Label{{Name: "route", Value: "r"}}}
	if got, want := path(expandPrefix("dc.{mirror}.{process}.", Identity{"east", "host.example"}), route), "dc.east.host=example.route.r.lag_seconds"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
