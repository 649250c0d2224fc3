package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirror/e2e/brokers"
)

// mirror init finds out what each door of a cluster wants, and what it writes is what plan and run take.
func TestInit(t *testing.T) {
	_, east := sharedPair(t)
	west := startCluster(t, brokers.Options{
		Listeners: []brokers.Listener{brokers.SASL, brokers.TLS, brokers.MTLS, brokers.SASLTLS},
		Users:     map[string]string{"reader": "reader-secret"},
	})
	topic := unique("init-")
	createTopic(t, clientOf(t, west), topic, 2, 1, nil)
	certFile, keyFile, err := west.Certs.Client("reader")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	secret := func(text string) string {
		path := filepath.Join(dir, text[:5])
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := "--source-ca-file " + west.Certs.CA
	login := "--source-sasl SCRAM-SHA-512 --source-username reader --source-password-file "
	tests := []struct {
		name  string
		door  brokers.Listener
		flags string
		code  int
		want  string // on stdout or stderr
	}{
		{"plaintext", brokers.Plain, "", 0, "brokers: ["},
		{"SASL without a login", brokers.SASL, "", 2, "wants SASL (SCRAM-SHA-512, SCRAM-SHA-256, PLAIN, OAUTHBEARER)"},
		{"SASL", brokers.SASL, login + secret("reader-secret"), 0, "mechanism: SCRAM-SHA-512"},
		{"SASL with a wrong password", brokers.SASL, login + secret("wrong-secret"), 6, "password"},
		{"TLS without its authority", brokers.TLS, "", 5, "--source-ca-file"},
		{"TLS", brokers.TLS, ca, 0, "ca_file: "},
		{"TLS without a certificate", brokers.MTLS, ca, 5, "--source-cert-file"},
		{"TLS with a certificate", brokers.MTLS, fmt.Sprintf("%s --source-cert-file %s --source-key-file %s", ca, certFile, keyFile), 0, "cert_file: "},
		{"SASL over TLS without a login", brokers.SASLTLS, ca, 2, "wants SASL"},
		{"SASL over TLS", brokers.SASLTLS, ca + " " + login + secret("reader-secret"), 0, "mechanism: SCRAM-SHA-512"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			flags := strings.Fields(test.flags + " --topic " + topic + " --out - --source " + west.BootstrapOf(test.door) + " --target " + east.Bootstrap())
			stdout, stderr, code := runMirror(t, append([]string{"init"}, flags...)...)
			if code != test.code || !strings.Contains(stdout+stderr, test.want) || strings.Contains(stdout+stderr, "-secret") {
				t.Fatalf("exit code %d, want %d and %q; stdout:\n%s\nstderr:\n%s", code, test.code, test.want, stdout, stderr)
			}
			if code != 0 {
				return
			}
			path := filepath.Join(t.TempDir(), "mirror.yaml")
			if err := os.WriteFile(path, []byte(stdout), 0o600); err != nil {
				t.Fatal(err)
			}
			if stdout, stderr, code := runMirror(t, "plan", "--config", path); code != 0 || !strings.Contains(stdout, "source."+topic) {
				t.Errorf("plan: exit code %d, stdout:\n%s\nstderr:\n%s", code, stdout, stderr)
			}
			t.Logf("said:\n%s", stderr)
		})
	}
}

// runMirror runs the binary once.
func runMirror(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(mirrorBinary(t), args...)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}
