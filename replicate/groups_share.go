package replicate

import (
	"context"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
)

// A share group (KIP-932) commits nothing: of each partition its coordinator knows
// which records are done with, in any order, and no request sets that from outside
// but for where it begins. So there is nothing to translate, which is told rather
// than left out. A streams group (KIP-1071) commits as every consumer does.

// ShareGroupWhy says why a share group has nothing that could be carried over.
const ShareGroupWhy = "a share group has no positions that could be carried over; in the copy it begins where its share.auto.offset.reset says"

// isShareGroup tells the type by the protocol's, which all brokers with share
// groups list.
func isShareGroup(g kadm.ListedGroup) bool { return g.ProtocolType == "share" }

// setShareGroupsAside takes the share groups out of names, and keeps those that
// are meant by name or that stand in the route's topics.
func (l *groupLook) setShareGroupsAside(ctx context.Context, listed kadm.ListedGroups, names map[string]bool) {
	var shared []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if isShareGroup(listed[name]) {
			delete(names, name)
			shared = append(shared, name)
		}
	}
	for chunk := range slices.Chunk(shared, groupsAtOnce) {
		asking, cancel := context.WithTimeout(ctx, groupTimeout)
		described, err := kadm.NewClient(l.Source.Client).DescribeShareGroupOffsets(asking, chunk...)
		cancel()
		for _, name := range chunk {
			// One of which nothing is known may well read these topics.
			known, told := described[name]
			if err != nil && !told || slices.Contains(l.Names, name) || l.readsOurs(known.Offsets) {
				l.seen.ShareGroups = append(l.seen.ShareGroups, name)
			}
		}
	}
}

func (l *groupLook) readsOurs(of kadm.ShareOffsets) bool {
	for topic := range of {
		if l.topics[topic] != nil {
			return true
		}
	}
	return false
}
