package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"mirror/rename"
)

// minimal is the shortest file that works.
const minimal = `
clusters:
  west: {brokers: [west-1:9092]}
  east: {brokers: [east-1:9092]}
routes:
  - {from: west, to: east, topics: [orders]}
`

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	cfg, err := Parse("test.yaml", []byte(text), environment)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	if err := validate(compiled(t), text); err != nil {
		t.Fatalf("the loader accepts it and the schema does not: %v", err)
	}
	return cfg
}

// Who says nothing of web has a page that only this machine reaches, and that changes nothing.
func TestWebByDefault(t *testing.T) {
	if web := mustParse(t, minimal).Web; web.Listen != "127.0.0.1:8080" || web.Actions || web.TokenFile != "" || web.TLS != nil || len(web.Hosts) != 0 {
		t.Errorf("got %+v", web)
	}
}

func TestEveryKey(t *testing.T) {
	cfg := mustParse(t, `
name: east
clusters:
  west:
    brokers: [west-1:9092, "[::1]:9092"]
    rack: eu-1a
    tls: {ca_file: ca, cert_file: cert, key_file: key, server_name: kafka}
    sasl: {mechanism: SCRAM-SHA-512, username: mirror, password_file: /run/west}
  east:
    brokers: [east-1:9092]
    tls: {}
    sasl: {mechanism: PLAIN, username: mirror, password: "${PASSWORD}"}
  north:
    brokers: [north-1:9092]
    tls: {}
    sasl: {mechanism: OAUTHBEARER, token_url: "https://login/token", client_id: me, client_secret: "${SECRET}", scopes: [kafka, all]}
  south:
    brokers: [south-1:9092]
    tls: {}
    sasl: {mechanism: OAUTHBEARER, token_file: /run/south}
routes:
  - name: r1
    from: west
    to: east
    topics: [orders, "/clicks\\..*/"]
    exclude: ["/.*\\.tmp/"]
    rename:
      - {topic: orders, to: "all-orders"}
      - {match: "/clicks\\.(.*)/", to: "{source}.{1}.clicks"}
      - {to: "{source}.{topic}"}
    start: latest
    isolation: read_uncommitted
    mirrored: copy
    lanes: ${LANES}
    refresh: 1m30s
    on_loss: stop
    on_rejected: skip
    allow: [existing, append_time]
    topic_defaults: {replication_factor: 3, config: {min.insync.replicas: "2", retention.ms: 1000, unclean.leader.election.enable: false}}
    sync: {configs: false, partitions: false}
    limits: {bytes_per_second: 10MB, connections_per_broker: 8}
  - {from: north, to: south, topics: ["/.*/"], start: 2026-01-31T12:00:00+01:00, rename: "{topic}"}
limits: {memory: 1GiB}
metrics: {interval: 1m, partitions: true, sinks: ["graphite://graphite:2004?prefix=m"]}
monitor: {enabled: true, interval: 1m, topics: [orders], groups: ["team/billing", "/app-.*/"], max_topics: 10, max_groups: 20}
web:
  listen: ":8080"
  tls: {cert_file: cert, key_file: key, client_ca_file: ca}
  token_file: /run/token
  hosts: [mirror.example.org, "::1"]
log: {level: debug, format: json}
`)
	m := &cfg.Monitor
	if !m.TopicSelection.Takes("orders") || m.TopicSelection.Takes("other") || !m.GroupSelection.Takes("app-1") || m.GroupSelection.Takes("billing") {
		t.Error("the selections of monitor take other names than those that the file says")
	}
	m.TopicSelection, m.GroupSelection = nil, nil
	routes := cfg.Routes
	cfg.Routes = nil
	for _, r := range routes {
		if r.Mapper == nil {
			t.Errorf("route %s has no mapper", r.Name)
		}
		r.Mapper = nil
	}
	want := &Config{
		Name: "east",
		Clusters: map[string]*Cluster{
			"west": {Name: "west", Brokers: []string{"west-1:9092", "[::1]:9092"}, Rack: "eu-1a", TLS: &TLS{"ca", "cert", "key", "kafka"},
				SASL: &SASL{Mechanism: ScramSHA512, Username: "mirror", PasswordFile: "/run/west"}},
			"east": {Name: "east", Brokers: []string{"east-1:9092"}, TLS: &TLS{}, SASL: &SASL{Mechanism: Plain, Username: "mirror", Password: NewSecret("hunter2")}},
			"north": {Name: "north", Brokers: []string{"north-1:9092"}, TLS: &TLS{},
				SASL: &SASL{Mechanism: OAuthBearer, TokenURL: "https://login/token", ClientID: "me", ClientSecret: NewSecret("hunter2"), Scopes: []string{"kafka", "all"}}},
			"south": {Name: "south", Brokers: []string{"south-1:9092"}, TLS: &TLS{}, SASL: &SASL{Mechanism: OAuthBearer, TokenFile: "/run/south"}},
		},
		Limits:  Limits{1 << 30},
		Metrics: Metrics{time.Minute, true, []Sink{{Kind: SinkGraphite, Address: "graphite:2004", Prefix: "m"}}},
		Monitor: Monitor{Enabled: true, Interval: time.Minute, Topics: []string{"orders"}, Groups: []string{"team/billing", "/app-.*/"}, MaxTopics: 10, MaxGroups: 20},
		Web:     Web{Listen: ":8080", TLS: &WebTLS{"cert", "key", "ca"}, TokenFile: "/run/token", Hosts: []string{"mirror.example.org", "::1"}, History: History{Series: 500}},
		Log:     Log{"debug", "json"},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got %+v, want %+v", cfg, want)
	}
	wantRoutes := []*Route{
		{Name: "r1", From: "west", To: "east", Topics: []string{"orders", `/clicks\..*/`}, Exclude: []string{`/.*\.tmp/`},
			Rename: []rename.Rule{{Topic: "orders", To: "all-orders"}, {Match: `/clicks\.(.*)/`, To: "{source}.{1}.clicks"}, {To: "{source}.{topic}"}},
			Start:  Start{Latest: true}, Mirrored: "copy", Lanes: 8, Refresh: 90 * time.Second, OnLoss: "stop", OnRejected: "skip", AllowExisting: true, AllowAppendTime: true,
			TopicDefaults: TopicDefaults{3, map[string]string{"min.insync.replicas": "2", "retention.ms": "1000", "unclean.leader.election.enable": "false"}},
			Limits:        RouteLimits{10_000_000, 8}},
		{Name: "north-to-south", From: "north", To: "south", Topics: []string{"/.*/"}, Rename: []rename.Rule{{To: "{topic}"}},
			Start:         Start{Time: routes[1].Start.Time},
			ReadCommitted: true, Mirrored: "skip", Lanes: 16, Refresh: 5 * time.Second, OnLoss: "record", OnRejected: "stop",
			Sync: Sync{Configs: true, Partitions: true}, Limits: RouteLimits{0, 5}},
	}
	for i, want := range wantRoutes {
		if !reflect.DeepEqual(routes[i], want) {
			t.Errorf("got route %+v, want %+v", routes[i], want)
		}
	}
	if got, want := routes[1].Start.Time, time.Date(2026, 1, 31, 11, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got start %v, want %v", got, want)
	}
}

func TestWarnings(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"none", minimal, ""},
		{"unused cluster", strings.Replace(minimal, "routes:", "  north: {brokers: [n:1]}\nroutes:", 1), "cluster north is used by no route; it is only looked at"},
		{"unused cluster, not looked at", strings.Replace(minimal, "routes:", "  north: {brokers: [n:1]}\nmonitor: {enabled: false}\nroutes:", 1), "cluster north is used by no route"},
		{"only clusters", "clusters:\n  north: {brokers: [n:1]}\n", ""},
		{"no routes", "clusters:\n  north: {brokers: [n:1]}\nroutes: []\n", ""},
		{"one broker in two clusters", strings.Replace(minimal, "east-1", "west-1", 1), "broker address in common"},
		{"name within a name", strings.ReplaceAll(minimal, "east", "west.eu"), "begins like a topic copied from cluster west:"},
		{"password in clear", strings.Replace(minimal, "9092]}\n  east", "9092], sasl: {mechanism: PLAIN, username: u, password_file: p}}\n  east", 1), "in clear"},
		{"token in clear", minimal + "web: {listen: \":8080\", token_file: t}\n", "token travels in clear"},
	}
	for _, tt := range tests {
		got := strings.Join(mustParse(t, tt.text).Warnings, "\n")
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got warnings %q, want one with %q", tt.name, got, tt.want)
		}
	}
}

func TestRouteNamesOfDifferentLength(t *testing.T) {
	long := strings.Repeat("w", 150)
	text := strings.NewReplacer("west:", long+":", "from: west", "from: "+long, "to: east", "to: "+long+"e", "east:", long+"e:").Replace(minimal)
	_, err := Parse("x", []byte(text), environment)
	if err == nil || !strings.Contains(err.Error(), "the default name <from>-to-<to>") {
		t.Errorf("got %v, want a fault about the default name", err)
	}
	mustParse(t, strings.Replace(text, "{from", "{name: short, from", 1))
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "17": 17, "17B": 17, "500KB": 500_000, "1KiB": 1024, "256MiB": 256 << 20, "3MB": 3_000_000, "1GiB": 1 << 30, "2 GB": 2_000_000_000,
		"8388607TiB": 8388607 << 40,
		"":           -1, "MiB": -1, "-1": -1, "+1": -1, "1.5MiB": -1, "1mb": -1, "8388608TiB": -1, "1MiB MiB": -1, "0x10": -1, "1e3": -1, "9223372036854775808": -1,
	} {
		got, err := ParseSize(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("ParseSize(%q): got %d (%v), want %d", text, got, err, want)
		}
	}
}

func TestExpand(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "plain", "${WORD}": "word", "a${WORD}b${LANES}": "awordb8", "$$": "$", "$${WORD}": "${WORD}", "$$$$": "$$",
		"a$": "a$", "/a$/": "/a$/", "$x": "$x", "$${": "${", "${EMPTY}": "",
		"${": "!", "${}": "!", "${UNSET}": "!", "${a b}": "!", "${WORD": "!", "${1}": "!", "${${WORD}}": "!",
	} {
		got, _, err := expand(text, environment)
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("expand(%q): got %q (%v), want %q", text, got, err, want)
		}
	}
}

// What an environment variable holds is a value and never YAML or another variable.
func TestExpandedValuesAreNotParsed(t *testing.T) {
	env := func(string) (string, bool) { return "x, y]\n#${A}", true }
	cfg, err := Parse("x", []byte(strings.Replace(minimal, "west: {brokers", "west: {rack: \"${A}\", brokers", 1)), env)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.Clusters["west"].Rack, "x, y]\n#${A}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
