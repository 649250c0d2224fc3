package clusters

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
	"mirror/kafka"
)

// Types of groups, as ListGroups says them since KIP-848. Brokers that do not say
// it have classic groups only.
const (
	classic  = "classic"
	consumer = "consumer"
	share    = "share"   // KIP-932
	streams  = "streams" // KIP-1071
)

// listed is a group as one broker listed it, which is its coordinator: asking who
// that is could make Kafka create its topic of offsets.
type listed struct {
	name, kind, state, protocolType string
	broker                          int32
}

// askGroups asks each broker for the groups that it coordinates, and then about
// those that are wanted.
func (q *inquiry) askGroups(ctx context.Context) {
	var all []listed
	eachBroker(q.online(), func(broker int32, _ struct{}) {
		answer, err := q.send(ctx, broker, kmsg.NewPtrListGroupsRequest())
		if err == nil {
			err = kerr.ErrorForCode(answer.(*kmsg.ListGroupsResponse).ErrorCode)
		}
		if err != nil {
			q.unknown("groups are", "Describe on the groups", broker, err)
			return
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		for _, g := range answer.(*kmsg.ListGroupsResponse).Groups {
			all = append(all, listed{g.Group, g.GroupType, g.GroupState, g.ProtocolType, broker})
		}
	})
	chosen, total, notes := selectGroups(all, q.monitor)
	q.groupCount = total
	q.note(notes...)
	byBroker := make(map[int32][]listed)
	for _, g := range chosen {
		byBroker[g.broker] = append(byBroker[g.broker], g)
	}
	found := make(map[string]*groupAnswer, len(chosen))
	budget := maxCommitted // guarded by q.mu
	eachBroker(byBroker, func(broker int32, groups []listed) {
		for chunk := range slices.Chunk(groups, groupsAtOnce) {
			answers := q.describe(ctx, broker, chunk)
			q.askPositions(ctx, broker, answers)
			q.mu.Lock()
			for _, g := range answers {
				if budget -= len(g.committed); budget < 0 {
					g.committed = nil
				}
				found[g.name] = g
			}
			q.mu.Unlock()
		}
	})
	if budget < 0 {
		q.note(fmt.Sprintf("the groups have committed more than %s offsets: the lag of some groups is unknown", thousands(maxCommitted)))
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		q.groups = append(q.groups, *found[name])
	}
}

// selectGroups picks the groups to look at from what the brokers listed.
func selectGroups(all []listed, m *config.Monitor) (chosen []listed, total int, notes []string) {
	slices.SortStableFunc(all, func(a, b listed) int { return cmp.Compare(a.name, b.name) })
	all = slices.CompactFunc(all, func(a, b listed) bool { return a.name == b.name }) // one that just moved is there twice
	others, unreadable := 0, 0
	for _, g := range all {
		switch {
		case !slices.Contains([]string{"", classic, consumer, share, streams}, g.kind):
			others++
		case !utf8.ValidString(g.name):
			unreadable++
		case m.GroupSelection.Takes(g.name):
			if g.kind == "" {
				g.kind = classic
			}
			chosen = append(chosen, g)
		}
	}
	if others > 0 {
		notes = append(notes, fmt.Sprintf("groups of a type that this version of mirror does not know are not looked at: there are %s", thousands(others)))
	}
	if unreadable > 0 {
		notes = append(notes, fmt.Sprintf("groups whose names are no text are not looked at: there are %s", thousands(unreadable)))
	}
	if n := len(chosen); n > m.MaxGroups {
		notes = append(notes, fmt.Sprintf("%s groups: more than monitor.max_groups (%s), so only the first of them by name are looked at", thousands(n), thousands(m.MaxGroups)))
		chosen = chosen[:m.MaxGroups]
	}
	return chosen, len(all), notes
}

// mayBeAny is a group that nobody has. Whoever may Describe it may most likely
// Describe them all.
const mayBeAny = "mirror-asks-what-it-may-describe"

// askListing learns whether the list of groups is all of them. A permission that
// is missing looks like no groups otherwise.
func (q *inquiry) askListing(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	all, err := kafka.MayDescribeCluster(ctx, q.client)
	switch {
	case err != nil:
		q.listing = ListingUnknown
		return
	case all:
		q.listing = ListingAll
		return
	}
	q.listing = ListingPermitted
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = []string{mayBeAny}
	for broker := range q.online() { // each judges the permission before it looks whether the group is one of its own
		answer, err := q.send(ctx, broker, req)
		if err == nil && len(answer.(*kmsg.DescribeGroupsResponse).Groups) == 1 &&
			answer.(*kmsg.DescribeGroupsResponse).Groups[0].ErrorCode != kerr.GroupAuthorizationFailed.Code {
			return
		}
		break
	}
	q.note(fmt.Sprintf("groups are only those that %s may Describe: brokers leave out all others without saying so; Describe on the cluster shows them", kafka.Principal(q.cluster)))
}
