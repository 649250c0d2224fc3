package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// logs are the frozen bounds and the settings of the topics of one cluster.
type logs struct {
	start, end kadm.ListedOffsets
	topics     kadm.TopicDetails
	settings   map[string]settings
	failed     map[string]error // topics that could not be looked up
}

// settings are the configs of a topic that decide how it can be compared.
type settings struct {
	compacted  bool // cleanup.policy has compact
	appendTime bool // message.timestamp.type is LogAppendTime
}

// bounds returns the log's start and end; ok is false if the partition does not exist.
func (l *logs) bounds(topic string, partition int32) (start, end int64, ok bool, err error) {
	if _, exists := l.topics[topic].Partitions[partition]; !exists {
		return 0, 0, false, nil
	}
	s, okStart := l.start.Lookup(topic, partition)
	e, okEnd := l.end.Lookup(topic, partition)
	if !okStart || !okEnd {
		return 0, 0, true, errors.New("the broker did not tell its log's start and end")
	}
	if err := errors.Join(s.Err, e.Err); err != nil {
		return 0, 0, true, fmt.Errorf("list offsets: %w", err)
	}
	return s.Offset, e.Offset, true, nil
}

// freezeSource notes the source's bounds. With committed the end is the last stable offset.
func freezeSource(ctx context.Context, cl *kgo.Client, topics []string, committed bool) (*logs, []string, error) {
	l, notes, err := describe(ctx, cl, topics, "source")
	if err != nil {
		return nil, nil, err
	}
	if err := l.freeze(ctx, cl, committed); err != nil {
		return nil, nil, fmt.Errorf("list source offsets: %w", err)
	}
	return l, notes, nil
}

// freezeTarget notes the target's bounds; the end is the high watermark.
func freezeTarget(ctx context.Context, cl *kgo.Client, topics []string) (*logs, []string, error) {
	l, notes, err := describe(ctx, cl, topics, "target")
	if err != nil {
		return nil, nil, err
	}
	if err := l.freeze(ctx, cl, false); err != nil {
		return nil, nil, fmt.Errorf("list target offsets: %w", err)
	}
	return l, notes, nil
}

func (l *logs) freeze(ctx context.Context, cl *kgo.Client, committed bool) error {
	topics := l.topics.Names()
	if len(topics) == 0 {
		return nil
	}
	adm := kadm.NewClient(cl)
	var err error
	if l.start, err = adm.ListStartOffsets(ctx, topics...); tolerable(err) != nil {
		return err
	}
	list := adm.ListEndOffsets
	if committed {
		list = adm.ListCommittedOffsets
	}
	l.end, err = list(ctx, topics...)
	return tolerable(err)
}

// tolerable lets pass that some brokers did not answer: their partitions get errors of their own.
func tolerable(err error) error {
	var some *kadm.ShardErrors
	if errors.As(err, &some) && !some.AllFailed {
		return nil
	}
	return err
}

// describe looks up the topics and their settings. Topics that do not exist are left out.
func describe(ctx context.Context, cl *kgo.Client, topics []string, side string) (*logs, []string, error) {
	l := &logs{topics: make(kadm.TopicDetails), settings: make(map[string]settings), failed: make(map[string]error)}
	if len(topics) == 0 {
		return l, nil, nil
	}
	adm := kadm.NewClient(cl)
	found, err := adm.ListTopics(ctx, topics...)
	if err != nil {
		return nil, nil, fmt.Errorf("list %s topics: %w", side, err)
	}
	for _, t := range found {
		switch {
		case t.Err == nil:
			l.topics[t.Topic] = t
		case !errors.Is(t.Err, kerr.UnknownTopicOrPartition):
			l.failed[t.Topic] = fmt.Errorf("look up %s topic %s: %w", side, t.Topic, t.Err)
		}
	}
	return l, l.readSettings(ctx, adm, side), nil
}

// readSettings reads what it may; without the permission topics are taken as neither compacted nor stamped by the broker, and a note says so.
func (l *logs) readSettings(ctx context.Context, adm *kadm.Client, side string) []string {
	names := l.topics.Names()
	if len(names) == 0 {
		return nil
	}
	described, err := adm.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return []string{fmt.Sprintf("configs of the %s topics could not be read (%v): topics are taken as not compacted", side, err)}
	}
	var notes []string
	for _, d := range described {
		if d.Err != nil {
			notes = append(notes, fmt.Sprintf("configs of %s topic %s could not be read (%v): it is taken as not compacted", side, d.Name, d.Err))
			continue
		}
		var s settings
		for _, c := range d.Configs {
			switch c.Key {
			case "cleanup.policy":
				s.compacted = strings.Contains(c.MaybeValue(), "compact")
			case "message.timestamp.type":
				s.appendTime = c.MaybeValue() == "LogAppendTime"
			}
		}
		l.settings[d.Name] = s
	}
	return notes
}
