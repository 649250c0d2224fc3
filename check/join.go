package check

import (
	"fmt"
	"slices"
	"strings"
)

// Join makes one finding of those about permissions of one kind on the same things: whoever was granted nothing yet
// wants one command and not seven. The others stay as they are.
func Join(all []Finding) []Finding {
	var joined []Finding
	done := make([]bool, len(all))
	for i, f := range all {
		if done[i] {
			continue
		}
		operations := []string{}
		for j := i; j < len(all) && f.Grant != nil; j++ {
			if !done[j] && sameGrant(f, all[j]) {
				done[j] = true
				operations = append(operations, all[j].Grant.Operation)
			}
		}
		if len(operations) > 1 {
			f = f.withOperations(operations)
		}
		joined = append(joined, f)
	}
	return joined
}

// sameGrant says that two findings differ in the operation alone.
func sameGrant(a, b Finding) bool {
	return a.Grant != nil && b.Grant != nil && a.Level == b.Level && idPrefix(a.ID) == idPrefix(b.ID) &&
		a.Grant.Resource == b.Grant.Resource && slices.Equal(a.Grant.Names, b.Grant.Names)
}

// idPrefix is "target.acl" of "target.acl.write".
func idPrefix(id string) string {
	return id[:max(strings.LastIndexByte(id, '.'), 0)]
}

func (f Finding) withOperations(operations []string) Finding {
	g := f.Grant
	f.ID = idPrefix(f.ID)
	f.Text = fmt.Sprintf("%s on %s", strings.Join(operations, ", "), g.on())
	if f.Level != OK {
		f.Text = fmt.Sprintf("%s lacks %s", g.Principal, f.Text)
		f.Fix = grantLines(g.brokers, g.Principal, operations, g.Resource, g.Names)
	}
	return f
}

// on names what a permission is on.
func (g *Grant) on() string {
	switch {
	case g.Resource == "cluster":
		return "the cluster"
	case g.Resource == "topic":
		return topicsText(g.Names)
	}
	return groupsText(g.Names)
}
