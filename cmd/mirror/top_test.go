package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mirror/clusters"
	"mirror/monitor"
)

var topTime = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// sampleTop has seen two pictures ten seconds apart, in which 1,000 records moved.
func sampleTop() *topModel {
	m := newTopModel(2 * time.Second)
	m.take(sampleStatus(), topTime.Add(-10*time.Second))
	status := sampleStatus()
	status.Routes[0].Topics[1].Partitions[0].TargetOffset += 1000
	m.take(status, topTime)
	return m
}

// manyTopics is a status of one route with n topics of 2 partitions, of which
// each hundredth waits.
func manyTopics(n int) monitor.Status {
	r := monitor.RouteStatus{Name: "west-to-east", From: "west", To: "east", RecordsPerSecond: 12345, BytesPerSecond: 3 << 20,
		Processes: []monitor.ProcessStatus{{Process: "host-a", Lanes: []int32{0}}, {Process: "host-b", Lanes: []int32{1}}}}
	for i := range n {
		topic := monitor.TopicStatus{Source: fmt.Sprintf("topic-%04d", i), Target: fmt.Sprintf("west.topic-%04d", i)}
		for number := range 2 {
			p := monitor.PartitionStatus{Partition: int32(number), State: monitor.CaughtUp, SourceOffset: 100, TargetOffset: 100, SourceEnd: 100, LagSeconds: new(float64), Owner: "host-a"}
			if i%100 == 7 && number == 1 {
				lag := float64(i)
				p.State, p.Reason, p.LagRecords, p.LagSeconds = monitor.Waiting, "the source's broker 3 cannot be reached", int64(i), &lag
			}
			topic.Partitions = append(topic.Partitions, p)
		}
		r.Topics = append(r.Topics, topic)
	}
	r.RollUp()
	return monitor.Status{Mirror: "east", Origin: monitor.FromProcess, Routes: []monitor.RouteStatus{r}}
}

func TestTopPictures(t *testing.T) {
	pictures := []struct {
		name          string
		width, height int
		keys          string
	}{
		{"80x24", 80, 24, ""},
		{"200x60", 200, 60, "j"},
		{"partitions", 80, 24, "\r"},
		{"help", 80, 24, "?"},
		{"nothing", 80, 24, "/nosuchtopic"},
	}
	for _, p := range pictures {
		m := sampleTop()
		for _, k := range parseKeys([]byte(p.keys)) {
			m.press(k)
		}
		golden(t, "testdata/top_"+p.name+".txt", []byte(strings.Join(m.view(p.width, p.height), "\n")+"\n"))
	}
}

// clustersAlone is what a mirror without routes knows.
func clustersAlone() *topModel {
	rate := 1234.4
	m := newTopModel(2 * time.Second)
	m.take(monitor.Status{Mirror: "watch", Origin: monitor.FromProcess, Routes: []monitor.RouteStatus{}}, topTime)
	m.takeClusters([]clusters.Summary{
		{Name: "east", State: clusters.OK, Time: &topTime, BrokerCount: 3, TopicCount: 1500, PartitionCount: 6000, GroupCount: 12, RecordsPerSecond: &rate, Notes: []string{}},
		{Name: "north", State: clusters.Starting},
		{Name: "south", State: clusters.OK, Time: &topTime, BrokerCount: 2, TopicCount: 10, UnderReplicated: 4, Notes: []string{"broker 3 does not answer to the cluster"}},
		{Name: "west", State: clusters.Unreachable, Reason: "no broker of cluster west can be reached: 10.0.0.1:9092 refuses the connection"},
		{Name: "off", State: clusters.Off, Notes: []string{"monitor.enabled is false"}},
	})
	return m
}

// Without routes top shows the clusters, the worst first.
func TestTopOfClustersAlone(t *testing.T) {
	golden(t, "testdata/top_clusters.txt", []byte(strings.Join(clustersAlone().view(80, 24), "\n")+"\n"))
	for _, test := range []struct{ keys, want string }{
		{"j", "south is ok · broker 3 does not answer to the cluster"},
		{"/eas", "east is ok · the page shows"},
		{"/x", `no cluster has "x" in its name: esc drops the filter`},
		{"\r\x1br?x", "west is unreachable: no broker"}, // keys that are for routes do nothing
	} {
		m := clustersAlone()
		for _, k := range parseKeys([]byte(test.keys)) {
			m.press(k)
		}
		if got := strings.Join(m.view(120, 24), "\n"); !strings.Contains(got, test.want) {
			t.Errorf("%q: got\n%s", test.keys, got)
		}
	}
	for _, size := range [][2]int{{1, 1}, {40, 10}, {79, 23}, {80, 24}, {200, 60}} {
		lines := clustersAlone().view(size[0], size[1])
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > size[0] || len(lines) != size[1] {
				t.Errorf("on %v: %d lines, %d columns: %q", size, len(lines), n, line)
			}
		}
	}
}

// Whatever the size, a picture has as many lines as the screen and none is longer.
func TestTopFits(t *testing.T) {
	views := []string{"", "\r", "?", "/7", "/7\r", "p", "r", "G", "\x1b[F"}
	for _, colour := range []bool{false, true} {
		for _, keys := range views {
			m := newTopModel(time.Second)
			m.take(manyTopics(1000), topTime)
			for _, k := range parseKeys([]byte(keys)) {
				m.press(k)
			}
			if strings.HasPrefix(keys, "p") {
				m.lose(errors.New("no mirror answers at http://127.0.0.1:8080: connection refused"))
			}
			m.colour = colour
			for _, size := range [][2]int{{1, 1}, {20, 5}, {40, 10}, {79, 23}, {80, 24}, {119, 30}, {120, 30}, {200, 60}} {
				lines := m.view(size[0], size[1])
				if len(lines) != size[1] {
					t.Errorf("%q on %v: %d lines", keys, size, len(lines))
				}
				for _, line := range lines {
					if n := utf8.RuneCountInString(withoutColour(line)); n > size[0] {
						t.Errorf("%q on %v: %d columns: %q", keys, size, n, line)
					}
				}
			}
		}
	}
}

// withoutColour removes SGR sequences.
func withoutColour(line string) string {
	var b strings.Builder
	for i, part := range strings.Split(line, "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		b.WriteString(part)
	}
	return b.String()
}

// order returns the names of the topics as the table shows them.
func order(m *topModel) string {
	var names []string
	for _, row := range m.topics() {
		names = append(names, row.key.topic)
	}
	return strings.Join(names, " ")
}

func TestTopOrders(t *testing.T) {
	m := sampleTop()
	for keys, want := range map[string]string{
		"s": "orders gone clicks",
		"l": "orders clicks gone",
		"t": "orders clicks gone",
		"n": "clicks gone orders",
	} {
		m.press(key(keys[0]))
		if got := order(m); got != want {
			t.Errorf("%s: got %s, want %s", keys, got, want)
		}
	}
	m.press('r')
	if m.route != "west-to-east" || order(m) == "" {
		t.Errorf("the first route: %s, topics %s", m.route, order(m))
	}
	m.press('r')
	if m.route != "north-to-east" || order(m) != "" {
		t.Errorf("the second route: %s, topics %s", m.route, order(m))
	}
	m.press('r')
	if m.route != "" {
		t.Errorf("after the last route: %s, want all", m.route)
	}
}

// Rates come from what was written to the target between two pictures.
func TestTopRates(t *testing.T) {
	m := sampleTop()
	if got := m.rates[topicKey{"west-to-east", "orders"}]; got != 100 {
		t.Errorf("got %v records a second, want 100", got)
	}
	restarted := sampleStatus()
	restarted.Routes[0].Topics[1].Partitions[0].TargetOffset = -1
	m.take(restarted, topTime.Add(10*time.Second))
	m.take(sampleStatus(), topTime.Add(20*time.Second))
	if got := m.rates[topicKey{"west-to-east", "orders"}]; got != 25 {
		t.Errorf("a position that was unknown meanwhile: got %v records a second, want the mean of before and 0", got)
	}
}

func TestParseKeys(t *testing.T) {
	tests := []struct {
		sent string
		want []key
	}{
		{"q", []key{'q'}},
		{"é", []key{'é'}},
		{"\x1b", []key{keyEscape}},
		{"\x1b[A\x1bOB", []key{keyUp, keyDown}},
		{"\x1b[5~x\x1b[6~", []key{keyPageUp, 'x', keyPageDown}},
		{"\x1b[1;5C", []key{keyNone}},
		{"\x1b[", []key{keyEscape}},
		{"\x1bx", []key{keyEscape, 'x'}},
		{"\r\x7f\x03\x1a\x0c\x00\xff", []key{keyEnter, keyBackspace, keyInterrupt, keySuspend, keyRedraw, keyNone, keyNone}},
	}
	for _, test := range tests {
		if got := parseKeys([]byte(test.sent)); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%q: got %v, want %v", test.sent, got, test.want)
		}
	}
}

func FuzzTopKeys(f *testing.F) {
	f.Add([]byte("j\x1b[B/ord\r\r\x1b?x pnslt"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		m := sampleTop()
		for _, k := range parseKeys(sent) {
			m.press(k)
			m.view(80, 24)
		}
		if lines := m.view(100, 30); len(lines) != 30 {
			t.Errorf("%d lines", len(lines))
		}
	})
}

// Without a terminal there is nothing to show it on, and a way out is named.
func TestTopWithoutTerminal(t *testing.T) {
	err := runTop(t.Context(), topOptions{interval: time.Second}, os.Stdin, &bytes.Buffer{})
	if exitCode(err) != exitUsage || !strings.Contains(err.Error(), "mirror status -w") {
		t.Errorf("got %v", err)
	}
	if code, _, stderr := mirror(t, "top", "--interval", "1ms"); code != exitUsage || !strings.Contains(stderr, "100ms or more") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	if state := stateColour(monitor.Copying); state != "" {
		t.Errorf("what works well is painted: %q", state)
	}
}
