package replicate

import (
	"fmt"
	"strings"
)

// ChangeKind is what a Change does.
type ChangeKind int8

const (
	ChangeCreate        ChangeKind = iota // create the target topic
	ChangeAddPartitions                   // add partitions to it
	ChangeSetConfig                       // set one config on it
	ChangeRemoveConfig                    // remove one config from it, so that the broker's value counts again
	ChangeForget                          // change nothing there, only our record of the configs we manage
)

func (k ChangeKind) String() string {
	return [...]string{"create", "add partitions", "set config", "remove config", "forget configs"}[k]
}

// ConfigValue is one config of a topic.
type ConfigValue struct{ Key, Value string }

// Change is one change to the target.
type Change struct {
	Kind   ChangeKind
	Target string // the target topic

	Partitions  int32         // create: how many; add partitions: how many there are afterwards
	From        int32         // add partitions: how many there are now
	Replication int16         // create: replicas of each partition, -1 for the broker's default
	Configs     []ConfigValue // create: configs set on the topic, sorted by key

	Key, Old, New string // set and remove config; Old is empty when unknown, New when removed
	Inherited     bool   // set config: Old is the broker's value, not one set on the topic
}

// String is one line for people: "create west.orders: 8 partitions, replication factor 3, retention.ms=1000".
func (c Change) String() string {
	switch c.Kind {
	case ChangeCreate:
		parts := []string{count(int(c.Partitions), "partition"), fmt.Sprintf("replication factor %d", c.Replication)}
		if c.Replication < 0 {
			parts[1] = "the broker's default replication factor"
		}
		for _, cv := range c.Configs {
			parts = append(parts, cv.Key+"="+cv.Value)
		}
		return fmt.Sprintf("create %s: %s", c.Target, strings.Join(parts, ", "))
	case ChangeAddPartitions:
		return fmt.Sprintf("add partitions to %s: %d → %d", c.Target, c.From, c.Partitions)
	case ChangeSetConfig:
		old := orElse(c.Old, "unset")
		if c.Inherited && c.Old != "" {
			old += " (inherited)"
		}
		return fmt.Sprintf("alter %s of %s: %s → %s", c.Key, c.Target, old, c.New)
	case ChangeRemoveConfig:
		return fmt.Sprintf("remove %s from %s (was %s)", c.Key, c.Target, c.Old)
	}
	return fmt.Sprintf("update the list of configs managed on %s", c.Target)
}
