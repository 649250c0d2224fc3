package strict

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// internalTopics are the ones that brokers write themselves; clients are told INVALID_TOPIC_EXCEPTION.
var internalTopics = []string{"__consumer_offsets", "__transaction_state", "__share_group_state"}

// inspect is the control function. It runs before kfake looks at the request, one request at a time.
func (v *Validator) inspect(kreq kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // kfake's signature
	req, ok := kreq.(*kmsg.ProduceRequest)
	if !ok {
		return nil, nil, false
	}
	v.mu.Lock()
	defer v.mu.Unlock()

	v.dropReplaced(req)
	verdicts := v.judgeAll(req)
	for _, d := range verdicts {
		if d.refusal == nil {
			continue
		}
		v.refusals = append(v.refusals, *d.refusal)
		if d.refusal.Silent {
			v.cluster.KeepControl()
			return nil, nil, true
		}
	}
	for _, d := range verdicts {
		if d.refusal != nil && (d.refusal.Request || len(verdicts) == 1 && len(d.refusal.Records) > 0) {
			v.cluster.KeepControl()
			return answerAll(req, *d.refusal), nil, true
		}
	}
	if resp := v.answerRepeats(req, verdicts); resp != nil {
		v.cluster.KeepControl()
		return resp, nil, true
	}
	v.settle(req, verdicts)
	return nil, nil, false
}

// verdict is what a broker would say to one partition of a request.
type verdict struct {
	topic     string
	topicID   [16]byte
	partition int32
	header    header
	refusal   *Refusal // nil: taken
	repeat    *sent    // the batch that this one repeats
	known     bool     // the topic and partition exist, so that the producer state means something
}

// judgeAll judges each partition of the request on its own.
func (v *Validator) judgeAll(req *kmsg.ProduceRequest) []verdict {
	var verdicts []verdict
	for i := range req.Topics {
		topic := &req.Topics[i]
		info := v.topicInfo(topic)
		for j := range topic.Partitions {
			verdicts = append(verdicts, v.judge(req, topic, &topic.Partitions[j], info))
		}
	}
	return verdicts
}

func (v *Validator) topicInfo(topic *kmsg.ProduceRequestTopic) *kfake.TopicInfo {
	if topic.Topic == "" {
		return v.cluster.TopicIDInfo(topic.TopicID)
	}
	return v.cluster.TopicInfo(topic.Topic)
}

// judge applies the checks in a broker's order: the shape of the bytes, the topic's rules, the producer's sequence.
// An unknown topic or partition is left to kfake, which answers it rightly.
func (v *Validator) judge(req *kmsg.ProduceRequest, topic *kmsg.ProduceRequestTopic, part *kmsg.ProduceRequestTopicPartition, info *kfake.TopicInfo) verdict {
	d := verdict{topic: topic.Topic, topicID: topic.TopicID, partition: part.Partition}
	if info != nil {
		d.topic, d.topicID = info.Topic, info.TopicID
	}
	if slices.Contains(internalTopics, d.topic) {
		d.refusal = unwelcome(kerr.InvalidTopicException, "clients may not write to an internal topic")
		return d.named()
	}
	batch, refusal := split(part.Records, req.Version)
	if refusal != nil {
		d.refusal = refusal
		return d.named()
	}
	part.Records = batch // brokers drop stray bytes behind the batch; kfake would call the batch corrupt
	if info == nil {
		return d
	}
	partition := v.cluster.PartitionInfo(info.Topic, part.Partition)
	if partition == nil {
		return d
	}
	if partition.Leader != v.cluster.CurrentNode() {
		return d // kfake answers NOT_LEADER_OR_FOLLOWER, and brokers do so before they look at the bytes
	}
	d.header = parseHeader(batch)
	if d.refusal = v.checkBatch(req, d.header, batch, v.settingsOf(info)); d.refusal != nil && d.refusal.Code != 0 {
		return d.named()
	}
	d.known = true
	if d.header.producerID >= 0 && !d.header.transactional() {
		order, repeat := v.checkSequence(info.TopicID, part.Partition, partition.HighWatermark, d.header)
		d.repeat = repeat
		if order != nil {
			d.refusal = order
		}
	}
	return d.named()
}

// named writes the partition's name into the refusal.
func (d verdict) named() verdict {
	if d.refusal != nil {
		d.refusal.Topic, d.refusal.Partition = d.topic, d.partition
	}
	return d
}

// dropReplaced does what brokers do with a partition that is in a request twice: the later one silently wins.
func (v *Validator) dropReplaced(req *kmsg.ProduceRequest) {
	type name struct {
		topic     string
		id        [16]byte
		partition int32
	}
	seen := make(map[name]bool)
	for i := len(req.Topics) - 1; i >= 0; i-- {
		topic := &req.Topics[i]
		for j := len(topic.Partitions) - 1; j >= 0; j-- {
			n := name{topic.Topic, topic.TopicID, topic.Partitions[j].Partition}
			if !seen[n] {
				seen[n] = true
				continue
			}
			r := malformed(nil, "the partition is in the request twice: brokers lose the first one silently")
			r.Topic, r.Partition = n.topic, n.partition
			v.refusals = append(v.refusals, *r)
			topic.Partitions = slices.Delete(topic.Partitions, j, j+1)
		}
	}
}

// answerAll gives every partition of the request the same code.
func answerAll(req *kmsg.ProduceRequest, r Refusal) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range req.Topics {
		t := kmsg.NewProduceResponseTopic()
		t.Topic, t.TopicID = topic.Topic, topic.TopicID
		for _, part := range topic.Partitions {
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition, p.ErrorCode, p.BaseOffset = part.Partition, r.Code, -1
			p.ErrorMessage = kmsg.StringPtr(r.Why)
			for _, i := range r.Records {
				record := kmsg.NewProduceResponseTopicPartitionErrorRecord()
				record.RelativeOffset = i
				p.ErrorRecords = append(p.ErrorRecords, record)
			}
			t.Partitions = append(t.Partitions, p)
		}
		resp.Topics = append(resp.Topics, t)
	}
	return resp
}

// answerRepeats answers a request of nothing but repeats: success, the first one's offset, and an append time, which brokers
// set on a repeat even where the topic keeps the producers' times. It returns nil for any other request.
func (v *Validator) answerRepeats(req *kmsg.ProduceRequest, verdicts []verdict) kmsg.Response {
	for _, d := range verdicts {
		if d.repeat == nil {
			return nil
		}
	}
	if len(verdicts) == 0 || req.Acks == 0 {
		return nil
	}
	resp := req.ResponseKind().(*kmsg.ProduceResponse)
	at := 0
	for _, topic := range req.Topics {
		t := kmsg.NewProduceResponseTopic()
		t.Topic, t.TopicID = topic.Topic, topic.TopicID
		for _, part := range topic.Partitions {
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition = part.Partition
			p.BaseOffset = verdicts[at].repeat.base
			p.LogAppendTime = v.now().UnixMilli()
			t.Partitions = append(t.Partitions, p)
			at++
		}
		resp.Topics = append(resp.Topics, t)
	}
	return resp
}

// settle lets kfake handle the request, with a fault for each partition that a broker refuses and a note of what it will
// append. The fault names this very request, so that a later one to the same partition is not touched.
func (v *Validator) settle(req *kmsg.ProduceRequest, verdicts []verdict) {
	for _, d := range verdicts {
		if d.refusal != nil && d.refusal.Code != 0 {
			v.cluster.Fault(kfake.Fault{
				Keys:       []kmsg.Key{kmsg.Produce},
				Topic:      d.topic,
				Partitions: []int32{d.partition},
				Count:      1,
				Err:        &kerr.Error{Message: d.refusal.Why, Code: d.refusal.Code, Description: d.refusal.Why},
				When:       func(r kmsg.Request) bool { return r == kmsg.Request(req) },
			})
			continue
		}
		if d.known && d.repeat == nil && d.header.producerID >= 0 {
			v.note(d)
		}
	}
}
