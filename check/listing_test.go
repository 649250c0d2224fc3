package check

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Whether the page shows all consumer groups is told where the brokers tell it, with the permission that shows all, and
// never taken for "there are none".
func TestGroupListing(t *testing.T) {
	onCluster := kfake.ACL{Resource: kmsg.ACLResourceTypeCluster, Name: "kafka-cluster", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationDescribe, Allow: true}
	onGroup := kfake.ACL{Resource: kmsg.ACLResourceTypeGroup, Name: "a", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationDescribe, Allow: true}
	for _, test := range []struct {
		name  string
		acls  []kfake.ACL
		opts  []kfake.Opt
		level Level
		text  string
		fix   string
	}{
		{"nothing", nil, nil, Skipped, "no consumer group is listed: brokers show only those that User:mirror may Describe, and do not say whether there are more", "--operation Describe --cluster"},
		{"one group", []kfake.ACL{onGroup}, nil, Skipped, "1 consumer group is listed: brokers show only", "--operation Describe --cluster"},
		{"the cluster", []kfake.ACL{onCluster}, nil, OK, "the page shows all consumer groups", ""},
		{"old brokers", []kfake.ACL{onGroup}, []kfake.Opt{kfake.MaxVersions(kversion.V2_4_0())}, Skipped, "1 consumer group is listed; whether there are more is not known", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, append(test.acls, readable()...), writable(), test.opts...)
			w.create(w.src, "orders", 1)
			at := kadm.Offsets{}
			at.AddOffset("orders", 0, 0, -1)
			for _, group := range []string{"a", "b"} {
				if err := w.src.CommitAllOffsets(t.Context(), group, at); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range w.check().Clusters[0].Findings {
				if f.ID != "cluster.groups" {
					continue
				}
				if f.Level != test.level || !strings.HasPrefix(f.Text, test.text) || !strings.Contains(strings.Join(f.Fix, "\n"), test.fix) || (test.fix == "") != (len(f.Fix) == 0) {
					t.Errorf("got %+v", f)
				}
				return
			}
			t.Error("nothing was said")
		})
	}
}
