package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
)

// The guide says under "Capacity" that a process with one route has about four connections to each source broker, four more
// with something to catch up with, and eight to each target broker. These are the limits, with room for some that end and begin.
const (
	toEachSource  = 5
	toEachTarget  = 10
	toAddresses   = 2 // of the configuration
	forCatchingUp = 4 // more to each source broker, with connections_per_broker at its default
	threeBrokers  = 3
)

// A process keeps to the number of connections that operators plan with, at rest, under load and with a backlog.
func TestConnections(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("connections are counted in /proc")
	}
	topics := []string{"a", "b", "c", "d", "e", "f"}
	west := embeddedCluster(t, "west", kfake.SeedTopics(20, topics...), kfake.NumBrokers(threeBrokers))
	east := embeddedCluster(t, "east", kfake.NumBrokers(threeBrokers))
	client, err := kgo.NewClient(kgo.SeedBrokers(west.ListenAddrs()...), kgo.DisableIdempotentWrite())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	d := newDaemonFromText(t, "mirror", func(listen string) string {
		return fmt.Sprintf("name: e2e\nclusters: {west: {brokers: [%q]}, east: {brokers: [%q]}}\nroutes: [{from: west, to: east, topics: [\"/.*/\"]}]\nweb: {listen: %q}\n",
			west.ListenAddrs()[0], east.ListenAddrs()[0], listen)
	})
	d.start()
	d.waitState(monitor.CaughtUp)
	write := func(n int) {
		t.Helper()
		for i := range n {
			client.Produce(t.Context(), &kgo.Record{Topic: topics[i%len(topics)], Value: make([]byte, 1000)}, nil)
		}
		if err := client.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	source, target := threeBrokers*toEachSource+toAddresses, threeBrokers*toEachTarget+toAddresses
	for range 20 {
		write(500)
		d.expectConnections("under load", west, source+threeBrokers*forCatchingUp, east, target)
	}
	d.waitState(monitor.CaughtUp)
	// Those for a backlog close when they have had nothing to do for a while.
	eventually(t, "few connections", func() error {
		if from, to := d.connections(west), d.connections(east); from > source || to > target {
			return fmt.Errorf("at rest there are %d connections to the source and %d to the target, more than %d and %d", from, to, source, target)
		}
		return nil
	})
	t.Logf("at rest: %d connections to three source brokers, %d to three target brokers", d.connections(west), d.connections(east))
	d.stop()
	write(20000)
	d.start()
	for state := ""; state != string(monitor.CaughtUp); {
		d.expectConnections("with a backlog", west, source+threeBrokers*forCatchingUp, east, target)
		if status, err := d.status(); err == nil {
			state = string(status.Routes[0].State)
		}
	}
	t.Logf("with a backlog: %d and %d", d.connections(west), d.connections(east))
}

func (d *daemon) expectConnections(when string, source *kfake.Cluster, mostFrom int, target *kfake.Cluster, mostTo int) {
	d.t.Helper()
	if from, to := d.connections(source), d.connections(target); from > mostFrom || to > mostTo {
		d.t.Fatalf("%s there are %d connections to the source and %d to the target, more than %d and %d", when, from, to, mostFrom, mostTo)
	}
}

// connections counts those that are open between the process and a cluster.
func (d *daemon) connections(cluster *kfake.Cluster) int {
	d.t.Helper()
	mine := map[string]bool{} // inodes of its sockets
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", d.process.Pid()))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, file := range files {
		if socket, err := os.Readlink(file); err == nil { // it may be closed by now
			mine[socket] = true
		}
	}
	ports := map[string]bool{} // in hexadecimal
	for _, address := range cluster.ListenAddrs() {
		_, text, err := net.SplitHostPort(address)
		port, bad := strconv.Atoi(text)
		if err != nil || bad != nil {
			d.t.Fatal(err, bad)
		}
		ports[fmt.Sprintf("%04X", port)] = true
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		d.t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(table)) {
		// Number, own address, the other's, state, four more, and then the inode.
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[3] != "01" || !mine["socket:["+fields[9]+"]"] {
			continue
		}
		if _, port, _ := strings.Cut(fields[2], ":"); ports[port] {
			count++
		}
	}
	return count
}
