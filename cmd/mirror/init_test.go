package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/config"
)

// started returns the address of an embedded cluster.
func started(t *testing.T, options ...kfake.Opt) string {
	t.Helper()
	c, err := kfake.NewCluster(append(options, kfake.NumBrokers(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}

// What init writes in a script is taken by plan as it is.
func TestInit(t *testing.T) {
	west := started(t, kfake.ClusterID("west-id"), kfake.SeedTopics(2, "orders", "clicks.web", "clicks.app"))
	east := started(t, kfake.ClusterID("east-id"))
	path := filepath.Join(t.TempDir(), "mirror.yaml")
	line := []string{"init", "--source", west, "--target", east, "--source-name", "west", "--target-name", "east", "--out", path}

	code, printed, stderr := mirror(t, append(line, "--dry-run")...)
	if _, err := os.Stat(path); code != exitOK || err == nil {
		t.Fatalf("--dry-run: exit code %d, stderr %q, and the file is there: %v", code, stderr, err == nil)
	}
	code, out, stderr := mirror(t, line...)
	text, err := os.ReadFile(path)
	if code != exitOK || out != "" || err != nil || string(text) != printed || !strings.Contains(stderr, "next: mirror check") {
		t.Fatalf("exit code %d, stdout %q, stderr %q, %v", code, out, stderr, err)
	}
	shown := strings.NewReplacer(west, "west:9092", east, "east:9092").Replace(string(text))
	golden(t, "testdata/init.yaml", []byte(shown))

	code, out, stderr = mirror(t, "plan", "--config", path)
	if code != exitOK || !strings.Contains(out, "west.clicks.app") {
		t.Errorf("plan: exit code %d, %s, stderr %s", code, out, stderr)
	}
	examples := strings.ReplaceAll(string(text), "      #- ", "      - ")
	cfg, err := config.Parse("mirror.yaml", []byte(examples), os.LookupEnv)
	if err != nil {
		t.Fatalf("with the examples taken in: %v", err)
	}
	for topic, want := range map[string]string{"clicks.app": "all-clicks.app", "clicks.web": "west.web.clicks", "orders": "west.orders"} {
		if got := cfg.Routes[0].Mapper.Decide(topic).Target; got != want {
			t.Errorf("with the examples taken in, %s is called %s, want %s", topic, got, want)
		}
	}
	if code, _, stderr := mirror(t, line...); code != exitUsage || !strings.Contains(stderr, "exists: give --yes") {
		t.Errorf("a file that exists: exit code %d, stderr %q", code, stderr)
	}
	if code, _, stderr := mirror(t, append(line, "--yes")...); code != exitOK {
		t.Errorf("--yes: exit code %d, stderr %q", code, stderr)
	}
}

// A route of the default name that is there already is not taken over by mistake.
func TestInitNamesAnotherRoute(t *testing.T) {
	west := started(t, kfake.ClusterID("west-id"), kfake.SeedTopics(1, "orders"))
	east := started(t, kfake.ClusterID("east-id"), kfake.SeedTopics(1, "__mirror_west-to-east", "__mirror_west-to-east-2"))
	code, out, stderr := mirror(t, "init", "--source", west, "--target", east, "--source-name", "west", "--target-name", "east", "--out", "-")
	cfg, err := config.Parse("mirror.yaml", []byte(out), os.LookupEnv)
	if code != exitOK || err != nil || cfg.Routes[0].Name != "west-to-east-3" {
		t.Errorf("exit code %d, stderr %q, %v:\n%s", code, stderr, err, out)
	}
}

func TestInitRefuses(t *testing.T) {
	west, east := started(t, kfake.ClusterID("west-id"), kfake.SeedTopics(1, "a", "b")), started(t, kfake.ClusterID("east-id"))
	t.Setenv("EAST", "pass")
	tests := []struct {
		line string
		code int
		want string
	}{
		{"--target " + east, exitUsage, "--source is missing"},
		{"--source " + west, exitUsage, "--target is missing"},
		{"--source west --target " + east, exitUsage, "the port is missing"},
		{"--source " + west + " --target " + west, exitUsage, "the same cluster west-id"},
		{"--source " + west + " --target 127.0.0.1:1", exitUnreachable, "127.0.0.1:1 cannot be reached"},
		{"--source " + west + " --target " + east + " --source-name a/b", exitUsage, "--source-name: "},
		{"--source " + west + " --target " + east + " --source-name x --target-name x", exitUsage, "different names"},
		{"--source " + west + " --target " + east + " --topic /a(/", exitUsage, "missing closing )"},
		{"--source " + west + " --target " + east + " --rename a?", exitUsage, "'?'"},
		{"--source " + west + " --target " + east + " --source-sasl NTLM", exitUsage, "NTLM"},
		{"--source " + west + " --target " + east + " --target-sasl PLAIN", exitUsage, "username"},
		{"--source " + west + " --target " + east + " --target-sasl PLAIN --target-username x --target-password-env WEST", exitUsage, "WEST"},
		{"--source " + west + " --target " + east + " --source-cert-file x", exitUsage, "key_file"},
		{"--source " + west + " --target " + east + " --rename same", exitOK, "warning: 2 topics would not be copied"},
	}
	for _, test := range tests {
		t.Run(test.line, func(t *testing.T) {
			code, _, stderr := mirror(t, append([]string{"init", "--out", "-"}, strings.Fields(test.line)...)...)
			if code != test.code || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q", code, test.code, stderr, test.want)
			}
		})
	}
}

// A cluster that wants SASL or TLS is recognised.
func TestInitDetects(t *testing.T) {
	t.Setenv("WEST_PASSWORD", "hunter2")
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	west := started(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "mirror", "hunter2"), kfake.ClusterID("west-id"))
	east := started(t, kfake.ClusterID("east-id"))
	line := []string{"init", "--source", west, "--target", east, "--out", "-"}
	code, _, stderr := mirror(t, line...)
	if code != exitUsage || !strings.Contains(stderr, "wants SASL (") || !strings.Contains(stderr, "--source-sasl") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	login := append(line, "--source-sasl", "SCRAM-SHA-256", "--source-username", "mirror")
	for _, secret := range [][]string{{"--source-password-file", password}, {"--source-password-env", "WEST_PASSWORD"}} {
		code, out, stderr := mirror(t, append(login, secret...)...)
		if code != exitOK || !strings.Contains(out, secret[1]) || strings.Contains(out+stderr, "hunter2") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", secret, code, out, stderr)
		}
	}

	certFile, keyFile := selfSigned(t)
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	secured := started(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}}), kfake.ClusterID("west-id"))
	line = []string{"init", "--source", secured, "--target", east, "--out", "-"}
	code, _, stderr = mirror(t, line...)
	if code != exitUnreachable || !strings.Contains(stderr, "the brokers use TLS") || !strings.Contains(stderr, "--source-ca-file") {
		t.Errorf("TLS: exit code %d, stderr %q", code, stderr)
	}
	code, out, stderr := mirror(t, append(line, "--source-ca-file", certFile)...)
	if code != exitOK || !strings.Contains(out, "ca_file: "+certFile) {
		t.Errorf("TLS with its authority: exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
}

// conversation answers the questions of init.
func conversation(t *testing.T, o initOptions, answers string) (out, talk string, err error) {
	t.Helper()
	var written, said bytes.Buffer
	a := &asker{lines: bufio.NewReader(strings.NewReader(answers)), out: &said, person: true, interrupted: t.Context().Done()}
	o.source.role, o.target.role = "source", "target"
	o.out = "-"
	err = runInit(t.Context(), o, a, &written)
	return written.String(), said.String(), err
}

func TestInitAsks(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	west := started(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "mirror", "hunter2"), kfake.ClusterID("west-id"), kfake.SeedTopics(1, "orders"))
	east := started(t, kfake.ClusterID("east-id"))
	answers := []string{"no-port", west, "NTLM", "SCRAM-SHA-512", "", password + ".not", password, east, "we st", "west", "east", "/or(/", "orders", "{topic}-{nothing}", ""}
	out, talk, err := conversation(t, initOptions{}, strings.Join(answers, "\n")+"\n")
	if err != nil {
		t.Fatalf("%v, said:\n%s", err, talk)
	}
	for _, want := range []string{"mechanism: SCRAM-SHA-512", "username: mirror", "password_file: " + password, "topics: [orders]", "to: \"{source}.{topic}\"", "name: east"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, want := range []string{"the port is missing", "the brokers offer", "no such file", "contains ' '", "regular expression", "nothing"} {
		if !strings.Contains(talk, want) {
			t.Errorf("nobody said %q in\n%s", want, talk)
		}
	}
}

// Answers that end, and Ctrl-C at a question, end the command.
func TestInitEnds(t *testing.T) {
	if _, _, err := conversation(t, initOptions{}, ""); err == nil || !strings.Contains(err.Error(), "the answers have ended") {
		t.Errorf("no answers: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, writer := io.Pipe()
	defer writer.Close()
	a := &asker{lines: bufio.NewReader(silent), out: io.Discard, person: true, interrupted: ctx.Done()}
	err := runInit(ctx, initOptions{source: side{role: "source"}, out: "-"}, a, io.Discard)
	if exitCode(err) != exitInterrupted {
		t.Errorf("interrupted: got %v", err)
	}
}

func TestGuessName(t *testing.T) {
	for address, want := range map[string]string{
		"west-1:9092": "west", "east2.example.org:9092": "east", "kafka-1.west.example.org:9092": "", "127.0.0.1:9092": "", "[::1]:9092": "",
		"localhost:9092": "", "West_03:9092": "west", "1:9092": "",
	} {
		if got := guessName([]string{address}); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

func TestSplitList(t *testing.T) {
	for text, want := range map[string]string{
		"orders": "[orders]", "a, b,c d": "[a b c d]", "/a{1,2} b/": "[/a{1,2} b/]", "/a/, /b/": "[/a/ /b/]", "": "[]", "a,/b/": "[a /b/]",
	} {
		if got := fmt.Sprint(splitList(text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
