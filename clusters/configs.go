package clusters

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/kafka"
)

const (
	// configsFresh is how long the settings of a topic are good for: pages ask
	// again and again, and settings hardly change.
	configsFresh = 15 * time.Second
	// configsKept is how many topics' settings are kept.
	configsKept = 50
	// configsTimeout is short, since somebody waits for a page.
	configsTimeout = 3 * time.Second
	// configsAtOnce is how many such questions may be under way.
	configsAtOnce = 4
)

// configCache keeps the settings of topics that somebody looks at.
type configCache struct {
	slots chan struct{}

	mu    sync.Mutex             // guards what follows
	known map[string]configsRead // by topic
}

type configsRead struct {
	at      time.Time
	configs []TopicConfig
	reason  string
}

func newConfigCache() *configCache {
	return &configCache{slots: make(chan struct{}, configsAtOnce), known: make(map[string]configsRead)}
}

func (c *configCache) get(topic string, now time.Time) (configsRead, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	read, ok := c.known[topic]
	return read, ok && now.Sub(read.at) < configsFresh
}

func (c *configCache) put(topic string, read configsRead) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= configsKept {
		clear(c.known)
	}
	c.known[topic] = read
}

// topicConfigs returns the settings of a topic, or why they are unknown.
func (w *watcher) topicConfigs(ctx context.Context, topic string) ([]TopicConfig, string) {
	if read, ok := w.configs.get(topic, time.Now()); ok {
		return read.configs, read.reason
	}
	asking, cancel := context.WithTimeout(ctx, configsTimeout)
	defer cancel()
	select {
	case w.configs.slots <- struct{}{}:
		defer func() { <-w.configs.slots }()
	case <-asking.Done():
		return nil, "the cluster is slow to answer"
	}
	configs, err := w.askConfigs(asking, topic)
	reason := ""
	switch {
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		reason = "that needs DescribeConfigs on the topic"
	case err != nil:
		reason = kafka.Explain(err, w.cluster, "read the settings of topic "+topic)
	}
	if ctx.Err() == nil { // who asked and went away says nothing about the cluster
		w.configs.put(topic, configsRead{time.Now(), configs, reason})
	}
	return configs, reason
}

func (w *watcher) askConfigs(ctx context.Context, topic string) ([]TopicConfig, error) {
	req := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(ctx, w.client)
	if err != nil {
		return nil, err
	}
	configs := []TopicConfig{}
	for i := range resp.Resources {
		r := &resp.Resources[i]
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return nil, err
		}
		for k := range r.Configs {
			c := &r.Configs[k]
			configs = append(configs, TopicConfig{Key: c.Name, Value: text(c.Value), Source: configSource(c), Sensitive: c.IsSensitive})
		}
	}
	slices.SortFunc(configs, func(a, b TopicConfig) int { return cmp.Compare(a.Key, b.Key) })
	return configs, nil
}

// configSource says where a setting was made.
func configSource(c *kmsg.DescribeConfigsResponseResourceConfig) string {
	switch c.Source {
	case kmsg.ConfigSourceDynamicTopicConfig:
		return "topic"
	case kmsg.ConfigSourceDefaultConfig:
		return "default"
	}
	return "broker"
}
