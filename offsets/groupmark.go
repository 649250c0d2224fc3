package offsets

import (
	"fmt"
	"strconv"
	"strings"
)

// GroupMark is what is written beside each group position that is carried over,
// as the commit's metadata: it tells on the target which positions a route has
// set, and from what, and it comes and goes with the commit itself.
type GroupMark struct {
	Route      string
	Generation int32 // of the copy
	Source     int64 // the position that was translated
	Target     int64 // what it was translated to; a client that commits another offset and keeps the metadata is found by it
}

const groupMarkBegin = "mirror:1:"

// String is the mark as it is written, for example
// "mirror:1:west-to-east:0:1200:1187". Names of routes have no colon.
func (m GroupMark) String() string {
	return fmt.Sprintf("%s%s:%d:%d:%d", groupMarkBegin, m.Route, m.Generation, m.Source, m.Target)
}

// ParseGroupMark reads a commit's metadata; false means that no mirror wrote it.
func ParseGroupMark(metadata string) (GroupMark, bool) {
	rest, ok := strings.CutPrefix(metadata, groupMarkBegin)
	parts := strings.Split(rest, ":")
	if !ok || len(parts) != 4 || parts[0] == "" {
		return GroupMark{}, false
	}
	m := GroupMark{Route: parts[0]}
	generation, err := strconv.ParseInt(parts[1], 10, 16)
	if err != nil {
		return GroupMark{}, false
	}
	m.Generation = int32(generation)
	for i, into := range []*int64{&m.Source, &m.Target} {
		if *into, err = strconv.ParseInt(parts[2+i], 10, 64); err != nil {
			return GroupMark{}, false
		}
	}
	if m.String() != metadata {
		return GroupMark{}, false // another spelling is not ours
	}
	return m, true
}
