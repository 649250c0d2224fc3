package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/offsets"
)

// shareIn has a member of a share group read a topic until the test ends.
func shareIn(t *testing.T, c *kfake.Cluster, group, topic string) {
	t.Helper()
	cl := client(t, c, kgo.ShareGroup(group), kgo.ConsumeTopics(topic))
	waitFor(t, func() string {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		cl.PollFetches(ctx)
		described, err := kadm.NewClient(client(t, c)).DescribeShareGroupOffsets(context.Background(), group)
		if _, begun := described[group].Offsets.Lookup(topic, 0); err != nil || !begun {
			return fmt.Sprintf("share group %s has not begun with %s: %v", group, topic, err)
		}
		return ""
	})
}

// TestShareGroupsAreTold finds the share groups that read the route's topics, or
// that are meant by name, and says of a share group on the target that positions
// of its namesake cannot be committed.
func TestShareGroupsAreTold(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders", "other"))
	shareIn(t, p.west, "workers", "orders")
	shareIn(t, p.west, "elsewhere", "other")
	shareIn(t, p.west, "left-out", "orders")
	commit(t, p.west, "app", "orders", 4)
	commit(t, p.west, "clash", "orders", 4)
	if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(context.Background(), 1, 1, nil, "apart"); err != nil {
		t.Fatal(err)
	}
	shareIn(t, p.east, "clash", "apart")
	c := syncing(t, p)
	m, _ := copyTen(t, p, c)
	waitPosition(t, p, "app", 4)
	status := waitRounds(t, m, 2)
	if status.Groups != 2 || status.Positions[string(GroupInStep)] != 1 || status.Positions[string(GroupFailed)] != 1 || !strings.Contains(status.Reason, "east has a share group of this name") {
		t.Errorf("got %+v", status)
	}

	r := m.routes[0]
	groups := &Groups{Route: r.config, Source: r.source.cluster(), Target: r.target.cluster(), Takes: c.Routes[0].Sync.Groups.Takes,
		Lanes: func(context.Context) ([]*offsets.Lane, error) { return r.lanes.state, nil }}
	for _, test := range []struct {
		named []string
		want  []string
	}{{nil, []string{"workers"}}, {[]string{"elsewhere"}, []string{"elsewhere", "workers"}}} {
		groups.Names = test.named
		seen, err := groups.Look(context.Background(), r.knownPlan())
		if err != nil || !slices.Equal(seen.ShareGroups, test.want) || len(seen.Problems) != 0 {
			t.Errorf("got %+v, %v, want share groups %v", seen, err, test.want)
			continue
		}
		i := slices.IndexFunc(seen.Groups, func(g GroupPositions) bool { return g.Group == "clash" })
		if why := seen.Groups[i].Positions[0].Reason; !strings.Contains(why, "east has a share group of this name") {
			t.Errorf("got %q", why)
		}
	}
}
