package replicate

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
)

// A plan for people says which target topics hold records of others. Those that the route copied or created, those that
// are empty, and records in partitions that the source does not have are no obstacle.
func TestPlanRouteOccupied(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	for _, topic := range []string{"filled", "ours", "copied", "empty", "wide"} {
		src.create(t, topic, 2, nil)
		dst.create(t, "west."+topic, 3, nil)
	}
	write := func(topic string, partition int32) {
		t.Helper()
		cl := planClient(t, dst.fake, kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: partition}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for _, topic := range []string{"west.filled", "west.ours", "west.copied"} {
		write(topic, 1)
	}
	write("west.wide", 2)
	managed := map[string][]string{"west.ours": nil}
	copied := map[string]string{"west.copied": "copied"}
	for _, allowed := range []bool{false, true} {
		route := planRoute(t, func(r *config.Route) { r.AllowExisting = allowed })
		plan, err := PlanRoute(t.Context(), route, src.Cluster, dst.Cluster, managed, copied)
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range plan.Topics {
			want := ""
			if topic.Decision.Topic == "filled" && !allowed {
				want = "holds records that route west-to-east did not copy (1 offset in 1 partition)"
			}
			mentions(t, "obstacle of "+topic.Decision.Topic, topic.Occupied, want)
			if len(topic.Warnings) != 0 {
				t.Errorf("got warnings %q of %s", topic.Warnings, topic.Decision.Topic)
			}
		}
	}
}

// planOf plans a route between a pair of clusters as commands do that know nothing of what was copied.
func planOf(t *testing.T, p *pair, route *config.Route) *RoutePlan {
	t.Helper()
	side := func(c *kfake.Cluster, name, id string) Cluster {
		return Cluster{Config: &config.Cluster{Name: name, Brokers: c.ListenAddrs()}, Client: client(t, c), ID: id}
	}
	plan, err := PlanRoute(t.Context(), route, side(p.west, "west", "west-cluster"), side(p.east, "east", "east-cluster"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// A copy that another route of the same cluster has made is no longer called somebody else's.
func TestPlanRouteOccupiedByAMirror(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	_, stop := copyTen(t, p, c)
	stop()
	id := p.west.TopicInfo("orders").TopicID
	deleteTopic(t, p.west, "orders")
	if _, err := kadm.NewClient(client(t, p.west)).CreateTopic(t.Context(), 1, 1, nil, "orders"); err != nil {
		t.Fatal(err)
	}
	if p.west.TopicInfo("orders").TopicID == id {
		t.Fatal("the topic is the same")
	}
	got := planOf(t, p, c.Routes[0]).Topics[0].Occupied
	mentions(t, "obstacle", got, "a mirror has written from cluster west")
	mentions(t, "obstacle", got, "mirror adopt --route west-to-east")
}
