package clusters

import (
	"cmp"
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// describe asks a coordinator about its groups, each type by a request of its own.
// What it says nothing of keeps what the list said.
func (q *inquiry) describe(ctx context.Context, broker int32, groups []listed) []*groupAnswer {
	var answers []*groupAnswer
	byName := make(map[string]*groupAnswer, len(groups))
	names := make(map[string][]string) // by type
	for _, g := range groups {
		a := &groupAnswer{name: g.name, kind: g.kind, state: g.state, coordinator: broker}
		byName[g.name] = a
		answers = append(answers, a)
		names[g.kind] = append(names[g.kind], g.name)
	}
	for kind, request := range describeRequests(names) {
		if len(names[kind]) > 0 {
			q.takeDescribed(q.askAboutGroups(ctx, broker, request), byName)
		}
	}
	return answers
}

// describeRequests are the requests that describe groups, by type.
func describeRequests(names map[string][]string) map[string]kmsg.Request {
	ofClassic, ofConsumer := kmsg.NewPtrDescribeGroupsRequest(), kmsg.NewPtrConsumerGroupDescribeRequest()
	ofShare, ofStreams := kmsg.NewPtrShareGroupDescribeRequest(), kmsg.NewPtrStreamsGroupDescribeRequest()
	ofClassic.Groups, ofConsumer.Groups, ofShare.GroupIDs, ofStreams.Groups = names[classic], names[consumer], names[share], names[streams]
	return map[string]kmsg.Request{classic: ofClassic, consumer: ofConsumer, share: ofShare, streams: ofStreams}
}

// takeDescribed takes in an answer about groups. One that has an error, or was not
// asked for, is left out.
func (q *inquiry) takeDescribed(answer kmsg.Response, byName map[string]*groupAnswer) {
	known := func(name string, code int16) *groupAnswer {
		if code != 0 {
			return nil
		}
		return byName[name]
	}
	switch resp := answer.(type) {
	case *kmsg.DescribeGroupsResponse:
		for i := range resp.Groups {
			if a := known(resp.Groups[i].Group, resp.Groups[i].ErrorCode); a != nil {
				a.takeClassic(&resp.Groups[i])
			}
		}
	case *kmsg.ConsumerGroupDescribeResponse:
		for i := range resp.Groups {
			if a := known(resp.Groups[i].Group, resp.Groups[i].ErrorCode); a != nil {
				a.takeConsumer(&resp.Groups[i], q.nameOf)
			}
		}
	case *kmsg.ShareGroupDescribeResponse:
		for i := range resp.Groups {
			if a := known(resp.Groups[i].GroupID, resp.Groups[i].ErrorCode); a != nil {
				a.takeShare(&resp.Groups[i], q.nameOf)
			}
		}
	case *kmsg.StreamsGroupDescribeResponse:
		for i := range resp.Groups {
			if a := known(resp.Groups[i].Group, resp.Groups[i].ErrorCode); a != nil {
				a.takeStreams(&resp.Groups[i], q.partitions)
			}
		}
	}
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
		sortAssigned(member.Assigned)
		a.members = append(a.members, member)
	}
}

// takeShare takes in a group of KIP-932. Several members may have one partition.
func (a *groupAnswer) takeShare(g *kmsg.ShareGroupDescribeResponseGroup, nameOf func(topic string, id [16]byte) string) {
	a.state, a.protocol, a.memberCount = g.GroupState, g.Assignor, len(g.Members)
	for i := range g.Members[:min(len(g.Members), maxMembers)] {
		m := &g.Members[i]
		member := Member{ID: m.MemberID, ClientID: m.ClientID, Host: m.ClientHost, Assigned: []Assigned{}}
		for _, t := range m.Assignment.TopicPartitions {
			if topic := nameOf(t.Topic, t.TopicID); topic != "" {
				member.Assigned = append(member.Assigned, Assigned{topic, sorted(t.Partitions)})
			}
		}
		sortAssigned(member.Assigned)
		a.members = append(a.members, member)
	}
}

// takeStreams takes in a group of KIP-1071. Its members have tasks: a task is the
// partition of that number of each topic that its part of the topology reads.
func (a *groupAnswer) takeStreams(g *kmsg.StreamsGroupDescribeResponseGroup, partitions map[string]int32) {
	a.state, a.protocol, a.memberCount = g.State, text(g.AssignorName), len(g.Members)
	reads := make(map[string][]string) // topics by part of the topology
	if g.Topology != nil {
		for i := range g.Topology.Subtopologies {
			part := &g.Topology.Subtopologies[i]
			reads[part.SubtopologyID] = slices.Clone(part.SourceTopics)
			for _, between := range part.RepartitionSourceTopics {
				reads[part.SubtopologyID] = append(reads[part.SubtopologyID], between.Topic)
			}
		}
	}
	for i := range g.Members[:min(len(g.Members), maxMembers)] {
		m := &g.Members[i]
		member := Member{ID: m.MemberID, ClientID: m.ClientID, Host: m.ClientHost, InstanceID: text(m.InstanceID), Assigned: []Assigned{}}
		for _, task := range m.Assignment.ActiveTasks {
			for _, topic := range reads[task.SubtopologyID] {
				there := slices.DeleteFunc(sorted(task.Partitions), func(number int32) bool { return number >= partitions[topic] })
				if len(there) > 0 {
					member.Assigned = append(member.Assigned, Assigned{topic, there})
				}
			}
		}
		sortAssigned(member.Assigned)
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
	sortAssigned(assigned)
	return assigned
}

func sortAssigned(list []Assigned) {
	slices.SortFunc(list, func(a, b Assigned) int { return cmp.Compare(a.Topic, b.Topic) })
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
