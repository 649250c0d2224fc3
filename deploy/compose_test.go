package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"
)

// profiles of the demo, and the services that each adds to those that always run.
var profiles = map[string][]string{
	"":           {"kafka-east", "kafka-west", "mirror-east", "mirror-west", "reader-east", "reader-west", "writer-east", "writer-west"},
	"ha":         {"kafka-east-2", "kafka-east-3", "kafka-west-2", "kafka-west-3"},
	"prometheus": {"grafana", "prometheus"},
	"graphite":   {"graphite"},
}

// loadCompose reads the demo as docker compose does.
func loadCompose(t *testing.T, env []string, profile ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"compose/docker-compose.yml"}, cli.WithProfiles(profile), cli.WithEnv(env), cli.WithName("demo"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeProfiles(t *testing.T) {
	all := []string{}
	for profile, added := range profiles {
		want := slices.Clone(profiles[""])
		if profile != "" {
			want = append(want, added...)
			all = append(all, profile)
		}
		slices.Sort(want)
		if got := loadCompose(t, nil, profile).ServiceNames(); !slices.Equal(got, want) {
			t.Errorf("profile %q: got services %v, want %v", profile, got, want)
		}
	}
	project := loadCompose(t, []string{"SINK=graphite", "REPLICAS=3", "KAFKA_IMAGE=kafka:test", "MIRROR_IMAGE=mirror:test"}, all...)
	checkClusters(t, project)
	for name, service := range project.Services {
		checkMounts(t, name, service)
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s opens port %s to other machines", name, port.Published)
			}
		}
		image := strings.SplitN(name, "-", 2)[0] + ":test"
		switch {
		case image == "kafka:test":
			if service.Image != image {
				t.Errorf("%s runs %s, not $KAFKA_IMAGE", name, service.Image)
			}
		case slices.Contains(profiles[""], name):
			if service.Image != "mirror:test" || !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) || !slices.Equal(service.SecurityOpt, []string{"no-new-privileges:true"}) {
				t.Errorf("%s is not the mirror's image without rights", name)
			}
		}
	}
}

// checkClusters reports clusters that are one, and brokers that collide.
func checkClusters(t *testing.T, project *types.Project) {
	t.Helper()
	ids, brokers := map[string]string{}, map[string]bool{}
	for name, service := range project.Services {
		if !strings.HasPrefix(name, "kafka-") {
			continue
		}
		side, env := name[:len("kafka-east")], func(key string) string {
			if value := service.Environment[key]; value != nil {
				return *value
			}
			return ""
		}
		if id := ids[side]; id != "" && id != env("CLUSTER_ID") {
			t.Errorf("brokers of %s have different cluster ids", side)
		}
		ids[side] = env("CLUSTER_ID")
		if broker := side + "/" + env("KAFKA_NODE_ID"); brokers[broker] {
			t.Errorf("there are two brokers %s", broker)
		} else {
			brokers[broker] = true
		}
		if !strings.Contains(env("KAFKA_ADVERTISED_LISTENERS"), "//"+name+":9092") {
			t.Errorf("%s is advertised as %s", name, env("KAFKA_ADVERTISED_LISTENERS"))
		}
		if got := env("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"); got != "3" {
			t.Errorf("REPLICAS=3 gives %s %s replicas of the consumers' positions", name, got)
		}
	}
	if len(ids) != 2 || ids["kafka-east"] == ids["kafka-west"] || len(brokers) != 6 {
		t.Errorf("%d brokers of clusters %v, want three of each of two", len(brokers), ids)
	}
}

// checkMounts reports files that are mounted and are not there; an engine would make folders of them.
func checkMounts(t *testing.T, name string, service types.ServiceConfig) {
	t.Helper()
	for _, mount := range service.Volumes {
		if mount.Type != types.VolumeTypeBind {
			continue
		}
		if info, err := os.Stat(mount.Source); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s mounts %s, which is no file: %v", name, mount.Source, err)
		}
		if !mount.ReadOnly {
			t.Errorf("%s may write to %s", name, mount.Source)
		}
	}
}

// docker-compose 1.29, which Debian 12 has, reads the file differently.
func TestComposeOld(t *testing.T) {
	compose := tool(t, "docker-compose", "docker-compose")
	args := []string{"-f", "compose/docker-compose.yml"}
	for profile := range profiles {
		if profile != "" {
			args = append(args, "--profile", profile)
		}
	}
	out, err := exec.Command(compose, append(args, "config", "--services")...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker-compose config: %v\n%s", err, out)
	}
	var want []string
	for _, added := range profiles {
		want = append(want, added...)
	}
	got := strings.Fields(string(out))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got services %v, want %v", got, want)
	}
}

// The mirrors' configurations are good: those that send to Graphite, and the others, which are the same without that.
func TestComposeConfigurations(t *testing.T) {
	t.Setenv("REPLICAS", "3")
	for _, side := range []string{"east", "west"} {
		plain, sending := readFile(t, "compose/"+side+".yaml"), readFile(t, "compose/graphite/"+side+".yaml")
		checkConfiguration(t, sending)
		_, plain, _ = strings.Cut(plain, "\n")
		_, sending, _ = strings.Cut(sending, "\n")
		added, found := strings.CutPrefix(sending, plain)
		if !found || !strings.HasPrefix(added, "metrics:\n  sinks: [\"graphite://graphite:2003") {
			t.Errorf("compose/graphite/%s.yaml is not compose/%s.yaml and a sink", side, side)
		}
	}
}

func TestComposePrometheus(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	if out, err := exec.Command(promtool, "check", "config", "--syntax-only", "compose/prometheus.yml").CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
	// Only under this name do the alarms find it.
	if text := readFile(t, "compose/prometheus.yml"); !strings.Contains(text, "job_name: mirror ") || !strings.Contains(text, "rule_files: [/etc/prometheus/alerts.yml]") {
		t.Error("compose/prometheus.yml does not load the alarms for a job that is called mirror")
	}
}

// What Grafana is given fits together: the dashboard lies in the provider's folder, and its data source is there. No
// Grafana reads it here.
func TestComposeGrafana(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Type, URL string
			IsDefault bool `yaml:"isDefault"`
		}
	}
	var dashboards struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	for path, into := range map[string]any{"compose/grafana/datasource.yml": &sources, "compose/grafana/dashboards.yml": &dashboards} {
		if err := yaml.Unmarshal([]byte(readFile(t, path)), into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if len(sources.Datasources) != 1 || sources.APIVersion != 1 || sources.Datasources[0].Type != "prometheus" || sources.Datasources[0].URL != "http://prometheus:9090" || !sources.Datasources[0].IsDefault {
		t.Errorf("the data source is not the service prometheus: %+v", sources)
	}
	if len(dashboards.Providers) != 1 || dashboards.APIVersion != 1 || dashboards.Providers[0].Type != "file" {
		t.Fatalf("the dashboards do not come from one folder: %+v", dashboards)
	}
	grafana := loadCompose(t, nil, "prometheus").Services["grafana"]
	home := grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
	found := slices.ContainsFunc(grafana.Volumes, func(v types.ServiceVolumeConfig) bool {
		return filepath.Base(v.Source) == "mirror.json" && home != nil && v.Target == *home
	})
	if !found || filepath.Dir(*home) != dashboards.Providers[0].Options.Path {
		t.Error("the dashboard is not where Grafana looks for it")
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
