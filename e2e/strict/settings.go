package strict

import (
	"math"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
)

// settings are the topic configs that decide about a batch, with Kafka's defaults.
type settings struct {
	maxMessageBytes int
	segmentBytes    int
	compacted       bool
	appendTime      bool
	compression     string
	before, after   int64 // milliseconds
}

// settingsOf reads the topic's own configs; those given to Configure win. The caller holds the lock.
func (v *Validator) settingsOf(info *kfake.TopicInfo) settings {
	get := func(key, fallback string) string {
		if value, ok := v.configs[info.Topic][key]; ok {
			return value
		}
		if value := info.Configs[key]; value != nil {
			return *value
		}
		return fallback
	}
	return settings{
		maxMessageBytes: int(number(get("max.message.bytes", ""), 1048588)),
		segmentBytes:    int(number(get("segment.bytes", ""), 1<<30)),
		compacted:       strings.Contains(get("cleanup.policy", "delete"), "compact"),
		appendTime:      get("message.timestamp.type", "CreateTime") == "LogAppendTime",
		compression:     get("compression.type", "producer"),
		before:          number(get("message.timestamp.before.max.ms", ""), math.MaxInt64),
		after:           number(get("message.timestamp.after.max.ms", ""), defaultAfter),
	}
}

func number(text string, fallback int64) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fallback
	}
	return n
}
