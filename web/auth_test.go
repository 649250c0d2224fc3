package web

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"mirror/config"
)

func TestToken(t *testing.T) {
	file := writeFile(t, "token", "open sesame\n")
	url := start(t, config.Web{Listen: "127.0.0.1:0", TokenFile: file}, fakeSource{ready: true})
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	basic := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth("anyone", token) }
	}
	tests := []struct {
		name, path string
		change     func(*http.Request)
		want       int
	}{
		{"none", "/", nil, 401},
		{"none", "/api/v1/status", nil, 401},
		{"none", "/metrics", nil, 401},
		{"none, unknown path", "/nothing", nil, 401},
		{"none", "/healthz", nil, 200},
		{"none", "/readyz", nil, 200},
		{"wrong", "/api/v1/status", bearer("open sesam"), 401},
		{"empty", "/api/v1/status", bearer(""), 401},
		{"with its newline", "/api/v1/status", bearer("open sesame"), 200},
		{"basic", "/metrics", basic("open sesame"), 200},
		{"wrong basic", "/metrics", basic("sesame"), 401},
		{"empty basic", "/metrics", basic(""), 401},
		{"in the address", "/metrics?token=open+sesame", nil, 401},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.path, func(t *testing.T) {
			response, body := ask(t, "GET", url+test.path, test.change)
			if response.StatusCode != test.want {
				t.Errorf("got %d, want %d", response.StatusCode, test.want)
			}
			if strings.Contains(body, "sesame") {
				t.Errorf("the token comes back: %q", body)
			}
			if test.want == 401 && response.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate: a browser would not ask")
			}
			checkStrictHeaders(t, response)
		})
	}

	if err := os.WriteFile(file, []byte("rotated"), 0o600); err != nil {
		t.Fatal(err)
	}
	if response, _ := ask(t, "GET", url+"/metrics", bearer("open sesame")); response.StatusCode != 401 {
		t.Errorf("old token after rotation: got %d, want 401", response.StatusCode)
	}
	if response, _ := ask(t, "GET", url+"/metrics", bearer("rotated")); response.StatusCode != 200 {
		t.Errorf("new token after rotation: got %d, want 200", response.StatusCode)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if response, _ := ask(t, "GET", url+"/metrics", bearer("rotated")); response.StatusCode != 401 {
		t.Errorf("token file gone: got %d, want 401", response.StatusCode)
	}
}

func TestNewRefuses(t *testing.T) {
	empty := writeFile(t, "empty", "\n")
	token := writeFile(t, "token", "secret")
	mutual := serverFiles(t)
	newAuthority(t).writeServer(t, mutual, "mirror", time.Now())
	tests := []struct {
		name string
		web  config.Web
		want string // empty: accepted
	}{
		{"loopback", config.Web{Listen: "127.0.0.1:8080"}, ""},
		{"loopback by name", config.Web{Listen: "localhost:8080"}, ""},
		{"loopback 6", config.Web{Listen: "[::1]:8080"}, ""},
		{"all addresses", config.Web{Listen: ":8080"}, "web.token_file"},
		{"all addresses 4", config.Web{Listen: "0.0.0.0:8080"}, "web.token_file"},
		{"a name", config.Web{Listen: "mirror.example.org:8080"}, "web.token_file"},
		{"a name that begins like loopback", config.Web{Listen: "127.0.0.1.example.org:80"}, "web.token_file"},
		{"all addresses with token", config.Web{Listen: ":8080", TokenFile: token}, ""},
		{"empty token", config.Web{Listen: ":8080", TokenFile: empty}, "holds no token"},
		{"missing token", config.Web{Listen: "127.0.0.1:8080", TokenFile: empty + ".not"}, "read token"},
		{"certificate without client CA", config.Web{Listen: ":8080", TLS: &config.WebTLS{CertFile: "c", KeyFile: "k"}}, "web.token_file"},
		{"certificate with client CA", config.Web{Listen: ":8080", TLS: &mutual}, ""},
		{"missing certificate", config.Web{Listen: "127.0.0.1:0", TLS: &config.WebTLS{CertFile: "/nowhere/c", KeyFile: "k"}}, "web.tls.cert_file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(options(test.web, fakeSource{}))
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want it accepted", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
