package check

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestAllIsWell(t *testing.T) {
	w := newWorld(t, readable(), writable(), kfake.BrokerConfigs(map[string]string{expiryKey: "2147483647"}))
	w.create(w.src, "orders", 2)
	w.create(w.src, "payments", 2)
	w.create(w.dst, "west.orders", 2)
	report := w.check()
	wantOnly(t, report, Fail)
	wantOnly(t, report, Warn)
	if report.Worst() != "" || report.Count(OK) < 15 {
		t.Errorf("got %+v", report)
	}
	wantOnly(t, report, Skipped, "cluster.clock not measured", "cluster.groups no consumer group is listed: brokers show only those that User:mirror may Describe",
		"cluster.clock not measured", "cluster.groups no consumer group is listed")
}

// harmless says that a request can change nothing.
func harmless(req kmsg.Request) bool {
	switch r := req.(type) {
	case *kmsg.CreateTopicsRequest:
		return r.ValidateOnly
	case *kmsg.CreatePartitionsRequest:
		return r.ValidateOnly
	case *kmsg.IncrementalAlterConfigsRequest:
		return r.ValidateOnly
	case *kmsg.ProduceRequest:
		return !slices.ContainsFunc(r.Topics, func(t kmsg.ProduceRequestTopic) bool {
			return slices.ContainsFunc(t.Partitions, func(p kmsg.ProduceRequestTopicPartition) bool { return len(p.Records) > 0 })
		})
	case *kmsg.MetadataRequest:
		return !r.AllowAutoTopicCreation
	case *kmsg.ApiVersionsRequest, *kmsg.SASLHandshakeRequest, *kmsg.SASLAuthenticateRequest, *kmsg.FetchRequest, *kmsg.ListOffsetsRequest,
		*kmsg.HeartbeatRequest, *kmsg.DescribeConfigsRequest, *kmsg.DescribeClientQuotasRequest, *kmsg.DescribeQuorumRequest,
		*kmsg.DescribeClusterRequest, *kmsg.ListGroupsRequest:
		return true
	}
	return false // FindCoordinator, too: it may create Kafka's topic of offsets
}

// No request of a check can change anything, whether topics are there or not and whatever is allowed.
func TestNothingIsChanged(t *testing.T) {
	for _, acls := range [][]kfake.ACL{writable(), topicACL(everything, kmsg.ACLOperationDescribe), nil} {
		w := newWorld(t, readable(), acls)
		w.create(w.src, "orders", 4, "retention.ms=1000")
		w.create(w.src, "payments", 2)
		w.create(w.dst, "west.orders", 2)
		w.history = History{Managed: map[string][]string{"west.orders": nil}}
		var mu sync.Mutex
		var harmful []string
		seen := 0
		for _, c := range []*kfake.Cluster{w.west, w.east} {
			c.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				mu.Lock()
				defer mu.Unlock()
				if seen++; !harmless(req) {
					harmful = append(harmful, kmsg.NameForKey(req.Key()))
				}
				return nil, nil, false
			})
		}
		w.check()
		mu.Lock()
		if seen < 20 || len(harmful) > 0 {
			t.Errorf("got %d requests, of which may change something: %q", seen, harmful)
		}
		mu.Unlock()
	}
}

func TestUnreachable(t *testing.T) {
	w := newWorld(t, readable(), writable())
	w.create(w.src, "orders", 2)
	w.east.Close()
	report := w.check()
	wantOnly(t, report, Fail, "cluster.connect cluster east: cannot connect: ")
	if report.Worst() != Unreachable {
		t.Errorf("got %q", report.Worst())
	}
	if got := having(report, Skipped); !slices.Contains(got, "route.clusters not checked, since cluster east could not be looked at") {
		t.Errorf("got %q", got)
	}
}

func TestListenerUnreachable(t *testing.T) {
	w := newWorld(t, readable(), writable(), closedListener(2))
	report := w.check()
	bad := w.west.ListenAddrs()[1]
	wantOnly(t, report, Fail, "cluster.listener cluster west: cannot reach broker 1 at "+bad+": "+bad+" cannot be reached (connection refused)")
	if report.Worst() != Unreachable {
		t.Errorf("got %q", report.Worst())
	}
	// The broker that answers is enough to look at everything else.
	if !slices.ContainsFunc(having(report, OK), func(s string) bool { return strings.HasPrefix(s, "route.clusters") }) {
		t.Errorf("got %+v", report)
	}
}

func TestSameCluster(t *testing.T) {
	w := newWorld(t, readable(), writable())
	w.eastAt = w.westAt
	wantOnly(t, w.check(), Fail, "checkpoint.acl.write", "checkpoint.acl.create", "route.clusters clusters west and east are the same cluster")
}

// A route whose name belongs to the past of another cluster is told so.
func TestOtherSource(t *testing.T) {
	w := newWorld(t, readable(), writable())
	w.create(w.dst, "__mirror_r", 16, "cleanup.policy=compact")
	w.history.SourceCluster = "id-of-north"
	wantOnly(t, w.check(), Fail, "route.clusters route r has copied from the cluster with id id-of-north")
}

func TestQuotas(t *testing.T) {
	w := newWorld(t, readable(), writable())
	name := "mirror"
	for _, admin := range []*kadm.Client{w.src, w.dst} {
		_, err := admin.AlterClientQuotas(t.Context(), []kadm.AlterClientQuotaEntry{{
			Entity: kadm.ClientQuotaEntity{{Type: "user", Name: &name}},
			Ops:    []kadm.AlterClientQuotaOp{{Key: "consumer_byte_rate", Value: 1000}, {Key: "producer_byte_rate", Value: 2000}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, text := range having(w.check(), Warn) {
		if strings.HasPrefix(text, "cluster.quota") {
			got = append(got, text)
		}
	}
	want := []string{"cluster.quota the quota consumer_byte_rate is 1000 for user mirror: it slows reading (bytes per second from each broker)",
		"cluster.quota the quota producer_byte_rate is 2000 for user mirror: it slows writing (bytes per second to each broker)"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
