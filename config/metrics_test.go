package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

const twoClusters = `
clusters:
  west: {brokers: [west-1:9092]}
  east: {brokers: [east-1:9092]}
routes:
  - {from: west, to: east, topics: [orders]}
`

func withSinks(urls ...string) string {
	text := twoClusters + "metrics:\n  sinks:\n"
	for _, u := range urls {
		text += fmt.Sprintf("    - %q\n", u)
	}
	return text
}

func TestSinks(t *testing.T) {
	tests := []struct {
		url  string
		want Sink
	}{
		{"graphite://graphite", Sink{Kind: SinkGraphite, Address: "graphite:2003", Prefix: "mirror.{process}"}},
		{"graphite://graphite:2004?prefix=a.b", Sink{Kind: SinkGraphite, Address: "graphite:2004", Prefix: "a.b"}},
		{"graphite://graphite?prefix=", Sink{Kind: SinkGraphite, Address: "graphite:2003"}},
		{"graphite://graphite?prefix=${WORD}.{process}", Sink{Kind: SinkGraphite, Address: "graphite:2003", Prefix: "word.{process}"}},
		{"ganglia://[::1]", Sink{Kind: SinkGanglia, Address: "[::1]:8649", Prefix: "mirror"}},
		{"ganglia://[::1]:1", Sink{Kind: SinkGanglia, Address: "[::1]:1", Prefix: "mirror"}},
		{"influxdb://influxdb/db", Sink{Kind: SinkInfluxDB, Address: "influxdb:8086", Database: "db"}},
		{"influxdb://me:${SECRET}@influxdb/db?tls=true", Sink{Kind: SinkInfluxDB, Address: "influxdb:8086", Database: "db", TLS: true, Username: "me", Password: NewSecret("hunter2")}},
		{"influxdb://me:a%2fb%40c:d@influxdb/db", Sink{Kind: SinkInfluxDB, Address: "influxdb:8086", Database: "db", Username: "me", Password: NewSecret("a/b@c:d")}},
		{"influxdb://influxdb/db?username=me&password_file=/run/secrets/db", Sink{Kind: SinkInfluxDB, Address: "influxdb:8086", Database: "db", Username: "me", PasswordFile: "/run/secrets/db"}},
		{"kairosdb://kairosdb", Sink{Kind: SinkKairosDB, Address: "kairosdb:4242"}},
		{"opentsdb://tsdb:1", Sink{Kind: SinkOpenTSDB, Address: "tsdb:1"}},
		{"statsd://${WORD}", Sink{Kind: SinkStatsd, Address: "word:8125", Prefix: "mirror.{process}"}},
	}
	for _, test := range tests {
		t.Run(test.url, func(t *testing.T) {
			cfg := mustParse(t, withSinks(test.url))
			if len(cfg.Metrics.Sinks) != 1 {
				t.Fatalf("got %d sinks, want 1", len(cfg.Metrics.Sinks))
			}
			got := cfg.Metrics.Sinks[0]
			if got.Password.Reveal() != test.want.Password.Reveal() {
				t.Errorf("got another password than in the URL")
			}
			got.Password, test.want.Password = Secret{}, Secret{}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// A password in an environment variable may hold what would end that part of a URL.
func TestSinkPasswordOfTheEnvironment(t *testing.T) {
	const password = "p@ss/w:rd?%zz${X}"
	env := func(string) (string, bool) { return password, true }
	cfg, err := Parse("mirror.yaml", []byte(withSinks("influxdb://me:${PW}@influxdb/db")), env)
	if err != nil {
		t.Fatal(err)
	}
	sink := cfg.Metrics.Sinks[0]
	got, err := sink.ReadPassword()
	if err != nil || got.Reveal() != password {
		t.Errorf("got %q, %v", got.Reveal(), err)
	}
	for _, shown := range []string{fmt.Sprintf("%v", sink), fmt.Sprintf("%+v", cfg.Metrics), fmt.Sprintf("%#v", sink), sink.String()} {
		if strings.Contains(shown, password) {
			t.Errorf("the password is shown: %s", shown)
		}
	}
}

// The examples of sinks in the reference can be used as they are.
func TestReferenceSinks(t *testing.T) {
	found := regexp.MustCompile(`(?m)^  #  - (\w+://.*)$`).FindAllStringSubmatch(string(Reference()), -1)
	if len(found) < 6 {
		t.Errorf("got %d examples, want all of them", len(found))
	}
	env := func(string) (string, bool) { return "hunter2", true }
	for _, f := range found {
		if _, err := Parse("mirror.yaml", []byte(withSinks(f[1])), env); err != nil {
			t.Error(err)
		}
	}
}

// A password that anybody on the way can read deserves a second look.
func TestSinkPasswordInClear(t *testing.T) {
	for url, warnings := range map[string]int{"influxdb://me:${SECRET}@influxdb/db": 1, "influxdb://me:${SECRET}@influxdb/db?tls=true": 0,
		"influxdb://me:${SECRET}@127.0.0.1/db": 0, "influxdb://influxdb/db": 0} {
		got := mustParse(t, withSinks(url)).Warnings
		if len(got) != warnings || strings.Contains(strings.Join(got, ""), "hunter2") {
			t.Errorf("%s: got %q, want %d warnings", url, got, warnings)
		}
	}
}
