package clusters

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"mirror/config"
	"mirror/monitor"
)

// What is shown of a cluster equals what kadm says of it.
func TestLookAtACluster(t *testing.T) {
	fake := newFake(t, kfake.SeedTopics(3, "orders", "clicks.web"), kfake.SeedTopics(1, "__consumer_offsets"))
	cl := clientOf(t, fake)
	for partition := range int32(3) {
		produce(t, cl, "orders", partition, 10*(int(partition)+1))
	}
	w := watcherOf(t, configOf(t, fake.ListenAddrs(), ""))
	s := w.looked(t)

	if c := s.summary; c.ID != "west-id" || c.BrokerCount != 3 || c.TopicCount != 3 || c.TopicsListed != 2 || c.TopicsInternal != 1 || c.PartitionCount != 7 || c.UnderReplicated != 0 ||
		c.Offline != 0 || c.Controller == nil || len(c.Notes) != 0 {
		t.Errorf("got %+v", c)
	}
	var names []string
	for _, topic := range s.topics {
		names = append(names, topic.Name)
	}
	if want := []string{"clicks.web", "orders"}; !slices.Equal(names, want) {
		t.Errorf("got topics %v, want %v", names, want)
	}
	for _, b := range s.brokers {
		d, _ := View{w, s}.Broker(b.ID)
		if want := b.Replicas - len(d.Partitions); d.LeftOut != want || d.NotLooked != want || len(d.Partitions) == 0 {
			t.Errorf("broker %d: %d replicas are left out, %d of them not looked at, of %d, %d are listed", b.ID, d.LeftOut, d.NotLooked, b.Replicas, len(d.Partitions))
		}
	}
	orders := s.topic("orders")
	if orders.Records == nil || *orders.Records != 60 || orders.RecordsPerSecond != nil || orders.Partitions != 3 {
		t.Errorf("got %+v", orders.Topic)
	}

	dirs, err := kadm.NewClient(cl).DescribeAllLogDirs(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var onOrders, total int64
	for broker, ofBroker := range dirs {
		if got := s.broker(broker).Bytes; got == nil || *got != ofBroker.Size() {
			t.Errorf("broker %d: got %v bytes, want %d", broker, got, ofBroker.Size())
		}
		total += ofBroker.Size()
		ofBroker.EachPartition(func(d kadm.DescribedLogDirPartition) {
			if d.Topic == "orders" {
				onOrders += d.Size
			}
		})
	}
	if *s.summary.Bytes != total || *orders.Bytes != onOrders || onOrders == 0 {
		t.Errorf("got %d bytes in all and %d of orders, want %d and %d", *s.summary.Bytes, *orders.Bytes, total, onOrders)
	}

	produce(t, cl, "orders", 0, 20)
	s = w.looked(t)
	orders = s.topic("orders")
	leader := s.broker(orders.parts[0].leader)
	if orders.RecordsPerSecond == nil || *orders.RecordsPerSecond <= 0 || leader.RecordsPerSecond == nil || *leader.RecordsPerSecond < *orders.RecordsPerSecond {
		t.Errorf("got a rate of %v of the topic, %v of the leader", orders.RecordsPerSecond, leader.RecordsPerSecond)
	}
}

// Groups of both protocols show members, assignments, and the lag that kadm
// computes; also where brokers are old and offsets are asked for one by one.
func TestGroups(t *testing.T) {
	for _, test := range []struct {
		name string
		opts []kfake.Opt
		next bool
	}{{"present brokers", nil, true}, {"brokers of 2.4", []kfake.Opt{kfake.MaxVersions(kversion.V2_4_0())}, false}} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFake(t, append(test.opts, kfake.SeedTopics(2, "orders"), kfake.SeedTopics(1, "prices"))...)
			cl := clientOf(t, fake)
			produce(t, cl, "orders", 0, 30)
			produce(t, cl, "orders", 1, 30)
			produce(t, cl, "prices", 0, 10)
			groups := map[string]string{"team/billing": classic}
			consume(t, fake, "team/billing", 45, kgo.ConsumeTopics("orders", "prices"), kgo.InstanceID("billing-1"))
			if test.next {
				groups["next"] = consumer
				consume(t, fake, "next", 20, kgo.ConsumeTopics("orders"), kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
			}
			w := watcherOf(t, configOf(t, fake.ListenAddrs(), ""))
			w.looked(t)
			produce(t, cl, "orders", 0, 5)
			s := w.looked(t)
			if len(s.groups) != len(groups) || s.summary.GroupCount != len(groups) {
				t.Fatalf("got %d of %d groups, want %d; notes %v", len(s.groups), s.summary.GroupCount, len(groups), s.summary.Notes)
			}
			admin := kadm.NewClient(cl)
			ends, err := admin.ListEndOffsets(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			v := View{w, s}
			for name, kind := range groups {
				g, ok := v.Group(name)
				if !ok {
					t.Fatalf("there is no group %s", name)
				}
				if g.Type != kind || g.State != "Stable" || g.Members != 1 || len(g.MemberList) != 1 || g.MemberList[0].ClientID != name+"-client" ||
					len(g.MemberList[0].Assigned) == 0 || g.RecordsPerSecond == nil || *g.RecordsPerSecond != 0 {
					t.Errorf("got %+v", g)
				}
				if kind == classic && g.MemberList[0].InstanceID != "billing-1" {
					t.Errorf("got instance %q", g.MemberList[0].InstanceID)
				}
				commits, err := admin.FetchOffsets(t.Context(), name)
				if err != nil {
					t.Fatal(err)
				}
				var total int64
				for _, p := range g.PartitionList {
					committed, known := commits.Lookup(p.Topic, p.Partition)
					end, _ := ends.Lookup(p.Topic, p.Partition)
					if known != (p.Committed != nil) || p.Member != name+"-client" {
						t.Errorf("group %s: got %+v, want %+v", name, p, committed)
					}
					if !known {
						continue
					}
					total += end.Offset - committed.At
					if *p.Committed != committed.At || *p.End != end.Offset || *p.LagRecords != end.Offset-committed.At {
						t.Errorf("group %s, %s/%d: got %+v, want %+v and %+v", name, p.Topic, p.Partition, p, committed, end)
					}
				}
				if *g.LagRecords != total || total == 0 {
					t.Errorf("group %s: got lag %d, want %d", name, *g.LagRecords, total)
				}
			}
			if topic, _ := v.Topic(t.Context(), "orders"); topic.Groups != len(groups) || len(topic.GroupList) != len(groups) || topic.GroupList[0].Members != 1 {
				t.Errorf("got %d groups of orders: %+v", topic.Groups, topic.GroupList)
			}
		})
	}
}

// unreplicated lets a cluster say that a broker has lost the replicas of a topic.
func unreplicated(fake *kfake.Cluster, topic string, gone int32) {
	fake.ControlKey(kmsg.Metadata.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		resp := req.ResponseKind().(*kmsg.MetadataResponse)
		resp.ClusterID = kmsg.StringPtr("west-id")
		for i, address := range fake.ListenAddrs() {
			if int32(i) == gone {
				continue
			}
			host, port, _ := net.SplitHostPort(address)
			b := kmsg.NewMetadataResponseBroker()
			b.NodeID, b.Host, b.Rack = int32(i), host, kmsg.StringPtr("rack-"+string(rune('a'+i)))
			for _, d := range port {
				b.Port = b.Port*10 + int32(d-'0')
			}
			resp.Brokers = append(resp.Brokers, b)
		}
		named := kmsg.NewMetadataResponseTopic()
		named.Topic = kmsg.StringPtr(topic)
		for n := range int32(3) {
			p := kmsg.NewMetadataResponseTopicPartition()
			p.Partition, p.Leader, p.Replicas, p.ISR = n, fake.LeaderFor(topic, n), []int32{0, 1, 2}, []int32{0, 1}
			if n == 2 {
				p.Leader, p.Replicas, p.ISR = -1, []int32{2}, []int32{}
			}
			named.Partitions = append(named.Partitions, p)
		}
		resp.Topics = append(resp.Topics, named)
		return resp, nil, true
	})
}

func TestUnderReplicated(t *testing.T) {
	fake := newFake(t, kfake.SeedTopics(3, "orders"))
	for n := range int32(2) {
		if err := fake.MoveTopicPartition("orders", n, n); err != nil {
			t.Fatal(err)
		}
	}
	unreplicated(fake, "orders", 2)
	w := watcherOf(t, configOf(t, fake.ListenAddrs(), ""))
	s := w.looked(t)
	if c := s.summary; c.UnderReplicated != 3 || c.Offline != 1 || c.BrokerCount != 2 {
		t.Errorf("got %+v", c)
	}
	if topic := s.topic("orders"); topic.UnderReplicated != 3 || topic.Offline != 1 || topic.ReplicationFactor != 3 {
		t.Errorf("got %+v", topic.Topic)
	}
	lost := s.broker(2)
	if lost == nil || lost.Online || lost.Replicas != 3 || lost.UnderReplicated != 3 || lost.Address != "" {
		t.Errorf("got %+v of the broker that is gone", lost)
	}
	if b := s.broker(0); !b.Online || b.UnderReplicated != 0 || b.Rack != "rack-a" || b.Replicas != 2 {
		t.Errorf("got %+v", b)
	}
	if note := strings.Join(s.summary.Notes, "\n"); !strings.Contains(note, "broker 2 does not answer to the cluster: it has replicas of 3 partitions") {
		t.Errorf("got notes %q", note)
	}
	detail, _ := View{w, s}.Broker(0)
	if len(detail.Partitions) != 2 || !detail.Partitions[0].Leader || !detail.Partitions[0].InSync || detail.LeftOut != 0 || detail.NotLooked != 0 {
		t.Errorf("got %+v", detail.Partitions)
	}
}

// denied starts a cluster whose principal has some permissions on groups and the
// cluster, and may read one topic of two.
func denied(t *testing.T, more ...kfake.ACL) (*kfake.Cluster, *config.Config) {
	t.Helper()
	grants := append(more, grant(kmsg.ACLResourceTypeTopic, "orders", kmsg.ACLOperationRead), grant(kmsg.ACLResourceTypeTopic, "orders", kmsg.ACLOperationDescribe))
	fake := newFake(t, kfake.SeedTopics(2, "orders", "secret"), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.User("PLAIN", "reader", "reader-secret", grants...), kfake.Superuser("PLAIN", "root", "root-secret"))
	cfg := configOf(t, fake.ListenAddrs(), "")
	cfg.Clusters["west"].SASL = &config.SASL{Mechanism: config.Plain, Username: "reader", Password: config.NewSecret("reader-secret")}
	return fake, cfg
}

func grant(kind kmsg.ACLResourceType, name string, op kmsg.ACLOperation) kfake.ACL {
	return kfake.ACL{Resource: kind, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true}
}

// A principal that may only read topics sees them; what it may not see is unknown,
// with the permission that is missing, and never an error.
func TestMissingPermissions(t *testing.T) {
	_, cfg := denied(t)
	w := watcherOf(t, cfg)
	w.looked(t)
	s := w.looked(t)
	if len(s.topics) != 1 || s.topics[0].Name != "orders" || s.topics[0].Records == nil || s.topics[0].Bytes != nil || s.summary.Bytes != nil || len(s.groups) != 0 {
		t.Errorf("got topics %+v, bytes %v", s.topics, s.summary.Bytes)
	}
	if want := []string{noGroups, "sizes are unknown: that needs Describe on the cluster"}; !slices.Equal(s.summary.Notes, want) {
		t.Errorf("got notes %q, want %q", s.summary.Notes, want)
	}
	topic, _ := View{w, s}.Topic(t.Context(), "orders")
	if topic.Configs != nil || topic.ConfigsReason != "that needs DescribeConfigs on the topic" {
		t.Errorf("got configs %v, because %q", topic.Configs, topic.ConfigsReason)
	}
}

const noGroups = "groups are only those that user reader may Describe: brokers leave out all others without saying so; Describe on the cluster shows them"

// Brokers leave out groups that may not be described without a word, so that a
// missing permission looks like no groups: what is shown says which it may be.
func TestGroupsThatMayNotBeSeen(t *testing.T) {
	onGroup := func(name string) kfake.ACL { return grant(kmsg.ACLResourceTypeGroup, name, kmsg.ACLOperationDescribe) }
	for _, test := range []struct {
		name    string
		grants  []kfake.ACL
		shown   []string
		listing Listing
		noted   bool
	}{
		{"no permission on groups", nil, nil, ListingPermitted, true},
		{"one group", []kfake.ACL{onGroup("a")}, []string{"a"}, ListingPermitted, true},
		{"all groups", []kfake.ACL{onGroup("*")}, []string{"a", "b"}, ListingPermitted, false},
		{"the cluster", []kfake.ACL{grant(kmsg.ACLResourceTypeCluster, "kafka-cluster", kmsg.ACLOperationDescribe), onGroup("a"), onGroup("b")}, []string{"a", "b"}, ListingAll, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake, cfg := denied(t, test.grants...)
			root := clientOf(t, fake, kgo.SASL(plain.Auth{User: "root", Pass: "root-secret"}.AsMechanism()))
			at := kadm.Offsets{}
			at.AddOffset("orders", 0, 0, -1)
			for _, name := range []string{"a", "b"} {
				if err := kadm.NewClient(root).CommitAllOffsets(t.Context(), name, at); err != nil {
					t.Fatal(err)
				}
			}
			s := watcherOf(t, cfg).looked(t)
			var shown []string
			for _, g := range s.groups {
				shown = append(shown, g.Name)
			}
			if !slices.Equal(shown, test.shown) || s.summary.GroupListing != test.listing || slices.Contains(s.summary.Notes, noGroups) != test.noted {
				t.Errorf("got groups %v, listing %s, notes %q", shown, s.summary.GroupListing, s.summary.Notes)
			}
		})
	}
	// Brokers before 2.8 do not say what is permitted.
	old := newFake(t, kfake.MaxVersions(kversion.V2_4_0()))
	if got := watcherOf(t, configOf(t, old.ListenAddrs(), "")).looked(t).summary.GroupListing; got != ListingUnknown {
		t.Errorf("brokers of 2.4: got listing %s", got)
	}
}

// Of a cluster with too many topics the totals are shown, and why not more.
func TestTooManyTopics(t *testing.T) {
	fake := newFake(t, kfake.SeedTopics(1, "a", "b", "c", "d"))
	cl := clientOf(t, fake)
	produce(t, cl, "a", 0, 10)
	consume(t, fake, "g", 4, kgo.ConsumeTopics("a"))
	for _, test := range []struct {
		extra string
		shown int
		note  string
	}{
		{"monitor: {max_topics: 3}", 0, "4 topics: more than monitor.max_topics (3), so topics are not looked at one by one; monitor.topics can name fewer"},
		{`monitor: {max_topics: 3, topics: [a, "/[bc]/"]}`, 3, ""},
		{"monitor: {max_topics: 4}", 4, ""},
		{"monitor: {topics: []}", 0, ""},
	} {
		w := watcherOf(t, configOf(t, fake.ListenAddrs(), test.extra))
		s := w.looked(t)
		if len(s.topics) != test.shown || s.summary.TopicCount < 4 || strings.Join(s.summary.Notes, "\n") != test.note {
			t.Errorf("%s: got %d topics of %d, notes %q", test.extra, len(s.topics), s.summary.TopicCount, s.summary.Notes)
		}
		// The lag of groups does not depend on it.
		if g := s.group("g"); g == nil || g.LagRecords == nil || *g.LagRecords != 6 {
			t.Errorf("%s: got group %+v", test.extra, g)
		}
		if s.summary.Bytes == nil || *s.summary.Bytes == 0 {
			t.Errorf("%s: the size of all is unknown", test.extra)
		}
	}
}

// A cluster that takes connections and never answers holds up no other one, and
// says why nothing is known. Run ends with its context.
func TestClusterThatHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	fake := newFake(t, kfake.SeedTopics(1, "orders"))
	cfg := configOf(t, fake.ListenAddrs(), "")
	hanging := *cfg.Clusters["west"]
	hanging.Name, hanging.Brokers = "south", []string{listener.Addr().String()}
	cfg.Clusters["south"] = &hanging
	watch, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { watch.Run(t.Context()); close(done) }()
	t.Cleanup(func() { <-done })
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if all := watch.Summaries(); all[1].State == OK && all[0].State == Starting {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", watch.Summaries())
		}
	}
	if v, ok := watch.Find("south"); !ok || len(v.Cluster().Brokers) != 0 || len(v.Topics().Topics) != 0 {
		t.Errorf("got %+v of a cluster that never answered", v.Cluster())
	}
	if _, ok := watch.Find("north"); ok {
		t.Error("there is a cluster that the configuration does not have")
	}
}

// What was known stays on the page when a cluster does not answer any more, with
// the reason; the metrics have nothing but that.
func TestClusterThatGoesAway(t *testing.T) {
	fake := newFake(t, kfake.SeedTopics(1, "orders"))
	w := watcherOf(t, configOf(t, fake.ListenAddrs(), ""))
	s := w.looked(t)
	watch := &Watch{watchers: []*watcher{w}}
	if n := len(watch.Observed()); n != 1+3+1 {
		t.Errorf("got %d subjects, want the cluster, three brokers and a topic", n)
	}
	w.set(Unreachable, "nobody answers", nil)
	got := watch.Summaries()[0]
	if got.State != Unreachable || got.Reason != "nobody answers" || got.TopicCount != 1 || got.Time != s.summary.Time {
		t.Errorf("got %+v", got)
	}
	seen := watch.Observed()
	if len(seen) != 1 || seen[0].Figures[monitor.Up] != 0 || seen[0].Figures[monitor.Topics] == 1 {
		t.Errorf("got %+v", seen)
	}
}

// Who closes a page before the settings of a topic have come leaves nothing behind
// that others are told.
func TestSettingsAskedByWhoLeaves(t *testing.T) {
	fake := newFake(t, kfake.SeedTopics(1, "orders"))
	w := watcherOf(t, configOf(t, fake.ListenAddrs(), ""))
	v := View{w, w.looked(t)}
	leaving, leave := context.WithCancel(t.Context())
	fake.ControlKey(int16(kmsg.DescribeConfigs), func(kmsg.Request) (kmsg.Response, error, bool) { // the first one only
		leave()
		return nil, errors.New("the connection is cut"), true
	})
	if topic, ok := v.Topic(leaving, "orders"); !ok || topic.ConfigsReason == "" {
		t.Fatalf("they were read all the same: %+v", topic)
	}
	if topic, _ := v.Topic(t.Context(), "orders"); topic.ConfigsReason != "" || len(topic.Configs) == 0 {
		t.Errorf("who asks next is told %q", topic.ConfigsReason)
	}
}

// Where the configuration says not to look, that is what is shown.
func TestMonitorThatIsOff(t *testing.T) {
	cfg := configOf(t, []string{"127.0.0.1:1"}, "")
	cfg.Monitor.Enabled = false
	watch, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	watch.Run(t.Context())
	if got := watch.Summaries()[0]; got.State != Off || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "monitor.enabled is false") {
		t.Errorf("got %+v", got)
	}
	if n := len(watch.Observed()); n != 0 {
		t.Errorf("got %d subjects", n)
	}
}
