package main

import (
	"strings"
	"testing"
	"time"

	"mirror/config"
	"mirror/monitor"
)

// lagging is a route of one topic with these partitions.
func lagging(partitions ...monitor.PartitionStatus) monitor.Status {
	for i := range partitions {
		partitions[i].Partition = int32(i)
	}
	r := monitor.RouteStatus{Name: "west-to-east", Topics: []monitor.TopicStatus{{Source: "orders", Partitions: partitions}}}
	r.RollUp()
	return monitor.Status{Routes: []monitor.RouteStatus{r}}
}

func behind(lag float64) monitor.PartitionStatus {
	return monitor.PartitionStatus{State: monitor.Copying, LagSeconds: &lag}
}

func TestLagFaults(t *testing.T) {
	unknown := monitor.PartitionStatus{State: monitor.Waiting, Reason: "no leader"}
	stopped := behind(1)
	stopped.State, stopped.Reason = monitor.Stopped, "record too large"
	late := behind(90)
	late.State, late.Reason = monitor.Waiting, "the source has not answered for 90 s"
	waiting := lagging(behind(3))
	waiting.Routes[0].State, waiting.Routes[0].Reason = monitor.Waiting, "cluster west does not answer"
	route := func(state monitor.State, reason string) monitor.Status {
		return monitor.Status{Routes: []monitor.RouteStatus{{Name: "west-to-east", State: state, Reason: reason}}}
	}
	tests := []struct {
		name   string
		status monitor.Status
		want   string // empty: nothing is wrong
	}{
		{"near", lagging(behind(59.9)), ""},
		{"at the limit", lagging(behind(60)), ""},
		{"far", lagging(behind(3), late, behind(61)), "route west-to-east is 1m30s behind, more than 1m0s: 2 partitions, such as orders/1 is waiting: the source has not"},
		{"caught up, whatever else is unknown", lagging(monitor.PartitionStatus{State: monitor.CaughtUp}), ""},
		{"an unknown lag hides behind no known one", lagging(behind(1), unknown), "the lag is unknown of orders/1 is waiting: no leader"},
		{"stopped, and near", lagging(behind(1), stopped), "route west-to-east is stopped: orders/1 is stopped: record too large"},
		{"the route waits, and its partitions are near", waiting, ""},
		{"nothing is known", route(monitor.Waiting, "cluster west cannot be reached"), "is waiting: cluster west cannot be reached"},
		{"starting", route(monitor.Starting, ""), "is starting: its lag is not known yet"},
		{"stopped as a whole", route(monitor.Stopped, "same cluster"), "route west-to-east is stopped: same cluster"},
		{"nothing to copy", route("", ""), ""},
	}
	for _, test := range tests {
		got := strings.Join(lagFaults(test.status, time.Minute), "\n")
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestMaxLag(t *testing.T) {
	url := serve(t, config.Web{Listen: "127.0.0.1:0"}, source{})
	tests := []struct {
		flags string
		code  int
		want  string // on stderr
	}{
		{"--max-lag 60s --route west-to-east --topic clicks", exitOK, ""},
		{"--max-lag 60s", exitDifferent, "route west-to-east is stopped: orders/1 is stopped: the target refuses offset 17"},
		{"--max-lag 60s", exitDifferent, "route north-to-east is waiting: cluster north cannot be reached"},
		{"--max-lag 60s --route north-to-east", exitDifferent, "route north-to-east"},
		{"--max-lag 10s --route west-to-east -o json", exitDifferent, "route west-to-east is 13s behind, more than 10s: orders/0"},
	}
	for _, test := range tests {
		code, out, stderr := mirror(t, append([]string{"status", "--url", url}, strings.Fields(test.flags)...)...)
		if code != test.code || !strings.Contains(stderr, test.want) || (test.code == exitOK && stderr != "") {
			t.Errorf("%s: exit code %d, stderr %q, want %d and %q", test.flags, code, stderr, test.code, test.want)
		}
		if !strings.Contains(out, "clicks") == !strings.Contains(test.flags, "north") {
			t.Errorf("%s: stdout %q", test.flags, out)
		}
		if strings.Contains(test.flags, "--route north") && strings.Contains(stderr, "west-to-east") {
			t.Errorf("%s: another route on stderr: %q", test.flags, stderr)
		}
	}
}

func TestSelectStatus(t *testing.T) {
	url := serve(t, config.Web{Listen: "127.0.0.1:0"}, source{})
	tests := []struct {
		flags string
		code  int
		want  string
		not   string
	}{
		{"--route west-to-east", exitOK, "orders", "north"},
		{"--topic clicks", exitOK, "route west-to-east is caught_up", "orders"},
		{"--topic clicks --topic gone", exitOK, "gone is waiting", "orders"},
		{"--route nowhere", exitUsage, `there is no route "nowhere": there are west-to-east, north-to-east`, ""},
		{"--route west-to-east --topic nothing", exitUsage, `topic "nothing" is not copied here`, ""},
	}
	for _, test := range tests {
		code, out, stderr := mirror(t, append([]string{"status", "--url", url}, strings.Fields(test.flags)...)...)
		if code != test.code || !strings.Contains(out+stderr, test.want) || test.not != "" && strings.Contains(out, test.not) {
			t.Errorf("%s: exit code %d, %s%s", test.flags, code, out, stderr)
		}
	}
}
