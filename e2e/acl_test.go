package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// A source principal that may only read topics and their configs is enough, and the mirror leaves nothing behind on the
// source: no topic, no group, no ACL.
func TestSourceIsOnlyRead(t *testing.T) {
	_, east := sharedPair(t)
	west := startCluster(t, brokers.Options{
		Listeners: []brokers.Listener{brokers.SASL}, Users: map[string]string{"reader": "reader-secret"}, Authorizer: true,
	})
	s := newScene(t, west, east, 2, 2)
	allow(t, s.src, "reader", kadm.OpRead, kadm.OpDescribe, kadm.OpDescribeConfigs)
	for topic := range s.topics {
		for i := range 50 {
			r := workload.Kgo(s.writer.Next(topic, int32(i%2), workload.Small))
			if err := s.src.ProduceSync(context.Background(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := inventory(t, s.src)
	s.config.westBrokers = west.BootstrapOf(brokers.SASL)
	s.config.westLines = []string{"sasl: {mechanism: SCRAM-SHA-512, username: reader, password: reader-secret}"}
	d := startDaemon(t, s.config)
	s.waitCopied(d)
	d.waitState(monitor.CaughtUp)
	s.finish(d)
	if after := inventory(t, s.src); !slices.Equal(before, after) {
		t.Errorf("the source has changed: before %v, after %v", before, after)
	}
}

// allow lets a user do these operations on every topic.
func allow(t *testing.T, client *kgo.Client, user string, operations ...kadm.ACLOperation) {
	t.Helper()
	acls := kadm.NewACLs().Topics("*").ResourcePatternType(kadm.ACLPatternLiteral).
		Operations(operations...).Allow("User:" + user).AllowHosts("*")
	results, err := kadm.NewClient(client).CreateACLs(context.Background(), acls)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
}

// inventory lists the topics, groups and ACLs of a cluster.
func inventory(t *testing.T, client *kgo.Client) []string {
	t.Helper()
	ctx, admin := context.Background(), kadm.NewClient(client)
	var all []string
	topics, err := admin.ListTopicsWithInternal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range topics.Names() {
		all = append(all, "topic "+name)
	}
	groups, err := admin.ListGroups(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range groups.Groups() {
		all = append(all, "group "+name)
	}
	filter := kadm.NewACLs().AnyResource().ResourcePatternType(kadm.ACLPatternAny).Operations().Allow().AllowHosts().Deny().DenyHosts()
	described, err := admin.DescribeACLs(ctx, filter)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range described {
		for _, acl := range d.Described {
			all = append(all, fmt.Sprintf("acl %+v", acl))
		}
	}
	slices.Sort(all)
	return all
}
