package config

import (
	"regexp"
)

// settingPattern is how Kafka writes the names of settings.
const settingPattern = `^[a-z0-9]+(\.[a-z0-9]+)*$`

var settingName = regexp.MustCompile(settingPattern)

// topicDefaultsField is what the topics that a route creates have in common.
func (d *decoder) topicDefaultsField(into *TopicDefaults) field {
	return d.mappingField("routes.topic_defaults",
		d.intField("replication_factor", &into.ReplicationFactor, 0, maxReplication),
		field{key: "config", kind: topicConfigKind(), read: func(e entry) { d.topicConfig(e, into) }})
}

func topicConfigKind() kind {
	return kind{words: "a mapping of topic settings to their values", schema: map[string]any{
		"type":                 "object",
		"propertyNames":        map[string]any{"pattern": settingPattern},
		"additionalProperties": map[string]any{"type": []string{"string", "number", "boolean"}},
	}}
}

// topicConfig reads settings. Kafka takes every setting as text, so a number or
// true needs no quotes here.
func (d *decoder) topicConfig(e entry, into *TopicDefaults) {
	entries, _ := d.entries(e, "a mapping of topic settings to their values")
	for _, x := range entries {
		if !settingName.MatchString(x.key.Value) {
			d.fault(x.key, "this is not the name of a topic setting", "a name is like min.insync.replicas")
			continue
		}
		if text, _, ok := d.scalar(x.value, "a value"); ok {
			if into.Config == nil {
				into.Config = make(map[string]string)
			}
			into.Config[x.key.Value] = text
		}
	}
}
