package sink

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"mirror/config"
	"mirror/monitor"
)

var quiet = slog.New(slog.DiscardHandler)

// sampleOf is a snapshot of n series.
func sampleOf(n int) monitor.Sample {
	s := monitor.Sample{Time: time.Unix(1700000000, 0)}
	for i := range n {
		s.Points = append(s.Points, monitor.Point{Series: monitor.Series{Name: "mirror_lag_records",
			Labels: monitor.Labels{{Name: "route", Value: "r"}, {Name: "topic", Value: fmt.Sprint("t.", i)}}}, Value: float64(i)})
	}
	return s
}

// run starts sinks and returns them; the test's end stops them and waits.
func run(t *testing.T, log *slog.Logger, list ...config.Sink) *Sinks {
	t.Helper()
	s, err := New(list, 10*time.Second, Identity{"m", "p"}, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// tcpServer collects lines.
type tcpServer struct {
	listener net.Listener
	mu       sync.Mutex // guards what follows
	lines    []string
	conns    []net.Conn
}

func listenTCP(t *testing.T, address string) *tcpServer {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &tcpServer{listener: l}
	t.Cleanup(s.stop)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			go s.read(conn)
		}
	}()
	return s
}

func (s *tcpServer) read(conn net.Conn) {
	scanner := bufio.NewScanner(conn)
	for scanner.Scan() {
		s.mu.Lock()
		s.lines = append(s.lines, scanner.Text())
		s.mu.Unlock()
	}
}

func (s *tcpServer) stop() {
	s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
}

func (s *tcpServer) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines
}

func TestLinesOverTCP(t *testing.T) {
	graphite, tsdb := listenTCP(t, "127.0.0.1:0"), listenTCP(t, "127.0.0.1:0")
	s := run(t, quiet, config.Sink{Kind: config.SinkGraphite, Address: graphite.listener.Addr().String(), Prefix: "x"},
		config.Sink{Kind: config.SinkKairosDB, Address: tsdb.listener.Addr().String()})
	s.Take(sampleOf(2000))
	eventually(t, "2,000 lines at both", func() bool { return len(graphite.got()) == 2000 && len(tsdb.got()) == 2000 })
	if got, want := graphite.got()[7], "x.route.r.topic.t=7.lag_records 7 1700000000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := tsdb.got()[7], "put mirror_lag_records 1700000000 7 mirror=m process=p route=r topic=t.7"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	eventually(t, "the count of both", func() bool { return s.couriers[0].sent.Load() == 2000 && s.couriers[1].sent.Load() == 2000 })
	want := fmt.Sprintf(`
# HELP mirror_sink_dropped_total Values that a metrics sink did not take in time.
# TYPE mirror_sink_dropped_total counter
mirror_sink_dropped_total{sink="graphite://%[1]s"} 0
mirror_sink_dropped_total{sink="kairosdb://%[2]s"} 0
# HELP mirror_sink_sent_total Values that were handed to a metrics sink. Over UDP nobody says whether they arrived.
# TYPE mirror_sink_sent_total counter
mirror_sink_sent_total{sink="graphite://%[1]s"} 2000
mirror_sink_sent_total{sink="kairosdb://%[2]s"} 2000
`, graphite.listener.Addr(), tsdb.listener.Addr())
	if err := testutil.CollectAndCompare(s, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if points := s.Points(time.Now()); len(points) != 4 || points[0].Value != 2000 {
		t.Errorf("got %v", points)
	}
}

// A server that is away costs nothing but its own values, and is found again.
func TestServerAway(t *testing.T) {
	server := listenTCP(t, "127.0.0.1:0")
	address := server.listener.Addr().String()
	server.stop()
	c := newCourier("graphite", newGraphite(address, ""), quiet)
	now := time.Now()
	deliver := func(at time.Time) {
		c.deliver(t.Context(), batch{at: at, points: []point{{name: "mirror_x", value: 1}}}, at)
	}
	deliver(now)
	if c.dropped.Load() != 1 || c.pause != firstPause {
		t.Fatalf("got %d dropped and a pause of %v", c.dropped.Load(), c.pause)
	}
	back := listenTCP(t, address)
	deliver(now.Add(firstPause / 2))
	if len(back.got()) != 0 || c.dropped.Load() != 2 {
		t.Errorf("during the pause: got %v, %d dropped", back.got(), c.dropped.Load())
	}
	deliver(now.Add(2 * firstPause))
	eventually(t, "the value", func() bool { return len(back.got()) == 1 })
	if c.sent.Load() != 1 || c.dropped.Load() != 2 || c.pause != 0 {
		t.Errorf("got %d sent, %d dropped, pause %v", c.sent.Load(), c.dropped.Load(), c.pause)
	}
	c.writer.close()
}

// A restart of the server between two snapshots loses nothing: the closed
// connection is seen before anything is written to it.
func TestServerRestarts(t *testing.T) {
	server := listenTCP(t, "127.0.0.1:0")
	address := server.listener.Addr().String()
	w := newGraphite(address, "")
	defer w.close()
	b := batch{at: time.Now(), points: []point{{name: "mirror_x", value: 1}}}
	if _, err := w.write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first value", func() bool { return len(server.got()) == 1 })
	server.stop()
	back := listenTCP(t, address)
	eventually(t, "a value at the new server", func() bool {
		_, err := w.write(t.Context(), b)
		return err == nil && len(back.got()) > 0
	})
}

func TestPausesGrow(t *testing.T) {
	var logged strings.Builder
	c := newCourier("x", newGraphite("127.0.0.1:1", ""), slog.New(slog.NewTextHandler(&logged, nil)))
	now := time.Now()
	for range 20 {
		now = now.Add(longPause)
		c.deliver(t.Context(), batch{at: now, points: make([]point, 10)}, now)
	}
	if c.pause != longPause || c.dropped.Load() != 200 {
		t.Errorf("got a pause of %v, %d dropped", c.pause, c.dropped.Load())
	}
	if n := strings.Count(logged.String(), "\n"); n < 1 || n > 3 {
		t.Errorf("got %d lines in 20 minutes, want about 2:\n%s", n, logged.String())
	}
}

// A server that takes connections and never reads: snapshots go on, memory does
// not grow, the rest is counted.
func TestServerHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := run(t, quiet, config.Sink{Kind: config.SinkGraphite, Address: l.Addr().String()})
	const snapshots, each = 30, 20_000
	for range snapshots {
		s.Take(sampleOf(each))
	}
	c := s.couriers[0]
	if c.dropped.Load() < snapshots/2*each { // the socket takes the first few
		t.Errorf("got %d dropped of %d", c.dropped.Load(), snapshots*each)
	}
	if len(c.box) > 1 || len(c.pending) != 0 || cap(c.pending) > 2*each {
		t.Errorf("%d snapshots wait, room for %d points", len(c.box), cap(c.pending))
	}
}

// udpServer returns the address of a server and a function that reads one packet.
func udpServer(t *testing.T) (string, func() []byte) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String(), func() []byte {
		buf := make([]byte, 65536)
		if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		return buf[:n]
	}
}

func TestStatsd(t *testing.T) {
	address, read := udpServer(t)
	s := run(t, quiet, config.Sink{Kind: config.SinkStatsd, Address: address, Prefix: "mirror.{process}"})
	sample := sampleOf(2000)
	sample.Points[0].Value = -2
	s.Take(sample)
	var lines []string
	for len(lines) < 2001 {
		packet := read()
		if len(packet) > packetBytes {
			t.Errorf("a packet has %d bytes", len(packet))
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(string(packet), "\n"), "\n")...)
	}
	want := []string{"mirror.p.route.r.topic.t=0.lag_records:0|g", "mirror.p.route.r.topic.t=0.lag_records:-2|g", "mirror.p.route.r.topic.t=1.lag_records:1|g"}
	for i, w := range want {
		if lines[i] != w {
			t.Errorf("line %d: got %q, want %q", i, lines[i], w)
		}
	}
}

// xdr takes a packet of Ganglia apart.
type xdr struct {
	t    *testing.T
	rest []byte
}

func (x *xdr) number() uint32 {
	x.t.Helper()
	if len(x.rest) < 4 {
		x.t.Fatal("the packet is too short")
	}
	n := binary.BigEndian.Uint32(x.rest)
	x.rest = x.rest[4:]
	return n
}

func (x *xdr) text() string {
	n := int(x.number())
	padded := (n + 3) / 4 * 4
	if padded > len(x.rest) {
		x.t.Fatal("the packet is too short")
	}
	text := string(x.rest[:n])
	x.rest = x.rest[padded:]
	return text
}

func TestGangliaPackets(t *testing.T) {
	address, read := udpServer(t)
	g := newGanglia(address, "mirror", Identity{"m", "host"}, 10*time.Second)
	b := batch{at: time.Now(), points: []point{{name: "mirror_route_lag_seconds", value: 2.5}}}
	kinds := func(n int) (kinds []uint32) {
		t.Helper()
		if _, err := g.write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for range n {
			kinds = append(kinds, (&xdr{t, read()}).number())
		}
		return kinds
	}
	if _, err := g.write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	x := &xdr{t, read()}
	got := fmt.Sprint(x.number(), x.text(), x.text(), x.number(), x.text(), x.text(), x.text(), x.number(), x.number(), x.number(), x.number(), x.text(), x.text())
	if want := fmt.Sprint(uint32(128), "host", "mirror.lag_seconds", uint32(0), "double", "mirror.lag_seconds", "s", uint32(3), uint32(10), uint32(3600), uint32(1), "GROUP", "mirror"); got != want || len(x.rest) != 0 {
		t.Errorf("description: got %s and %d bytes more, want %s", got, len(x.rest), want)
	}
	x = &xdr{t, read()}
	got = fmt.Sprint(x.number(), x.text(), x.text(), x.number(), x.text(), x.text())
	if want := fmt.Sprint(uint32(133), "host", "mirror.lag_seconds", uint32(0), "%s", "2.5"); got != want || len(x.rest) != 0 {
		t.Errorf("value: got %s and %d bytes more, want %s", got, len(x.rest), want)
	}
	b.at = b.at.Add(10 * time.Second)
	if got := kinds(1); got[0] != gangliaString {
		t.Errorf("ten seconds later: got %v, want the value alone", got)
	}
	b.at = b.at.Add(metadataEvery)
	if got := kinds(2); got[0] != gangliaMetadata || got[1] != gangliaString {
		t.Errorf("a minute later: got %v, want description and value", got)
	}
	b.points = nil
	if kinds(0); len(g.described) != 0 {
		t.Error("a metric that is gone is not forgotten")
	}
}

func TestInfluxDB(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if user, password, _ := r.BasicAuth(); user != "me" || password != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.String() != "/write?db=metrics&precision=s" {
			t.Errorf("got %s", r.URL)
		}
		if status != http.StatusNoContent {
			w.WriteHeader(status)
			fmt.Fprintln(w, `{"error":"database not found: \"metrics\""}`)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")...)
	}))
	defer server.Close()
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Sink{Kind: config.SinkInfluxDB, Address: strings.TrimPrefix(server.URL, "http://"), Database: "metrics", Username: "me", PasswordFile: secret}
	s := run(t, quiet, c)
	s.Take(sampleOf(influxLines + 100))
	eventually(t, "all lines", func() bool { mu.Lock(); defer mu.Unlock(); return len(lines) == influxLines+100 })
	if got, want := lines[3], "mirror_lag_records,mirror=m,process=p,route=r,topic=t.3 value=3 1700000000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	mu.Lock()
	status = http.StatusNotFound
	mu.Unlock()
	w := newInfluxDB(c, Identity{})
	defer w.close()
	b := batch{points: []point{{name: "mirror_x"}}}
	if _, err := w.write(t.Context(), b); err == nil || !strings.Contains(err.Error(), "database not found") {
		t.Errorf("got %v, want what the server says", err)
	}
	server.Close()
	if _, err := w.write(t.Context(), b); err == nil || strings.Contains(err.Error(), "hunter2") || strings.Count(err.Error(), c.Address) > 2 {
		t.Errorf("got %v", err)
	}
}

// What a TSDB complains about is logged, and not for each value.
func TestComplaints(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answered := make(chan struct{})
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
			fmt.Fprintln(conn, "put: illegal argument: bad tag")
		}
		close(answered)
		_, _ = io.Copy(io.Discard, conn)
	}()
	var logged strings.Builder
	w := newOpenTSDB(l.Addr().String(), Identity{"m", "p"}, slog.New(slog.NewTextHandler(&logged, nil)))
	defer w.close()
	b := batch{at: time.Now(), points: []point{{name: "mirror_x"}}}
	if _, err := w.write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	<-answered
	eventually(t, "the complaint in the log", func() bool {
		if _, err := w.write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(logged.String(), "illegal argument")
	})
	if n := strings.Count(logged.String(), "\n"); n != 1 {
		t.Errorf("got %d lines, want 1", n)
	}
}
