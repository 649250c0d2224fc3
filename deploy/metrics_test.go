package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// knownMetrics are the names that /metrics has, by its generated reference.
func knownMetrics(t *testing.T) map[string]bool {
	t.Helper()
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	// These the page names in its text.
	known := map[string]bool{"up": true, "mirror_build_info": true, "mirror_sink_sent_total": true, "mirror_sink_dropped_total": true,
		"process_cpu_seconds_total": true, "process_resident_memory_bytes": true, "process_open_fds": true}
	row := regexp.MustCompile("(?m)^\\| `mirror_((?:route_|partition_|cluster_(?:broker_|topic_|group_)?)?)([a-z_]+)` \\| ([a-z]+) \\| ([a-z, ]+) \\| [^|]* \\| ([A-Za-z]+) \\|")
	ofMirror := map[string]string{"route": "mirror_route_", "topic": "mirror_", "partition": "mirror_partition_"}
	ofClusters := map[string]string{"cluster": "mirror_cluster_", "broker": "mirror_cluster_broker_", "topic": "mirror_cluster_topic_", "group": "mirror_cluster_group_"}
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		prefix, name, kind, about, whom := m[1], m[2], m[3], m[4], m[5]
		if whom == "sinks" {
			continue
		}
		prefixes := ofMirror
		if strings.HasPrefix(prefix, "cluster_") {
			prefixes = ofClusters
		}
		for _, of := range strings.Split(about, ", ") {
			if prefixes[of] == "" {
				t.Errorf("docs/metrics.md has mirror_%s%s about %q", prefix, name, of)
			}
			full := prefixes[of] + name
			known[full] = true
			if kind == "histogram" {
				known[full+"_bucket"], known[full+"_sum"], known[full+"_count"] = true, true, true
			}
		}
	}
	for _, name := range []string{"mirror_cluster_up", "mirror_cluster_broker_leaders", "mirror_cluster_topic_bytes", "mirror_cluster_group_lag_records", "mirror_route_state"} {
		if !known[name] {
			t.Errorf("docs/metrics.md does not tell of %s", name)
		}
	}
	if len(known) < 40 {
		t.Fatalf("docs/metrics.md has %d names only", len(known))
	}
	return known
}

var metricName = regexp.MustCompile(`\b(?:mirror|process|go)_[a-z_]+|\bup\b`)

// checkExpression reports metrics that are not there.
func checkExpression(t *testing.T, known map[string]bool, where, expression string) {
	t.Helper()
	names := metricName.FindAllString(expression, -1)
	if len(names) == 0 {
		t.Errorf("%s: no metric in %q", where, expression)
	}
	for _, name := range names {
		if !known[name] {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

// rules is a file of alerts.
type rules struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr string
			Annotations map[string]string
		}
	}
}

func TestAlertsNameMetrics(t *testing.T) {
	text, err := os.ReadFile("prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("prometheus/alerts_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	var file rules
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	known, alarms := knownMetrics(t), map[string]bool{}
	for _, rule := range file.Groups[0].Rules {
		alarms[rule.Alert] = true
		checkExpression(t, known, rule.Alert, rule.Expr)
		for _, annotation := range rule.Annotations {
			for _, name := range metricName.FindAllString(annotation, -1) {
				if !known[name] && name != "up" {
					t.Errorf("%s speaks of %s, which is not there", rule.Alert, name)
				}
			}
		}
		// Once it fires, and once it does not.
		if strings.Count(string(tests), "alertname: "+rule.Alert+"\n") < 1 || !strings.Contains(string(tests), "alertname: "+rule.Alert+", exp_alerts: []") {
			t.Errorf("alerts_test.yml does not show when %s fires and when not", rule.Alert)
		}
		if !strings.Contains(string(guide), "`"+rule.Alert+"`") {
			t.Errorf("docs/operating.md does not tell what to do about %s", rule.Alert)
		}
	}
	for _, name := range regexp.MustCompile("`(Mirror[A-Z][A-Za-z]+)`").FindAllStringSubmatch(string(guide), -1) {
		if !alarms[name[1]] {
			t.Errorf("docs/operating.md tells of %s, which is no alarm", name[1])
		}
	}
}

func TestAlerts(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = "prometheus"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// dashboard is what of Grafana's JSON is looked at here.
type dashboard struct {
	UID, Title string
	Templating struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Panels []struct {
		ID      int
		Title   string
		Type    string
		GridPos struct{ X, Y, W, H int }
		Targets []struct {
			Expr       string
			Datasource struct{ UID string }
		}
	}
}

func readDashboard(t *testing.T) (text []byte, d dashboard) {
	t.Helper()
	text, err := os.ReadFile("grafana/mirror.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return text, d
}

func TestDashboard(t *testing.T) {
	text, d := readDashboard(t)
	if len(d.Templating.List) == 0 || d.Templating.List[0].Name != "datasource" || d.Templating.List[0].Type != "datasource" {
		t.Error("the first variable is not the data source")
	}
	variables := map[string]bool{"__rate_interval": true, "__all": true}
	for _, v := range d.Templating.List {
		variables[v.Name] = true
	}
	for _, m := range regexp.MustCompile(`\$\{?([a-z_]+)`).FindAllStringSubmatch(string(text), -1) {
		if !variables[m[1]] {
			t.Errorf("there is no variable $%s", m[1])
		}
	}
	known, ids := knownMetrics(t), map[int]bool{}
	for i, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s has the id of another panel", p.Title)
		}
		ids[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, other := range d.Panels[:i] {
			a, b := p.GridPos, other.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("%s covers %s", p.Title, other.Title)
			}
		}
		for _, target := range p.Targets {
			checkExpression(t, known, p.Title, target.Expr)
			if target.Datasource.UID != "${datasource}" {
				t.Errorf("%s asks a data source of its own", p.Title)
			}
		}
	}
}

// promtool parses what the dashboard asks, with Grafana's variables filled in.
func TestDashboardQueries(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	_, d := readDashboard(t)
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var recorded []rule
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			recorded = append(recorded, rule{"dashboard", strings.NewReplacer("$__rate_interval", "1m", "$route", "r", "$instance", "i", "$job", "j").Replace(target.Expr)})
		}
	}
	file, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": recorded}}})
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/queries.yml"
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", "--lint=none", path).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
