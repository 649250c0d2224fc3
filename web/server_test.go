package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirror/config"
	"mirror/monitor"
	"mirror/monitor/history"
)

// fakeSource is a mirror with one route.
type fakeSource struct {
	ready   bool
	reasons []string
}

func (s fakeSource) Ready() (bool, []string) { return s.ready, s.reasons }

func (s fakeSource) Status() monitor.Status {
	route := monitor.RouteStatus{Name: "r", From: "west", To: "east", State: monitor.Copying}
	route.RollUp()
	return monitor.Status{Mirror: "east", Routes: []monitor.RouteStatus{route}}
}

func options(web config.Web, source Source) Options {
	return Options{Web: web, Source: source,
		Sampler: monitor.NewSampler(monitor.SamplerOptions{Registry: monitor.NewRegistry(), Status: source.Status}),
		History: history.Open(history.Options{Series: 20, Log: slog.New(slog.DiscardHandler)}),
		Log:     slog.New(slog.DiscardHandler), Version: "test"}
}

// start serves until the test ends and returns the URL.
func start(t *testing.T, web config.Web, source Source) string {
	t.Helper()
	return serveOptions(t, options(web, source))
}

func serveOptions(t *testing.T, o Options) string {
	t.Helper()
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := server.Listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return url
}

func loopback() config.Web { return config.Web{Listen: "127.0.0.1:0"} }

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ask sends one request on a connection of its own.
func ask(t *testing.T, method, url string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	if change != nil {
		change(request)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestPages(t *testing.T) {
	ready := start(t, loopback(), fakeSource{ready: true})
	waiting := start(t, loopback(), fakeSource{reasons: []string{"route r: cluster west cannot be reached", "route q: starting"}})
	tests := []struct {
		url, method  string
		status       int
		kind, inside string
	}{
		{ready + "/", "GET", 200, "text/html; charset=utf-8", `<script defer src="/page.js">`},
		{ready + "/page.js", "GET", 200, "text/javascript; charset=utf-8", "new EventSource"},
		{ready + "/page.css", "GET", 200, "text/css; charset=utf-8", "prefers-reduced-motion"},
		{ready + "/icon.svg", "GET", 200, "image/svg+xml", "<svg"},
		{ready + "/page/index.html", "GET", 404, "text/plain; charset=utf-8", "nothing here"},
		{ready + "/api/v1/events", "GET", 200, "application/json", `"text":"this process started"`},
		{ready + "/api/v1/events?after=x", "GET", 400, "text/plain; charset=utf-8", "after must be"},
		{ready + "/api/v1/losses", "GET", 200, "application/json", `{"losses":[],"total":0}`},
		{ready + "/api/v1/series", "GET", 200, "application/json", `"room":20`},
		{ready + "/api/v1/history?window=1h&series=r/lag_seconds", "GET", 200, "application/json", `"step_seconds":10,`},
		{ready + "/api/v1/history?window=5m&series=r/lag_seconds", "GET", 400, "text/plain; charset=utf-8", "1h, 2h, 4h, day, week, month, year"},
		{ready + "/api/v1/history?window=1h", "GET", 400, "text/plain; charset=utf-8", "1 to 40 series"},
		{ready + "/api/v1/stream", "HEAD", 200, "text/event-stream", ""},
		{ready + "/api/v1/stream", "POST", 405, "text/plain; charset=utf-8", "only GET"},
		{ready + "/api/v1/status?route=r", "GET", 200, "application/json", `"name":"r"`},
		{ready + "/api/v1/status?route=other", "GET", 200, "application/json", `"routes":[]`},
		{ready + "/healthz", "GET", 200, "text/plain; charset=utf-8", "alive\n"},
		{ready + "/healthz", "HEAD", 200, "text/plain; charset=utf-8", ""},
		{ready + "/readyz", "GET", 200, "text/plain; charset=utf-8", "ready\n"},
		{waiting + "/healthz", "GET", 200, "text/plain; charset=utf-8", "alive\n"},
		{waiting + "/readyz", "GET", 503, "text/plain; charset=utf-8", "route r: cluster west cannot be reached\nroute q: starting\n"},
		{ready + "/api/v1/status", "GET", 200, "application/json", `{"mirror":"east","origin":"","routes":[{"name":"r","from":"west","to":"east","watched":false,"state":"copying"`},
		{ready + "/metrics", "GET", 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", `mirror_route_state{route="r",state="copying"} 1`},
		{ready + "/metrics", "GET", 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", `mirror_build_info{goversion=`},
		{ready + "/metrics", "GET", 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "process_resident_memory_bytes"},
		{ready + "/metrics/", "GET", 404, "text/plain; charset=utf-8", "nothing here"},
		{ready + "/static/../../etc/passwd", "GET", 404, "text/plain; charset=utf-8", "nothing here"},
		{ready + "/%2e%2e/%2e%2e/etc/passwd", "GET", 404, "text/plain; charset=utf-8", "nothing here"},
		{ready + "//healthz", "GET", 404, "text/plain; charset=utf-8", "nothing here"},
		{ready + "/api/v1/status", "POST", 405, "text/plain; charset=utf-8", "only GET"},
		{ready + "/healthz", "DELETE", 405, "text/plain; charset=utf-8", "only GET"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+strings.TrimPrefix(test.url, ready), func(t *testing.T) {
			response, body := ask(t, test.method, test.url, nil)
			if response.StatusCode != test.status {
				t.Errorf("status: got %d, want %d", response.StatusCode, test.status)
			}
			if got := response.Header.Get("Content-Type"); got != test.kind {
				t.Errorf("content type: got %q, want %q", got, test.kind)
			}
			if !strings.Contains(body, test.inside) {
				t.Errorf("body: got %q, want %q inside", body, test.inside)
			}
			if strings.Contains(body, "passwd") || response.Header.Get("Location") != "" {
				t.Errorf("the path comes back: %q, location %q", body, response.Header.Get("Location"))
			}
			checkStrictHeaders(t, response)
		})
	}
}

func checkStrictHeaders(t *testing.T, response *http.Response) {
	t.Helper()
	if got := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self'") {
		t.Errorf("content security policy: got %q", got)
	}
	for name := range response.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("a CORS header: %s", name)
		}
	}
}

// The answer to something too long comes while the client still writes, which
// Go's client takes for a broken connection. So these speak HTTP by hand.
func TestLimits(t *testing.T) {
	url := start(t, loopback(), fakeSource{ready: true})
	begin := "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
	tests := []struct{ name, request, want string }{
		{"declared body", begin + "Content-Length: 1000000\r\n\r\n", "413"},
		{"chunked body", begin + "Transfer-Encoding: chunked\r\n\r\n" + "5000\r\n" + strings.Repeat("x", 0x5000), "413"},
		{"small body", begin + "Content-Length: 2\r\n\r\nhi", "200"},
		{"long header", begin + "X-Long: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "431"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, test.request)
			line, err := bufio.NewReader(conn).ReadString('\n')
			if !strings.Contains(line, test.want) {
				t.Errorf("got %q, %v, want %s", line, err, test.want)
			}
		})
	}
}

// A client that sends a byte now and then must not keep a connection.
func TestSlowClientsAreClosed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 10 s")
	}
	url := start(t, loopback(), fakeSource{ready: true})
	for _, begin := range []string{
		"",
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
	} {
		t.Run(fmt.Sprintf("after %d bytes", len(begin)), func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, begin)
			go func() {
				for {
					if _, err := conn.Write([]byte("x")); err != nil {
						return
					}
					time.Sleep(500 * time.Millisecond)
				}
			}()
			conn.SetReadDeadline(time.Now().Add(time.Minute)) // far behind the server's limits
			if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
				t.Error("the connection stays open")
			}
		})
	}
}

func TestConnectionLimit(t *testing.T) {
	url := start(t, loopback(), fakeSource{ready: true})
	address := strings.TrimPrefix(url, "http://")
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			conn.Close()
		}
	}()
	// answered reports whether a new connection serves a request. It stays open then,
	// for as long as the server keeps idle ones.
	answered := func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
		conn.SetDeadline(time.Now().Add(idleTimeout))
		io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		line, _ := bufio.NewReader(conn).ReadString('\n')
		return strings.Contains(line, "200")
	}
	for n := range maxConnections {
		if !answered() {
			t.Fatalf("no answer on connection %d", n+1)
		}
	}
	if answered() {
		t.Errorf("connection %d is answered", maxConnections+1)
	}
	open[0].Close()
	for deadline := time.Now().Add(idleTimeout / 2); !answered(); {
		if time.Now().After(deadline) {
			t.Fatal("no answer after a connection was closed")
		}
	}
}

func TestListenTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	server, err := New(options(config.Web{Listen: taken.Addr().String()}, fakeSource{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Listen(); err == nil || !strings.Contains(err.Error(), "web.listen") {
		t.Errorf("got %v, want an error that names web.listen", err)
	}
}
