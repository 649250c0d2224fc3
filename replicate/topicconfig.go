package replicate

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"mirror/config"
)

// wantedConfigs are the configs that the target topic should have set on itself: the source's dynamic ones that travel,
// then topic_defaults, which win. With sync.configs off only topic_defaults count, and only at creation.
func wantedConfigs(route *config.Route, source TopicSettings) map[string]string {
	wanted := map[string]string{}
	if route.Sync.Configs {
		for key, s := range source.Configs {
			if s.Dynamic && !configStays(key) {
				wanted[key] = s.Value
			}
		}
	}
	maps.Copy(wanted, route.TopicDefaults.Config)
	return wanted
}

// capMinISR lowers min.insync.replicas to the replication factor: above it the target would refuse every record that is
// produced with acks=all, as all of ours are. It returns what was lowered, or "".
func capMinISR(wanted map[string]string, replication int) string {
	const key = "min.insync.replicas"
	n, err := strconv.Atoi(wanted[key])
	if err != nil || replication <= 0 || n <= replication {
		return ""
	}
	old := wanted[key]
	wanted[key] = strconv.Itoa(replication)
	return old
}

// createConfigs are the configs of a topic that is created. CreateTime is always said, since the broker's default may
// be LogAppendTime and would replace the timestamps that the source delivers.
func createConfigs(wanted map[string]string) []ConfigValue {
	all := maps.Clone(wanted)
	if _, ok := all["message.timestamp.type"]; !ok {
		all["message.timestamp.type"] = "CreateTime"
	}
	configs := make([]ConfigValue, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		configs = append(configs, ConfigValue{key, all[key]})
	}
	return configs
}

// configChanges compares a target topic in our care with what is wanted. managed are the keys we set there before, keys
// are those we will be managing after the changes, and strays are keys that somebody else set to another value: they
// are left alone.
func configChanges(target string, wanted map[string]string, managed []string, now TopicSettings) (changes []Change, keys, strays []string) {
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		ours, value := slices.Contains(managed, key), now.Configs[key]
		if value.Dynamic && sameConfig(value.Value, wanted[key]) {
			if ours {
				keys = append(keys, key)
			}
			continue
		}
		if value.Dynamic && !ours {
			strays = append(strays, key)
			continue
		}
		keys = append(keys, key)
		changes = append(changes, Change{Kind: ChangeSetConfig, Target: target, Key: key, Old: value.Value, New: wanted[key], Inherited: !value.Dynamic})
	}
	for _, key := range managed {
		if _, ok := wanted[key]; !ok && now.dynamic(key) {
			changes = append(changes, Change{Kind: ChangeRemoveConfig, Target: target, Key: key, Old: now.value(key)})
		}
	}
	if len(changes) == 0 && !sameKeys(managed, keys) {
		// A key that is neither wanted nor set any more: only our own record of it is out of date.
		changes = append(changes, Change{Kind: ChangeForget, Target: target})
	}
	return changes, keys, strays
}

// sameConfig compares two values as a broker does that parses and prints them: "0.20" is 0.2, "compact, delete" is
// "compact,delete", "TRUE" is true. Without it a value written by hand would be set again and again.
func sameConfig(a, b string) bool {
	if a == b {
		return true
	}
	if x, err := strconv.ParseInt(strings.TrimSpace(a), 10, 64); err == nil {
		if y, err := strconv.ParseInt(strings.TrimSpace(b), 10, 64); err == nil {
			return x == y
		}
	}
	if x, err := strconv.ParseFloat(strings.TrimSpace(a), 64); err == nil {
		if y, err := strconv.ParseFloat(strings.TrimSpace(b), 64); err == nil {
			return x == y
		}
	}
	return slices.EqualFunc(splitList(a), splitList(b), strings.EqualFold)
}

// sameKeys compares two lists of distinct keys as sets.
func sameKeys(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for _, key := range a {
		if !slices.Contains(b, key) {
			return false
		}
	}
	return true
}
