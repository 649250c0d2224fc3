package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/kafka"
	"mirror/replicate"
)

// mm2Offsets is what MirrorMaker 2 has written about its progress, by topic and
// partition of the source.
type mm2Offsets map[topicPartition]*replicate.TakeoverHint

type topicPartition struct {
	topic     string
	partition int32
}

func (m mm2Offsets) of(topic string, partition int32) replicate.TakeoverHint {
	if hint := m[topicPartition{topic, partition}]; hint != nil {
		return *hint
	}
	return replicate.TakeoverHint{Next: -1}
}

func (m mm2Offsets) at(key topicPartition) *replicate.TakeoverHint {
	if m[key] == nil {
		m[key] = &replicate.TakeoverHint{Next: -1}
	}
	return m[key]
}

// readHints reads MirrorMaker's topics, as far as there are any. Without them the
// records alone decide.
func (a *adoption) readHints(ctx context.Context) (mm2Offsets, error) {
	hints := make(mm2Offsets)
	for _, side := range []struct {
		at    *cluster
		other string
	}{{a.source, a.route.To}, {a.target, a.route.From}} {
		names, err := a.hintTopics(ctx, side.at, side.other)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			read := hints.offsetSync
			if !strings.HasPrefix(name, offsetSyncsPrefix) {
				read = func(r *kgo.Record) { hints.connectOffset(r, a.route.From) }
			}
			if err := readTopic(ctx, side.at, name, read); err != nil {
				fmt.Fprintf(a.errOut, "warning: %v: going on without it\n", err)
			}
		}
	}
	return hints, nil
}

const offsetSyncsPrefix = "mm2-offset-syncs"

// hintTopics are the topics of one cluster that can hold hints. MirrorMaker names
// them after the other cluster, with a separator that can be configured.
func (a *adoption) hintTopics(ctx context.Context, at *cluster, other string) ([]string, error) {
	topics, err := at.admin.ListTopics(ctx)
	if err != nil {
		return nil, clusterError(err, at.config, "list its topics")
	}
	offsetsTopic := firstOf(a.offsetsTopic, "mm2-offsets."+a.route.From+".internal")
	var names []string
	for _, name := range topics.Names() {
		syncs := strings.HasPrefix(name, offsetSyncsPrefix) && strings.HasSuffix(name, "internal") && strings.Contains(name, other)
		if syncs || at == a.target && name == offsetsTopic {
			names = append(names, name)
		}
	}
	if a.offsetsTopic != "" && at == a.target && !slices.Contains(names, a.offsetsTopic) {
		return nil, usageErrorf("cluster %s has no topic %s, which --offsets-topic names", a.route.To, a.offsetsTopic)
	}
	return names, nil
}

// maxPairs bounds the pairs that are kept for one partition: the newest count.
const maxPairs = 256

// offsetSync takes in a record that says where the copy of a record is.
func (m mm2Offsets) offsetSync(r *kgo.Record) {
	topic, partition, pair, ok := parseOffsetSync(r.Key, r.Value)
	if !ok {
		return
	}
	hint := m.at(topicPartition{topic, partition})
	if len(hint.Pairs) >= maxPairs {
		hint.Pairs = hint.Pairs[1:]
	}
	hint.Pairs = append(hint.Pairs, pair)
}

// parseOffsetSync reads such a record (org.apache.kafka.connect.mirror.OffsetSync).
// Key: length of the topic's name (2 bytes), name, partition (4 bytes). Value:
// source offset, target offset (8 bytes each). All are big endian.
func parseOffsetSync(key, value []byte) (topic string, partition int32, pair replicate.OffsetPair, ok bool) {
	if len(key) < 2 || len(value) != 16 {
		return "", 0, pair, false
	}
	n := int(binary.BigEndian.Uint16(key))
	if len(key) != 2+n+4 {
		return "", 0, pair, false
	}
	pair = replicate.OffsetPair{Source: int64(binary.BigEndian.Uint64(value)), Target: int64(binary.BigEndian.Uint64(value[8:]))}
	partition = int32(binary.BigEndian.Uint32(key[2+n:]))
	return string(key[2 : 2+n]), partition, pair, partition >= 0 && pair.Source >= 0 && pair.Target >= 0
}

// connectOffset takes in a record of Kafka Connect's offsets topic.
func (m mm2Offsets) connectOffset(r *kgo.Record, from string) {
	if key, next, ok := parseConnectOffset(r.Key, r.Value, from); ok {
		m.at(key).Next = next
	}
}

// parseConnectOffset reads what MirrorMaker's source connector commits: the
// offset of the last source record of which the target has answered that it is
// stored. Key: ["<connector>", {"cluster", "topic", "partition"}]. Value:
// {"offset"}; none means that it was taken back.
func parseConnectOffset(key, value []byte, from string) (at topicPartition, next int64, ok bool) {
	var parts []json.RawMessage
	if json.Unmarshal(key, &parts) != nil || len(parts) != 2 {
		return at, 0, false
	}
	var connector string
	var place struct {
		Cluster   string `json:"cluster"`
		Topic     string `json:"topic"`
		Partition *int32 `json:"partition"`
	}
	if json.Unmarshal(parts[0], &connector) != nil || !strings.HasSuffix(connector, "MirrorSourceConnector") ||
		json.Unmarshal(parts[1], &place) != nil || place.Cluster != from || place.Partition == nil || *place.Partition < 0 {
		return at, 0, false
	}
	at = topicPartition{place.Topic, *place.Partition}
	var done struct {
		Offset *int64 `json:"offset"`
	}
	if value == nil || json.Unmarshal(value, &done) != nil || done.Offset == nil || *done.Offset < 0 || *done.Offset+1 < 0 {
		return at, -1, true
	}
	return at, *done.Offset + 1, true
}

// topicPatience is how long a read may bring nothing before it counts as read to
// the end, which compaction and markers can hide.
const topicPatience = 3 * time.Second

// readTopic visits the records of a small topic, from its beginning to where it
// ends now.
func readTopic(ctx context.Context, c *cluster, topic string, visit func(*kgo.Record)) error {
	starts, err := c.admin.ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	var ends kadm.ListedOffsets
	if err == nil {
		ends, err = c.admin.ListEndOffsets(ctx, topic)
	}
	if err = errors.Join(err, ends.Error()); err != nil {
		return fmt.Errorf("read topic %s of cluster %s: %w", topic, c.config.Name, err)
	}
	from, left := make(map[int32]kgo.Offset), make(map[int32]int64)
	ends.Each(func(end kadm.ListedOffset) {
		if start, _ := starts.Lookup(topic, end.Partition); start.Offset < end.Offset {
			from[end.Partition], left[end.Partition] = kgo.NewOffset().At(start.Offset), end.Offset
		}
	})
	if len(left) == 0 {
		return nil
	}
	reader, err := kafka.NewClient(c.config, clientID, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.FetchMaxWait(200*time.Millisecond))
	if err != nil {
		return clusterError(err, c.config, "read topic "+topic)
	}
	defer reader.Close()
	for len(left) > 0 {
		polling, cancel := context.WithTimeout(ctx, topicPatience)
		fetches := reader.PollFetches(polling)
		cancel()
		if err := fetches.Err(); ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			return ctx.Err()
		} else if err != nil {
			return fmt.Errorf("read topic %s of cluster %s: %w", topic, c.config.Name, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			visit(r)
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return nil
}
