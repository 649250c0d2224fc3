package deploy_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The story of the outage ends with PASS only when all it tells is so. What it asks is answered here, by a demo that is
// not there and has one fault each time; its clock runs with what is asked and waited for.
func TestOutageFails(t *testing.T) {
	for _, c := range []struct{ fault, want string }{
		{"", "PASS"},
		{"broker does not stop", "FAIL: these brokers did not stop: kafka-west"},
		{"lag stands still in status", "FAIL: waited 60 s for east's lag to grow"},
		{"health check says yes", "FAIL: waited 60 s for the health check of east's mirror to say no"},
		{"health check says no", "FAIL: waited 60 s for the health check of east's mirror to say yes"},
		{"lag stops growing in status", "FAIL: east's lag does not grow in mirror status"},
		{"lag stands still on the page", "FAIL: east's lag does not grow on its page"},
		{"page does not answer", "FAIL: east's page does not answer"},
		{"east stands still", "FAIL: east's own topics stood still"},
		{"records of nobody", "FAIL: there were records of a cluster that was down"},
		{"copying stands still", "FAIL: waited 180 s for copying to go on"},
		{"west waits for ever", "FAIL: waited 120 s for west to catch up"},
		{"copied again", "new there"},
		{"records differ", "FAIL: the records of both sides differ"},
		{"reader lost a record", "FAIL: waited 30 s for the reader in east to have all of west"},
		{"reader read a record twice", "FAIL: waited 30 s for the reader in east to have all of west"},
		{"reader found a fault", "FAIL: the reader in west missed records or read some twice"},
		{"status fails", "FAIL: waited 120 s for east to catch up"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			out, err := tellOutage(t, &fakeDemo{fault: c.fault, up: true, writing: true})
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if last := lines[len(lines)-1]; !strings.Contains(last, c.want) || (err == nil) != (c.want == "PASS") {
				t.Errorf("it ended with %v and %q, want %q:\n%s", err, last, c.want, out)
			}
		})
	}
}

// tellOutage runs the story on a demo that is not there.
func tellOutage(t *testing.T, demo *fakeDemo) (string, error) {
	t.Helper()
	page := httptest.NewServer(http.HandlerFunc(demo.page))
	t.Cleanup(page.Close)
	_, demo.port, _ = net.SplitHostPort(page.Listener.Addr().String())
	asked, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { asked.Close() })
	go demo.serve(asked)

	bin := t.TempDir()
	_, port, _ := net.SplitHostPort(asked.Addr().String())
	script := "#!/usr/bin/env bash\nexec 3<>/dev/tcp/127.0.0.1/" + port + "\necho \"${0##*/} $*\" >&3\nIFS= read -r code <&3\ncat <&3\nexit \"$code\"\n"
	for _, name := range []string{"docker", "date", "sleep"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("compose/outage")
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "PICTURES=", "OUTAGE_SECONDS=30")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// fakeDemo answers for a demo of two datacenters.
type fakeDemo struct {
	fault string
	port  string // of the page

	mu       sync.Mutex
	now      int     // seconds since it began
	downAt   int     // when west went down
	restored bool    // west came back
	up       bool    // west is there
	writing  bool    // the writers write
	east     float64 // written in east, and copied into west
	west     float64 // written in west
	copied   float64 // west's records that reached east
	extra    float64 // copied more than once
}

// pass lets time go by.
func (d *fakeDemo) pass(seconds int) {
	d.now += seconds
	const rate = 1000
	if d.writing && (d.up || d.fault != "east stands still") {
		d.east += rate * float64(seconds)
	}
	if d.writing && d.up {
		d.west += rate * float64(seconds)
	}
	if d.up && (!d.restored || d.fault != "copying stands still") {
		d.copied = d.west
	}
	if !d.up && d.fault == "records of nobody" && d.now > d.downAt+20 {
		d.copied++
	}
}

// serve answers one line of a question with a code in a line, and what is printed.
func (d *fakeDemo) serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil {
			var out bytes.Buffer
			code := d.answer(strings.Fields(line), &out)
			fmt.Fprintf(conn, "%d\n%s", code, &out)
		}
		conn.Close()
	}
}

func (d *fakeDemo) answer(words []string, out *bytes.Buffer) (code int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	line := strings.Join(words, " ")
	switch {
	case words[0] == "date":
		fmt.Fprintln(out, d.now)
	case words[0] == "sleep":
		d.pass(5)
	case strings.Contains(line, " ps "):
		fmt.Fprintln(out, "kafka-east\nmirror-east")
		if d.up {
			fmt.Fprintln(out, "kafka-west")
		}
	case strings.Contains(line, " port "):
		fmt.Fprintln(out, "127.0.0.1:"+d.port)
	case strings.Contains(line, " stop ") && strings.HasSuffix(line, "kafka-west"):
		d.pass(1)
		if d.fault != "broker does not stop" {
			d.up, d.downAt = false, d.now
		}
	case strings.Contains(line, " start kafka-west"):
		d.up, d.restored = true, true
		if d.fault == "copied again" {
			d.extra = d.copied
		}
	case strings.Contains(line, " stop ") && strings.Contains(line, "writer"):
		d.writing = false
	case strings.Contains(line, " logs "):
		d.read(words[len(words)-1] == "reader-east", out)
	case strings.Contains(line, " status --ready"):
		d.pass(1)
		if !d.up && d.fault != "health check says yes" || d.restored && d.fault == "health check says no" {
			return 4
		}
	case strings.Contains(line, " status"):
		return d.status(strings.Contains(line, "mirror-east"), out)
	case strings.Contains(line, " verify "):
		equal := d.east
		if strings.Contains(line, "mirror-east") {
			equal = d.west
		}
		fmt.Fprintf(out, "verify: 0 differences\n  %.0f records equal (1 MiB) in 6 partitions\n", equal)
		if d.fault == "records differ" {
			return 4
		}
	}
	return 0
}

// read prints what a reader has.
func (d *fakeDemo) read(east bool, out *bytes.Buffer) {
	local, other, count, faults := "", "west.", d.copied, 0
	if !east {
		other, count = "east.", d.east
	}
	switch {
	case east && !d.writing && d.fault == "reader lost a record":
		count--
	case east && !d.writing && d.fault == "reader read a record twice":
		count++
	case !east && !d.writing && d.fault == "reader found a fault":
		faults = 1
	}
	fmt.Fprintf(out, "reader-1 | read %sorders: %.0f records, the latest 0.0 s old\n", local, d.east)
	fmt.Fprintf(out, "reader-1 | read %sorders: %.0f records, the latest 0.0 s old\n", other, count)
	fmt.Fprintf(out, "reader-1 | read 4 topics, %d faults\n", faults)
}

// lag is what one of both tells: of the page, or of mirror status.
func (d *fakeDemo) lag(still, stops bool) int {
	switch {
	case d.up || still:
		return 0
	case stops:
		return min(d.now-d.downAt, 25)
	}
	return d.now - d.downAt
}

func (d *fakeDemo) status(east bool, out *bytes.Buffer) (code int) {
	state := "caught_up"
	if !d.up || !east && d.restored && d.fault == "west waits for ever" {
		state = "waiting"
	}
	d.pass(1)
	if d.fault == "status fails" && d.restored {
		return 5
	}
	fmt.Fprintf(out, "mirror: east\nroutes:\n    - name: west-to-east\n      state: %s\n      lag_seconds: %d.25\n      records_total: %.0f\n", state,
		d.lag(d.fault == "lag stands still in status", d.fault == "lag stops growing in status"), d.copied+d.extra)
	return 0
}

// page is the stream that the page listens to.
func (d *fakeDemo) page(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == "page does not answer" {
		panic(http.ErrAbortHandler)
	}
	if r.URL.Path != "/api/v1/stream" || r.Header.Get("Authorization") != "Bearer demo-token" {
		http.NotFound(w, r)
		return
	}
	fmt.Fprintf(w, "retry: 2000\nevent: snapshot\ndata: {\"routes\":[{\"lag_seconds\":%d.5}]}\n\n", d.lag(d.fault == "lag stands still on the page", false))
}
