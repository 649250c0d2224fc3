package deploy_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"mirror/deploy/try"
)

// What a pod runs is run here: its arguments with the configuration and the secrets where the manifests mount them, below a
// directory of its own, beside the demo's clusters. Probes and Prometheus ask as the manifests say.
func TestPodRuns(t *testing.T) {
	m := readManifests(t)
	container, endpoint := m.set.Spec.Template.Spec.Containers[0], m.monitor.Spec.Endpoints[0]
	port := container.Ports[0]
	if got := m.service.Spec.Ports[0].TargetPort.StrVal; got != port.Name {
		t.Errorf("the Service asks port %s, the pods have %s", got, port.Name)
	}
	for what, probe := range map[string]string{"liveness": container.LivenessProbe.HTTPGet.Port.StrVal, "readiness": container.ReadinessProbe.HTTPGet.Port.StrVal} {
		if probe != port.Name {
			t.Errorf("the %s probe asks port %s, the pods have %s", what, probe, port.Name)
		}
	}
	binary, root := buildMirror(t), t.TempDir()
	address := try.Address(t)
	text := localized(t, binary, m.config.Data["mirror.yaml"], fmt.Sprintf(`":%d"`, port.ContainerPort), address)
	for _, mount := range container.VolumeMounts {
		if err := os.MkdirAll(root+mount.MountPath, 0o755); err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, mount.MountPath+"/", root+mount.MountPath+"/")
		for key := range m.secret.StringData {
			if mount.Name == "secrets" {
				writeFile(t, filepath.Join(root, mount.MountPath, key), "secret of "+key)
			}
		}
	}
	// Where mirror looks for its configuration by itself.
	writeFile(t, root+"/etc/mirror/mirror.yaml", text)

	pod := exec.Command(binary, container.Args...)
	pod.Dir, pod.Env = root+"/etc/mirror", []string{}
	var said strings.Builder
	pod.Stdout, pod.Stderr = &said, &said
	if err := pod.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pod.Process.Kill() }() // it has ended unless the test fails
	for _, probe := range []string{container.LivenessProbe.HTTPGet.Path, container.ReadinessProbe.HTTPGet.Path} {
		try.Eventually(t, probe+" to be good", func() error { return ask(address+probe, "", http.StatusOK) })
	}
	if err := ask(address+endpoint.Path, "guess", http.StatusUnauthorized); err != nil {
		t.Error(err)
	}
	if err := ask(address+endpoint.Path, "secret of "+endpoint.Authorization.Credentials.Key, http.StatusOK); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(root + "/var/lib/mirror/history"); err != nil {
		t.Error("it does not keep its history in the volume:", err)
	}
	if err := pod.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := pod.Wait(); err != nil {
		t.Errorf("a pod that is ended: %v\n%s", err, said.String())
	}
}

// localized is the configuration for the demo's clusters, which want neither TLS nor passwords, with copies of its own and
// another address instead of listen.
func localized(t *testing.T, binary, text, listen, address string) string {
	t.Helper()
	west, east := try.Clusters(t, binary)
	text = regexp.MustCompile(`(?m)^    (tls|sasl): .*\n`).ReplaceAllString(text, "")
	for from, to := range map[string]string{"west-1:9092, west-2:9092": west, "east-1:9092": east, listen: address,
		"    to: east\n": "    to: east\n    name: pods\n    rename: \"pods.{topic}\"\n"} {
		if strings.Count(text, from) != 1 {
			t.Fatalf("%q is not in the configuration once:\n%s", from, text)
		}
		text = strings.Replace(text, from, to, 1)
	}
	return text
}

// ask wants a status code at an address without a scheme.
func ask(url, token string, want int) error {
	request, err := http.NewRequest(http.MethodGet, "http://"+url, nil)
	if err != nil {
		return err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() // only the code matters
	if answer.StatusCode != want {
		return fmt.Errorf("%s: got %d, want %d", url, answer.StatusCode, want)
	}
	return nil
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
