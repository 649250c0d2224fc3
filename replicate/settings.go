package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// settingsChunk is how many topics one DescribeConfigs request names; an answer carries about 3 KiB for each.
const settingsChunk = 500

// Setting is the value of one topic config as it applies.
type Setting struct {
	Value   string
	Dynamic bool // set on the topic itself, not inherited from the broker
}

// TopicSettings are the configs of one topic. Configs holds every dynamic config, and of the inherited ones those that
// decide how a topic is copied (see comparedConfigs); the others are left out, since 10,000 topics have 350,000 of them.
type TopicSettings struct {
	Configs map[string]Setting
	known   bool
	why     string // when not known: the reason, which does not name the topic
}

// comparedConfigs are the configs whose effective value matters even where it is inherited.
var comparedConfigs = []string{
	"cleanup.policy",
	"compression.type",
	"max.message.bytes",
	"message.timestamp.after.max.ms",
	"message.timestamp.before.max.ms",
	"message.timestamp.difference.max.ms",
	"message.timestamp.type",
	"min.insync.replicas",
	"retention.bytes",
	"retention.ms",
}

// readSettings reads the configs of topics, 500 per request. A topic that does not exist is absent from the result. A
// topic whose configs may not be read is there, not known and with the reason, which names the cluster's user. The error
// is about a whole request.
func readSettings(ctx context.Context, cluster Cluster, topics []string) (map[string]TopicSettings, error) {
	settings := make(map[string]TopicSettings, len(topics))
	for chunk := range slices.Chunk(topics, settingsChunk) {
		req := kmsg.NewPtrDescribeConfigsRequest()
		for _, name := range chunk {
			r := kmsg.NewDescribeConfigsRequestResource()
			r.ResourceType = kmsg.ConfigResourceTypeTopic
			r.ResourceName = name
			req.Resources = append(req.Resources, r)
		}
		kresp, err := cluster.Client.Request(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("read topic configs: %w", err)
		}
		resp, ok := kresp.(*kmsg.DescribeConfigsResponse)
		if !ok {
			return nil, fmt.Errorf("read topic configs: unexpected answer %T", kresp)
		}
		for i := range resp.Resources {
			addSettings(settings, resp.Version, &resp.Resources[i], cluster.Config)
		}
	}
	return settings, nil
}

func addSettings(settings map[string]TopicSettings, version int16, r *kmsg.DescribeConfigsResponseResource, cluster *config.Cluster) {
	err := kerr.ErrorForCode(r.ErrorCode)
	switch {
	case err == nil:
		settings[r.ResourceName] = newTopicSettings(version, r.Configs)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		settings[r.ResourceName] = TopicSettings{why: deniedAt("DescribeConfigs", "", cluster)}
	default:
		settings[r.ResourceName] = TopicSettings{why: brokerSays(err, r.ErrorMessage)}
	}
}

func newTopicSettings(version int16, configs []kmsg.DescribeConfigsResponseResourceConfig) TopicSettings {
	s := TopicSettings{Configs: make(map[string]Setting, len(comparedConfigs)), known: true}
	for _, c := range configs {
		if c.Value == nil {
			continue // a sensitive value; topics have none
		}
		dynamic := c.Source == kmsg.ConfigSourceDynamicTopicConfig
		if version == 0 {
			dynamic = !c.IsDefault // v0 has no source
		}
		if dynamic || slices.Contains(comparedConfigs, c.Name) {
			s.Configs[strings.Clone(c.Name)] = Setting{Value: strings.Clone(*c.Value), Dynamic: dynamic}
		}
	}
	return s
}

// brokerSays renders an error that a broker answered, with the words it gave if it gave any.
func brokerSays(err error, message *string) string {
	text := err.Error()
	if ke := (*kerr.Error)(nil); errors.As(err, &ke) {
		text = ke.Message
		if message == nil || *message == "" {
			return text + " (" + ke.Description + ")"
		}
	}
	if message != nil && *message != "" {
		text += " (" + strings.TrimSpace(*message) + ")"
	}
	return text
}

// value is the effective value of a config, empty when it is unknown.
func (s TopicSettings) value(key string) string { return s.Configs[key].Value }

// number is the effective value of a numeric config; ok is false when it is unknown.
func (s TopicSettings) number(key string) (n int64, ok bool) {
	v := s.value(key)
	if v == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(v, 10, 64)
	return n, err == nil
}

// has says whether a list config contains a word.
func (s TopicSettings) has(key, word string) bool {
	for w := range strings.SplitSeq(s.value(key), ",") {
		if strings.TrimSpace(w) == word {
			return true
		}
	}
	return false
}

// appendTime says whether the broker stamps records with its own time.
func (s TopicSettings) appendTime() bool {
	return strings.EqualFold(s.value("message.timestamp.type"), "LogAppendTime")
}

// dynamic says whether a config is set on the topic itself.
func (s TopicSettings) dynamic(key string) bool { return s.Configs[key].Dynamic }

// splitList splits a config of Kafka's list type: commas, with blanks around the words ignored.
func splitList(value string) []string {
	words := strings.Split(value, ",")
	for i, w := range words {
		words[i] = strings.TrimSpace(w)
	}
	return words
}

// settingsCache holds the configs of one side's topics. New topics are read at once, all of them when the oldest answer
// is settingsAge old.
type settingsCache struct {
	full   time.Time // when all were read
	topics map[string]cachedSettings
}

// cachedSettings are the configs of the topic with that id: one created again under the same name has others.
type cachedSettings struct {
	TopicSettings
	id [16]byte
}

func (c *settingsCache) due(now time.Time) bool { return now.Sub(c.full) >= settingsAge }

// forget has the configs of topics read again at the next read.
func (c *settingsCache) forget(topics []string) {
	for _, name := range topics {
		delete(c.topics, name)
	}
}

// read returns the configs of those of the named topics that are in md and usable.
func (c *settingsCache) read(ctx context.Context, cluster Cluster, md *Metadata, names []string, now time.Time) (map[string]TopicSettings, error) {
	all := c.due(now)
	settings := make(map[string]TopicSettings, len(names))
	var ask []string
	for _, name := range names {
		t := md.Topics[name]
		if t == nil || t.Err != nil {
			continue
		}
		if known, ok := c.topics[name]; ok && known.id == t.ID && !all {
			settings[name] = known.TopicSettings
			continue
		}
		ask = append(ask, name)
	}
	fresh, err := readSettings(ctx, cluster, ask)
	if err != nil {
		return nil, err
	}
	if all {
		c.full, c.topics = now, make(map[string]cachedSettings, len(fresh))
	}
	for _, name := range ask {
		if s, ok := fresh[name]; ok {
			settings[name] = s
			c.topics[name] = cachedSettings{s, md.Topics[name].ID}
		}
	}
	return settings, nil
}
