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
)

// Types of groups, as ListGroups says them since KIP-848. Brokers that do not say
// it have classic groups only.
const (
	classic  = "classic"
	consumer = "consumer"
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
			q.askCommitted(ctx, broker, answers)
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
		case g.kind != "" && g.kind != classic && g.kind != consumer:
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
		notes = append(notes, fmt.Sprintf("share and streams groups are not looked at: there are %s", thousands(others)))
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

// describe asks a coordinator about its groups. What it says nothing of keeps what
// the list said.
func (q *inquiry) describe(ctx context.Context, broker int32, groups []listed) []*groupAnswer {
	var answers []*groupAnswer
	byName := make(map[string]*groupAnswer, len(groups))
	old, young := kmsg.NewPtrDescribeGroupsRequest(), kmsg.NewPtrConsumerGroupDescribeRequest()
	for _, g := range groups {
		a := &groupAnswer{name: g.name, kind: g.kind, state: g.state, coordinator: broker}
		byName[g.name] = a
		answers = append(answers, a)
		if g.kind == consumer {
			young.Groups = append(young.Groups, g.name)
		} else {
			old.Groups = append(old.Groups, g.name)
		}
	}
	if len(old.Groups) > 0 {
		if resp, ok := q.askAboutGroups(ctx, broker, old).(*kmsg.DescribeGroupsResponse); ok {
			for i := range resp.Groups {
				if g := &resp.Groups[i]; byName[g.Group] != nil && g.ErrorCode == 0 {
					byName[g.Group].takeClassic(g)
				}
			}
		}
	}
	if len(young.Groups) > 0 {
		if resp, ok := q.askAboutGroups(ctx, broker, young).(*kmsg.ConsumerGroupDescribeResponse); ok {
			for i := range resp.Groups {
				if g := &resp.Groups[i]; byName[g.Group] != nil && g.ErrorCode == 0 {
					byName[g.Group].takeConsumer(g, q.nameOf)
				}
			}
		}
	}
	return answers
}

// askAboutGroups returns nil when there is no answer, with a note.
func (q *inquiry) askAboutGroups(ctx context.Context, broker int32, req kmsg.Request) kmsg.Response {
	resp, err := q.send(ctx, broker, req)
	if err != nil {
		q.unknown("details of some groups are", "Describe on the groups", broker, err)
		return nil
	}
	return resp
}

func (a *groupAnswer) takeClassic(g *kmsg.DescribeGroupsResponseGroup) {
	a.state, a.protocol, a.memberCount = g.State, g.Protocol, len(g.Members)
	for i := range g.Members[:min(len(g.Members), maxMembers)] {
		m := &g.Members[i]
		member := Member{ID: m.MemberID, ClientID: m.ClientID, Host: m.ClientHost, InstanceID: text(m.InstanceID), Assigned: []Assigned{}}
		if g.ProtocolType == "consumer" {
			member.Assigned = readAssignment(m.MemberAssignment)
		}
		a.members = append(a.members, member)
	}
}

// takeConsumer takes in a group of KIP-848; its topics may be told by id only.
func (a *groupAnswer) takeConsumer(g *kmsg.ConsumerGroupDescribeResponseGroup, nameOf func(topic string, id [16]byte) string) {
	a.state, a.protocol, a.memberCount = g.State, g.AssignorName, len(g.Members)
	for i := range g.Members[:min(len(g.Members), maxMembers)] {
		m := &g.Members[i]
		member := Member{ID: m.MemberID, ClientID: m.ClientID, Host: m.ClientHost, InstanceID: text(m.InstanceID), Assigned: []Assigned{}}
		for _, t := range m.Assignment.TopicPartitions {
			if topic := nameOf(t.Topic, t.TopicID); topic != "" {
				member.Assigned = append(member.Assigned, Assigned{topic, sorted(t.Partitions)})
			}
		}
		slices.SortFunc(member.Assigned, func(a, b Assigned) int { return cmp.Compare(a.Topic, b.Topic) })
		a.members = append(a.members, member)
	}
}

// readAssignment reads what a group's leader, who may be any program, has written
// for a member. What cannot be read is nothing.
func readAssignment(raw []byte) []Assigned {
	assigned := []Assigned{}
	var read kmsg.ConsumerMemberAssignment
	if len(raw) == 0 || read.ReadFrom(raw) != nil {
		return assigned
	}
	for _, t := range read.Topics {
		assigned = append(assigned, Assigned{t.Topic, sorted(t.Partitions)})
	}
	slices.SortFunc(assigned, func(a, b Assigned) int { return cmp.Compare(a.Topic, b.Topic) })
	return assigned
}

func sorted(numbers []int32) []int32 {
	all := append([]int32{}, numbers...)
	slices.Sort(all)
	return all
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
