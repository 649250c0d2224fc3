package replicate

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
	"mirror/monitor"
	"mirror/offsets"
)

// syncing has a route of orders carry over the positions of all groups but one.
func syncing(t *testing.T, p *pair) *config.Config {
	c := p.config(t, "topics: [orders]", `sync: {groups: {include: ["/.*/"], exclude: [left-out]}}`)
	c.Routes[0].Sync.Groups.Interval = 50 * time.Millisecond
	return c
}

// commit puts the position of a group in partition 0 of a topic.
func commit(t *testing.T, c *kfake.Cluster, group, topic string, at int64) {
	t.Helper()
	var o kadm.Offsets
	o.AddOffset(topic, 0, at, -1)
	if err := kadm.NewClient(client(t, c)).CommitAllOffsets(context.Background(), group, o); err != nil {
		t.Fatal(err)
	}
}

// groupAt is the position of a group in partition 0 of a topic, -1 when it has none.
func groupAt(t *testing.T, c *kfake.Cluster, group, topic string) (int64, string) {
	t.Helper()
	fetched := kadm.NewClient(client(t, c)).FetchManyOffsets(context.Background(), group)[group]
	if o, ok := fetched.Fetched.Lookup(topic, 0); ok {
		return o.At, o.Metadata
	}
	return -1, ""
}

func waitPosition(t *testing.T, p *pair, group string, want int64) {
	t.Helper()
	waitFor(t, func() string {
		if at, mark := groupAt(t, p.east, group, "west.orders"); at != want {
			return fmt.Sprintf("group %s is at %d (%q) on east, want %d", group, at, mark, want)
		}
		return ""
	})
}

// waitRounds waits until n more looks at the groups have come to their end.
func waitRounds(t *testing.T, m *Mirror, n int) monitor.GroupSyncStatus {
	t.Helper()
	g := m.routes[0].groupSync
	last := func() time.Time {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.since
	}
	for range n {
		before := last()
		waitFor(t, func() string {
			if last().Equal(before) {
				return "no look came to its end"
			}
			return ""
		})
	}
	return *g.status(time.Now())
}

// TestGroupSync follows a group through its life on the source: positions in
// what is copied, backwards, beyond what is copied, and of groups that are not
// asked for. Nothing is written to the source.
func TestGroupSync(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders", "other"))
	var mu sync.Mutex
	var forbidden []string // guarded by mu
	p.west.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		if r := req.(*kmsg.OffsetCommitRequest); len(r.Topics) > 0 && len(r.Topics[0].Partitions) > 0 {
			if m := r.Topics[0].Partitions[0].Metadata; m != nil && strings.HasPrefix(*m, "mirror") {
				mu.Lock()
				forbidden = append(forbidden, r.Group)
				mu.Unlock()
			}
		}
		return nil, nil, false
	})
	commit(t, p.west, "app", "orders", 4)
	commit(t, p.west, "app", "other", 1)
	commit(t, p.west, "left-out", "orders", 4)
	commit(t, p.west, "__internal", "orders", 4)
	commit(t, p.west, "elsewhere", "other", 4)
	m, _ := copyTen(t, p, syncing(t, p))
	waitPosition(t, p, "app", 4)
	if at, mark := groupAt(t, p.east, "app", "west.orders"); mark != "mirror:1:west-to-east:0:4:4" {
		t.Errorf("position %d is marked %q", at, mark)
	}
	for _, at := range []int64{7, 2, 10} {
		commit(t, p.west, "app", "orders", at)
		waitPosition(t, p, "app", at)
	}
	commit(t, p.west, "app", "orders", 0)
	waitPosition(t, p, "app", 0)
	commit(t, p.west, "app", "orders", 15) // five records that nobody has written
	waitPosition(t, p, "app", 10)
	produce(t, p.west, "orders", 0, "b", 5)
	waitPosition(t, p, "app", 15)
	status := waitRounds(t, m, 2)
	if status.Groups != 1 || status.Positions[string(GroupInStep)] != 1 || status.Commits < 7 || status.Reason != "" || status.AgeSeconds > 60 {
		t.Errorf("status %+v", status)
	}
	for _, group := range []string{"left-out", "__internal", "elsewhere"} {
		if at, _ := groupAt(t, p.east, group, "west.orders"); at != -1 {
			t.Errorf("group %s has a position on east: %d", group, at)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(forbidden) > 0 {
		t.Errorf("positions were committed on the source: %v", forbidden)
	}
}

// TestGroupSyncLeavesAlone keeps its hands off a group that has members on the
// target, and off what consumers there have committed, until somebody takes
// that back.
func TestGroupSyncLeavesAlone(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	commit(t, p.west, "app", "orders", 4)
	commit(t, p.west, "by-hand", "orders", 4)
	if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(context.Background(), 1, 1, nil, "west.orders"); err != nil {
		t.Fatal(err)
	}
	commit(t, p.east, "by-hand", "west.orders", 9)
	m, _ := copyTen(t, p, syncing(t, p))
	waitPosition(t, p, "app", 4)
	consumer := client(t, p.east, kgo.ConsumerGroup("app"), kgo.ConsumeTopics("west.orders"), kgo.DisableAutoCommit())
	fetched := consumer.PollRecords(context.Background(), 3)
	if records := fetched.Records(); len(records) == 0 || records[0].Offset != 4 {
		t.Fatalf("the consumer reads %v", records)
	}
	commit(t, p.west, "app", "orders", 8)
	status := waitRounds(t, m, 3)
	if at, _ := groupAt(t, p.east, "app", "west.orders"); at != 4 || status.Positions[string(GroupActive)] != 1 || status.Positions[string(GroupOwn)] != 1 {
		t.Errorf("a group with members is at %d, status %+v", at, status)
	}
	if err := consumer.CommitRecords(context.Background(), &kgo.Record{Topic: "west.orders", Offset: 4, LeaderEpoch: -1}); err != nil {
		t.Fatal(err)
	}
	consumer.Close()
	waitFor(t, func() string {
		if status := waitRounds(t, m, 1); status.Positions[string(GroupOwn)] != 2 {
			return fmt.Sprintf("status %+v", status)
		}
		return ""
	})
	if at, _ := groupAt(t, p.east, "app", "west.orders"); at != 5 {
		t.Errorf("the consumer's own position became %d", at)
	}
	set := kadm.TopicsSet{}
	set.Add("west.orders", 0)
	if _, err := kadm.NewClient(client(t, p.east)).DeleteOffsets(context.Background(), "app", set); err != nil {
		t.Fatal(err)
	}
	waitPosition(t, p, "app", 8)
}

// TestGroupSyncRefused is told when the target refuses one group, goes on with
// the others and tries again. A group that gets members between the look and the
// commit is one that has members.
func TestGroupSyncRefused(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	refused := map[string]*kerr.Error{"denied": kerr.GroupAuthorizationFailed, "busy": kerr.UnknownMemberID}
	p.east.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.east.KeepControl()
		r := req.(*kmsg.OffsetCommitRequest)
		code := refused[r.Group]
		if code == nil {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, t := range r.Topics {
			rt := kmsg.OffsetCommitResponseTopic{Topic: t.Topic, TopicID: t.TopicID}
			for _, part := range t.Partitions {
				rt.Partitions = append(rt.Partitions, kmsg.OffsetCommitResponseTopicPartition{Partition: part.Partition, ErrorCode: code.Code})
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
	for _, group := range []string{"app", "denied", "busy"} {
		commit(t, p.west, group, "orders", 4)
	}
	m, _ := copyTen(t, p, syncing(t, p))
	waitPosition(t, p, "app", 4)
	status := waitRounds(t, m, 2)
	if status.Positions[string(GroupFailed)] != 1 || status.Positions[string(GroupActive)] != 1 || !strings.Contains(status.Reason, "not authorised for Read on group denied") {
		t.Errorf("status %+v", status)
	}
	waitState(t, m, "orders", monitor.CaughtUp) // nothing else minds
}

// TestGroupSyncOldRecords moves a reader of records that the target has deleted
// to the first one that is there: at the older place it would be told that there
// is none, and jump to the end.
func TestGroupSyncOldRecords(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	commit(t, p.west, "app", "orders", 3)
	copyTen(t, p, syncing(t, p))
	waitPosition(t, p, "app", 3)
	var to kadm.Offsets
	to.AddOffset("west.orders", 0, 6, -1)
	if _, err := kadm.NewClient(client(t, p.east)).DeleteRecords(context.Background(), to); err != nil {
		t.Fatal(err)
	}
	waitPosition(t, p, "app", 6)
}

// TestGroupSyncPaused carries positions over while nothing is copied, and
// after a restart.
func TestGroupSyncPaused(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := syncing(t, p)
	m, stop := copyTen(t, p, c)
	pauseTopic(t, p, "", true)
	waitState(t, m, "orders", monitor.Paused)
	produce(t, p.west, "orders", 0, "b", 5)
	commit(t, p.west, "app", "orders", 6)
	waitPosition(t, p, "app", 6)
	stop()
	commit(t, p.west, "app", "orders", 12)
	startMirror(t, c, "p1")
	waitPosition(t, p, "app", 10)
}

func TestJudgePosition(t *testing.T) {
	route := &config.Route{Name: "west-to-east", To: "east"}
	mark := func(route string, generation int32, source, target int64) *offsets.GroupMark {
		return &offsets.GroupMark{Route: route, Generation: generation, Source: source, Target: target}
	}
	ours := func(source, target int64) *offsets.GroupMark { return mark("west-to-east", 1, source, target) }
	for _, c := range []struct {
		name      string
		committed int64
		mark      *offsets.GroupMark
		to        offsets.Translation
		want      GroupState
	}{
		{"nothing there", -1, nil, offsets.Translation{Target: 50}, GroupMoves},
		{"a consumer's", 20, nil, offsets.Translation{Target: 50}, GroupOwn},
		{"a consumer's, ahead", 70, nil, offsets.Translation{Target: 50}, GroupOwn},
		{"a consumer's, the same", 50, nil, offsets.Translation{Target: 50}, GroupOwn},
		{"another route's", 20, mark("other", 1, 10, 20), offsets.Translation{Target: 50}, GroupOwn},
		{"ours, behind", 20, ours(60, 20), offsets.Translation{Target: 50}, GroupMoves},
		{"ours, ahead", 70, ours(160, 70), offsets.Translation{Target: 50}, GroupMoves},
		{"ours, the same", 50, ours(99, 50), offsets.Translation{Target: 50}, GroupInStep},
		{"exact once, the map is coarser now", 52, ours(100, 52), offsets.Translation{Target: 50, Slack: 4}, GroupInStep},
		{"in front of what the map says", 49, ours(100, 49), offsets.Translation{Target: 50, Slack: 4}, GroupMoves},
		{"behind what the map says", 55, ours(100, 55), offsets.Translation{Target: 50, Slack: 4}, GroupMoves},
		{"of another position", 52, ours(101, 52), offsets.Translation{Target: 50, Slack: 4}, GroupMoves},
		{"of an older copy", 52, mark("west-to-east", 0, 100, 52), offsets.Translation{Target: 50, Slack: 4}, GroupMoves},
		{"not copied then, copied now", 40, ours(100, 40), offsets.Translation{Target: 50}, GroupMoves},
		{"not copied yet", 40, ours(100, 40), offsets.Translation{Target: 40, Missing: 60}, GroupInStep},
	} {
		p := GroupPosition{Source: 100, To: c.to, Known: true, Committed: c.committed, Mark: c.mark, generation: 1}
		if p.judge(route); p.State != c.want {
			t.Errorf("%s: got %s (%s), want %s", c.name, p.State, p.Reason, c.want)
		}
	}
}

// TestPlacePosition gives no place to a position that is about another topic, or
// that lies behind the end of the target's log.
func TestPlacePosition(t *testing.T) {
	lane := offsets.NewLane(0)
	source, target := [16]byte{1}, [16]byte{2}
	cp := offsets.Checkpoint{SourceTopicID: source, TargetTopicID: target, Source: 100, LastSource: 99, SourceEpoch: -1, Ordinal: 100, Target: 80, TargetEpoch: -1}
	key := offsets.Key{Kind: offsets.KindCheckpoint, Topic: "orders", Target: "west.orders"}
	if err := lane.Apply(offsets.EncodeKey(key), offsets.EncodeValue(cp), 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name           string
		source, target [16]byte
		topic          string
		end            int64
		want           GroupState
		reason         string
	}{
		{"as copied", source, target, "orders", 80, GroupMoves, ""},
		{"the source was created again", [16]byte{9}, target, "orders", 80, GroupNotCopied, "topic orders was created again"},
		{"the target was created again", source, [16]byte{9}, "orders", 80, GroupNotCopied, "target topic west.orders was created again"},
		{"the target lost its end", source, target, "orders", 70, GroupNotCopied, "lost its end"},
		{"the target's end is not known", source, target, "orders", -1, GroupFailed, "not known"},
		{"not copied", source, target, "others", 80, GroupNotCopied, "nothing of this partition is copied yet"},
	} {
		l := &groupLook{Groups: &Groups{}, lanes: []*offsets.Lane{lane}, translators: map[partID]*offsets.Translator{},
			topics: map[string]*TopicPlan{c.topic: {Source: &Topic{ID: c.source}}}}
		p := GroupPosition{Topic: c.topic, Target: "west." + c.topic, Source: 100, end: c.end}
		l.place(&p, &Topic{ID: c.target})
		if p.State != c.want || !strings.Contains(p.Reason, c.reason) || p.Known != (c.want == GroupMoves) {
			t.Errorf("%s: got %+v, want %s", c.name, p, c.want)
		}
	}
}

// TestGroupsAreNotAskedForInVain creates nothing in a source that has no groups: a
// broker that is asked where a group lives makes the topic of positions.
func TestGroupsAreNotAskedForInVain(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	var asked atomic.Int32
	p.west.ControlKey(int16(kmsg.FindCoordinator), func(kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		asked.Add(1)
		return nil, nil, false
	})
	m, _ := copyTen(t, p, p.config(t, "topics: [orders]", `sync: {groups: {include: [app], interval: 1s}}`))
	if s := waitRounds(t, m, 2); s.Groups != 0 || s.Reason != "" {
		t.Errorf("without groups: got %+v", s)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the source was asked %d times for a coordinator", n)
	}
	commit(t, p.west, "app", "orders", 4)
	waitPosition(t, p, "app", 4)
}
