package web

import (
	"net/http"
	"strings"
	"testing"

	"mirror/config"
)

func TestHost(t *testing.T) {
	url := start(t, config.Web{Listen: "127.0.0.1:0", Hosts: []string{"Mirror.Example.org", "other.example.org:8080"}},
		fakeSource{reasons: []string{"cluster west cannot be reached"}})
	tests := []struct {
		host string
		want int
	}{
		{"127.0.0.1", 200},
		{"127.0.0.1:9999", 200},
		{"127.0.0.2:80", 200},
		{"localhost", 200},
		{"LOCALHOST.:80", 200},
		{"[::1]:80", 200},
		{"mirror.example.org", 200},
		{"other.example.org", 200},
		{"evil.example.org", 421},
		{"localhost.evil.example.org", 421},
		{"127.0.0.1.evil.example.org", 421},
		{"10.1.2.3", 421},
		{"[::ffff:127.0.0.1]", 200},
		{"xmirror.example.org", 421},
	}
	for _, test := range tests {
		t.Run(test.host, func(t *testing.T) {
			response, body := ask(t, "GET", url+"/api/v1/status", func(r *http.Request) { r.Host = test.host })
			if response.StatusCode != test.want {
				t.Errorf("got %d, want %d", response.StatusCode, test.want)
			}
			if test.want == 421 && strings.Contains(body, test.host) {
				t.Errorf("the name comes back: %q", body)
			}
			probe, reasons := ask(t, "GET", url+"/readyz", func(r *http.Request) { r.Host = test.host })
			if probe.StatusCode != 503 {
				t.Errorf("readyz: got %d, want 503 under any name", probe.StatusCode)
			}
			if told := strings.Contains(reasons, "west"); told != (test.want == 200) {
				t.Errorf("readyz: reasons told: %v", told)
			}
		})
	}
}
