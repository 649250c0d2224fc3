package convert

import (
	"strconv"
	"strings"

	"mirror/config"
)

// What MirrorMaker 2 does with the positions of groups unless told otherwise
// (org.apache.kafka.connect.mirror.DefaultGroupFilter, MirrorCheckpointConfig).
const (
	defaultGroups        = `.*`
	defaultGroupsExclude = `console-consumer-.*, connect-.*, __.*`
	defaultGroupsSeconds = "60"
)

// readSync translates what is kept in step besides records.
func (r *route) readSync() {
	var parts, comments []string
	if p, ok := r.get("sync.topic.configs.enabled"); ok && strings.EqualFold(p.value, "false") {
		parts = append(parts, "configs: false")
	}
	switch p, _ := r.get("sync.group.offsets.enabled"); strings.ToLower(p.value) {
	case "", "false":
	case "true":
		if groups, loose := r.groups(); groups == "" {
			r.notes.dropped(p, "no entry of groups can be taken over")
		} else {
			parts, comments = append(parts, "groups: "+groups), looseComment(loose)
		}
	default:
		r.notes.dropped(p, "it is neither true nor false")
	}
	if len(parts) > 0 {
		r.add("sync", "{"+strings.Join(parts, ", ")+"}", comments...)
	}
}

// groups translates whose positions are carried over, and how often; empty when
// no group is left.
func (r *route) groups() (text string, loose []string) {
	include, looseIn := r.groupList("groups", "", defaultGroups, "their positions are NOT carried over until you name them here")
	exclude, looseOut := r.groupList("groups.exclude", "groups.blacklist", defaultGroupsExclude, "their positions ARE carried over until you name them in exclude")
	if len(include) == 0 {
		return "", nil
	}
	text = "include: " + config.QuoteList(include)
	if len(exclude) > 0 {
		text += ", exclude: " + config.QuoteList(exclude)
	}
	return "{" + text + ", interval: " + r.groupsInterval() + "}", append(looseIn, looseOut...)
}

func (r *route) groupList(key, older, otherwise, lost string) (entries, loose []string) {
	p, given := r.get(key)
	if !given && older != "" {
		p, given = r.get(older)
	}
	if !given {
		p.value = otherwise
	}
	found := topicPatterns(p.value) // the same language
	for _, bad := range found.bad {
		r.notes.dropped(property{key: key, value: bad.text, line: p.line}, "RE2 has no such construct (%s); %s", bad.why, lost)
	}
	for _, entry := range found.entries {
		if entry != "/__.*/" && !config.InternalGroup(entry) { // left out in any case
			entries = append(entries, entry)
		}
	}
	return entries, found.loose
}

func (r *route) groupsInterval() string {
	p, given := r.get("sync.group.offsets.interval.seconds")
	if !given {
		return defaultGroupsSeconds + "s"
	}
	if n, err := strconv.ParseUint(p.value, 10, 31); err != nil || n == 0 {
		r.notes.dropped(p, "it is not a number of seconds above 0; MirrorMaker's default is taken, which is %s s", defaultGroupsSeconds)
		return defaultGroupsSeconds + "s"
	}
	return p.value + "s"
}
