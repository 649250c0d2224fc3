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
		checkBroker(t, name, side, service)
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

// checkBroker reports what the image of Kafka would not keep or find: its data outside of the folder that it declares as a
// volume, a broker that is no voter, and one that does not answer to its cluster's name.
func checkBroker(t *testing.T, name, side string, service types.ServiceConfig) {
	t.Helper()
	const folder = "/var/lib/kafka/data"
	if dirs := service.Environment["KAFKA_LOG_DIRS"]; dirs == nil || *dirs != folder || len(service.Volumes) != 1 || service.Volumes[0].Target != folder {
		t.Errorf("%s does not keep its data in a volume at %s: %+v", name, folder, service.Volumes)
	}
	voters := service.Environment["KAFKA_CONTROLLER_QUORUM_VOTERS"]
	if want := strings.ReplaceAll("1@SIDE:9093,2@SIDE-2:9093,3@SIDE-3:9093", "SIDE", side); voters == nil || *voters != want {
		t.Errorf("the voters of %s are not %s", name, want)
	}
	if network := service.Networks["default"]; network == nil || !slices.Equal(network.Aliases, []string{strings.TrimPrefix(side, "kafka-")}) {
		t.Errorf("%s does not answer to the name of its cluster", name)
	}
}

// One command builds what is not there: the image of all that is ours, from this repository.
func TestComposeBuilds(t *testing.T) {
	project := loadCompose(t, nil)
	build := project.Services["mirror-east"].Build
	if build == nil {
		t.Fatal("the mirror's image is not built")
	}
	if _, err := os.Stat(filepath.Join(build.Context, "Dockerfile")); err != nil {
		t.Error(err)
	}
	voters := project.Services["kafka-west"].Environment["KAFKA_CONTROLLER_QUORUM_VOTERS"]
	if voters == nil || *voters != "1@kafka-west:9093" {
		t.Error("a single broker is not the only voter")
	}
	for name, service := range project.Services {
		if !strings.HasPrefix(name, "kafka-") && service.Image != project.Services["mirror-east"].Image {
			t.Errorf("%s runs %s, which nobody builds", name, service.Image)
		}
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

// What Grafana is given has only fields that its provisioning knows, and fits together: the dashboard lies in the
// provider's folder, and its data source is there. No Grafana reads it here.
func TestComposeGrafana(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, Type, Access, URL string
			IsDefault               bool `yaml:"isDefault"`
			JSONData                struct {
				TimeInterval string `yaml:"timeInterval"`
			} `yaml:"jsonData"`
		}
	}
	var dashboards struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Type string
			Options    struct{ Path string }
		}
	}
	for path, into := range map[string]any{"compose/grafana/datasource.yml": &sources, "compose/grafana/dashboards.yml": &dashboards} {
		decoder := yaml.NewDecoder(strings.NewReader(readFile(t, path)))
		decoder.KnownFields(true)
		if err := decoder.Decode(into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if len(sources.Datasources) != 1 || sources.APIVersion != 1 {
		t.Fatalf("there is not one data source: %+v", sources)
	}
	if s := sources.Datasources[0]; s.Name == "" || s.Type != "prometheus" || s.Access != "proxy" || s.URL != "http://prometheus:9090" || !s.IsDefault {
		t.Errorf("the data source is not the service prometheus: %+v", s)
	}
	// The dashboard's rates are over four of these.
	var scrapes struct {
		Global struct {
			Interval string `yaml:"scrape_interval"`
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, "compose/prometheus.yml")), &scrapes); err != nil {
		t.Fatal(err)
	}
	if scrapes.Global.Interval != sources.Datasources[0].JSONData.TimeInterval {
		t.Errorf("Grafana takes it that Prometheus asks every %s, which it does every %s", sources.Datasources[0].JSONData.TimeInterval, scrapes.Global.Interval)
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
