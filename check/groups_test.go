package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// denyGroups has a cluster judge the permissions on groups first, as brokers do and the embedded ones do not.
func denyGroups(c *kfake.Cluster, mayUse ...string) {
	code := func(group string) int16 {
		if slices.Contains(mayUse, group) || group == "__mirror_r" {
			return kerr.NotCoordinator.Code
		}
		return kerr.GroupAuthorizationFailed.Code
	}
	c.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
		resp.ErrorCode = code(req.(*kmsg.HeartbeatRequest).Group)
		return resp, nil, true
	})
	c.ControlKey(int16(kmsg.OffsetFetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		for _, g := range req.(*kmsg.OffsetFetchRequest).Groups {
			resp.Groups = append(resp.Groups, kmsg.OffsetFetchResponseGroup{Group: g.Group, ErrorCode: code(g.Group)})
		}
		return resp, nil, true
	})
}

// sync.groups needs Describe on the groups of the source and Read on those of the target; without it nobody asks.
func TestGroupPositionPermissions(t *testing.T) {
	w := newWorld(t, readable(), writable())
	w.create(w.src, "orders", 2)
	w.route = "topics: [orders]"
	denyGroups(w.west, "app")
	denyGroups(w.east, "billing")
	wantOnly(t, w.check(), Fail)
	w.route = `topics: [orders], sync: {groups: {include: [app, billing, "/team-.*/"]}}`
	report := w.check()
	wantOnly(t, report, Fail, "source.group.acl.describe User:mirror lacks Describe on group billing", "target.group.acl.read User:mirror lacks Read on group app")
	for _, f := range report.All() {
		if f.Level == Fail && (len(f.Fix) != 1 || !strings.Contains(f.Fix[0], "--group ") || f.Kind != Permission) {
			t.Errorf("got %+v", f)
		}
	}
	for _, want := range []string{"source.group.acl.later other groups that sync.groups selects (one called team-x", "target.group.acl.later"} {
		if !slices.ContainsFunc(having(report, Warn), func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("got %q, want %q", having(report, Warn), want)
		}
	}
	w = newWorld(t, readable(), writable())
	w.route = `topics: [orders], sync: {groups: {include: [app]}}`
	denyGroups(w.west, "app")
	denyGroups(w.east, "app")
	wantOnly(t, w.check(), Fail)
}
