package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Each permission that is taken away is named, with the topics that it is missing on: told by the brokers of topics that
// are there, tried on those that are not.
func TestPermissions(t *testing.T) {
	both := []string{"west.orders", "west.payments"}
	for _, tc := range []struct {
		name       string
		west, east []kfake.ACL
		id         string
		names      []string
		level      Level
	}{
		{"read the source", without(readable(), kmsg.ACLOperationRead), writable(), "source.acl.read", []string{"orders", "payments"}, Fail},
		{"configs of the source", without(readable(), kmsg.ACLOperationDescribeConfigs), writable(), "source.acl.describe-configs", []string{"orders", "payments"}, Fail},
		{"write", readable(), without(writable(), kmsg.ACLOperationWrite), "target.acl.write", both, Fail},
		{"read", readable(), without(writable(), kmsg.ACLOperationRead), "target.acl.read", both, Fail},
		{"create", readable(), without(writable(), kmsg.ACLOperationCreate), "target.acl.create", both[1:], Fail},
		{"alter", readable(), without(writable(), kmsg.ACLOperationAlter), "target.acl.alter", both, Fail},
		{"alter configs", readable(), without(writable(), kmsg.ACLOperationAlterConfigs), "target.acl.alter-configs", both, Fail},
		{"checkpoint topic", readable(), append(append(topicACL("west.orders", writes...), topicACL("west.payments", writes...)...), group, onAll), "checkpoint.acl.describe", []string{"__mirror_r"}, Fail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, tc.west, tc.east)
			w.create(w.src, "orders", 2)
			w.create(w.src, "payments", 2)
			w.create(w.dst, "west.orders", 2)
			report := w.check()
			i := slices.IndexFunc(report.All(), func(f Finding) bool { return f.ID == tc.id })
			if i < 0 {
				t.Fatalf("got %+v, want %s", report.All(), tc.id)
			}
			f := report.All()[i]
			if f.Level != tc.level || f.Kind != Permission || f.Grant == nil || !slices.Equal(f.Grant.Names, tc.names) || len(f.Fix) != 1 ||
				!strings.HasPrefix(f.Fix[0], "kafka-acls --bootstrap-server 127.0.0.1:") || !strings.Contains(f.Fix[0], "--add --allow-principal User:mirror --operation "+f.Grant.Operation) {
				t.Errorf("got %+v", f)
			}
			if report.Worst() != Permission {
				t.Errorf("got %q", report.Worst())
			}
			for _, other := range having(report, Fail) {
				if !strings.Contains(other, ".acl.") {
					t.Errorf("a missing permission is told twice: %q", other)
				}
			}
		})
	}
}

// Brokers judge a heartbeat's permission first, whoever the member is. The embedded ones do not, so they are told to.
func TestGroupPermission(t *testing.T) {
	w := newWorld(t, readable(), writable())
	w.create(w.src, "orders", 2)
	w.route = "topics: [orders]"
	for _, tc := range []struct {
		code int16
		want Level
	}{{kerr.GroupAuthorizationFailed.Code, Fail}, {kerr.NotCoordinator.Code, OK}, {kerr.CoordinatorNotAvailable.Code, OK}, {kerr.UnknownServerError.Code, Skipped}} {
		w.east.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
			resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
			resp.ErrorCode = tc.code
			return resp, nil, true
		})
		all := w.check().All()
		i := slices.IndexFunc(all, func(f Finding) bool { return f.ID == "group.acl.read" })
		if i < 0 || all[i].Level != tc.want {
			t.Fatalf("code %d: got %+v, want %s", tc.code, all, tc.want)
		}
		if tc.want == Fail && (len(all[i].Fix) != 1 || !strings.HasSuffix(all[i].Fix[0], "--operation Read --group __mirror_r")) {
			t.Errorf("got %q", all[i].Fix)
		}
	}
}

// What the route is configured not to do needs no permission.
func TestPermissionsNotNeeded(t *testing.T) {
	w := newWorld(t, without(readable(), kmsg.ACLOperationDescribeConfigs),
		without(without(writable(), kmsg.ACLOperationAlter), kmsg.ACLOperationAlterConfigs))
	w.route = "topics: [orders], sync: {configs: false, partitions: false}"
	w.create(w.src, "orders", 2)
	report := w.check()
	wantOnly(t, report, Fail)
	if !slices.ContainsFunc(having(report, Warn), func(s string) bool { return strings.HasPrefix(s, "source.acl.describe-configs") }) {
		t.Errorf("got %q", having(report, Warn))
	}
}

// Who was granted single topics is told that those which an expression selects later are not among them.
func TestLaterTopics(t *testing.T) {
	w := newWorld(t, topicACL("clicks.web", reads...), append(append(topicACL("west.clicks.web", writes...), topicACL("__mirror_r", writes...)...), group))
	w.route = `topics: ["/clicks\\..*/"]`
	w.create(w.src, "clicks.web", 2)
	report := w.check()
	wantOnly(t, report, Fail)
	for _, want := range []string{"source.acl.later topics that appear later (one called clicks.x", "target.acl.later topics that appear later (one called west.clicks.x"} {
		if !slices.ContainsFunc(having(report, Warn), func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("got %q, want %q", having(report, Warn), want)
		}
	}
}

func TestJoin(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.create(w.src, "orders", 2)
	var got []string
	for _, f := range Join(w.check().All()) {
		if f.Level == Fail {
			got = append(got, f.ID+" "+f.Text)
			if len(f.Fix) != 1 || strings.Count(f.Fix[0], "--operation") != strings.Count(strings.Split(f.Text, " on ")[0], ",")+1 {
				t.Errorf("got ways out %q of %q", f.Fix, f.Text)
			}
		}
	}
	want := []string{
		"checkpoint.acl User:mirror lacks Describe, Read, Write, Create on topic __mirror_r",
		"source.acl User:mirror lacks Describe, Read, DescribeConfigs on 2 topics (orders, payments)",
		"target.acl User:mirror lacks Describe, Read, Write, Create, DescribeConfigs, Alter, AlterConfigs on 2 topics (west.orders, west.payments)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
