package clusters

import "time"

// State says whether a cluster answers.
type State string

// The states.
const (
	OK          State = "ok"
	Starting    State = "starting"    // it was not looked at yet
	Unreachable State = "unreachable" // the rest is from the last look that succeeded
	Off         State = "off"         // the configuration says not to look
)

// Listing says whether the groups that a cluster lists are all of them.
type Listing string

// The listings. A broker leaves out groups that may not be described, and does not
// say so.
const (
	ListingAll       Listing = "all"       // Describe on the cluster is given
	ListingPermitted Listing = "permitted" // it is not: there may be more
	ListingUnknown   Listing = "unknown"   // the brokers do not say what is given
)

// The documents below are what /api/v1/clusters answers. Their field names are an
// interface that others rely on: fields are added, never renamed or removed. What
// is unknown is null.

// Summary describes one cluster.
type Summary struct {
	Name   string     `json:"name"`
	ID     string     `json:"id"` // as the cluster calls itself; empty: unknown
	State  State      `json:"state"`
	Reason string     `json:"reason"` // why it is unreachable
	Time   *time.Time `json:"time"`   // of the last look that succeeded

	Controller      *int32 `json:"controller"` // the active controller; null: unknown
	BrokerCount     int    `json:"broker_count"`
	TopicCount      int    `json:"topic_count"`
	TopicsListed    int    `json:"topics_listed"`    // that are looked at one by one
	TopicsInternal  int    `json:"topics_internal"`  // whose names begin with __, and that monitor.topics does not write out
	PartitionCount  int    `json:"partition_count"`  // of all topics
	UnderReplicated int    `json:"under_replicated"` // partitions with fewer replicas in sync than assigned
	Offline         int    `json:"offline"`          // partitions without a leader
	GroupCount      int    `json:"group_count"`
	// GroupListing says whether these are all groups; empty before the first look.
	GroupListing Listing `json:"group_listing"`
	Principal    string  `json:"principal"` // who looks, in words

	RecordsPerSecond *float64 `json:"records_per_second"` // appended to the topics looked at
	Bytes            *int64   `json:"bytes"`              // on the disks of all brokers, every replica counted
	LagSeconds       *float64 `json:"lag_seconds"`        // of the consumer group furthest behind

	Notes []string `json:"notes"` // what is not shown, and why
}

// Cluster is a Summary with the brokers.
type Cluster struct {
	Summary
	Brokers []Broker `json:"brokers"`
}

// Broker describes one broker, also one that is gone while partitions are assigned
// to it.
type Broker struct {
	ID         int32  `json:"id"`
	Address    string `json:"address"` // empty when it is not online
	Rack       string `json:"rack"`
	Online     bool   `json:"online"`
	Controller bool   `json:"controller"`

	Leaders          int      `json:"leaders"`            // partitions that it leads
	Replicas         int      `json:"replicas"`           // partitions that it has a replica of
	UnderReplicated  int      `json:"under_replicated"`   // of these, those in which its own replica is not in sync
	RecordsPerSecond *float64 `json:"records_per_second"` // appended to the partitions that it leads, of the topics looked at
	Bytes            *int64   `json:"bytes"`
	DiskUsed         *float64 `json:"disk_used"` // how full the fullest volume of LogDirs is, 0 to 1
	LogDirs          []LogDir `json:"log_dirs"`
}

// LogDir is a directory of a broker's logs.
type LogDir struct {
	Dir    string `json:"dir"`
	Bytes  int64  `json:"bytes"`        // of the replicas in it
	Total  *int64 `json:"total_bytes"`  // of its volume (KIP-827)
	Usable *int64 `json:"usable_bytes"` // free for Kafka
	Error  string `json:"error"`
}

// BrokerDetail is a Broker with its partitions.
type BrokerDetail struct {
	Broker
	Partitions []BrokerPartition `json:"partition_list"`
	LeftOut    int               `json:"left_out"`      // partitions beyond those of the list
	NotLooked  int               `json:"not_looked_at"` // those of them whose topics are not looked at
}

// BrokerPartition is a replica on a broker.
type BrokerPartition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Leader    bool   `json:"leader"`
	InSync    bool   `json:"in_sync"`
	Bytes     *int64 `json:"bytes"`
}

// Topics lists a cluster's topics.
type Topics struct {
	Topics []Topic    `json:"topics"`
	Time   *time.Time `json:"time"`
	Notes  []string   `json:"notes"`
}

// Topic describes one topic.
type Topic struct {
	Name              string   `json:"name"`
	Partitions        int      `json:"partitions"`
	ReplicationFactor int      `json:"replication_factor"` // of the partition with most replicas
	UnderReplicated   int      `json:"under_replicated"`
	Offline           int      `json:"offline"`
	RecordsPerSecond  *float64 `json:"records_per_second"`
	Bytes             *int64   `json:"bytes"`       // every replica counted
	Records           *int64   `json:"records"`     // offsets between the logs' starts and ends
	LagSeconds        *float64 `json:"lag_seconds"` // of the consumer group furthest behind in it
	Internal          bool     `json:"internal"`
	Groups            int      `json:"groups"` // that have committed offsets of it, or members that read it
}

// TopicDetail is a Topic with all that is known of it.
type TopicDetail struct {
	Topic
	Configs       []TopicConfig    `json:"configs"`        // null: unknown
	ConfigsReason string           `json:"configs_reason"` // why
	PartitionList []TopicPartition `json:"partition_list"`
	GroupList     []TopicGroup     `json:"group_list"`
	Mirrored      []Mirrored       `json:"mirrored"`
}

// TopicConfig is a setting of a topic.
type TopicConfig struct {
	Key       string `json:"key"`
	Value     string `json:"value"`
	Source    string `json:"source"` // topic, broker or default
	Sensitive bool   `json:"sensitive"`
}

// TopicPartition is a partition of a topic.
type TopicPartition struct {
	Partition        int32    `json:"partition"`
	Leader           int32    `json:"leader"` // -1: none
	Replicas         []int32  `json:"replicas"`
	InSync           []int32  `json:"in_sync"`
	Start            *int64   `json:"start"`
	End              *int64   `json:"end"`         // the high watermark
	Records          *int64   `json:"records"`     // offsets from start to end
	OutOfSync        int      `json:"out_of_sync"` // replicas
	Bytes            *int64   `json:"bytes"`       // every replica counted
	RecordsPerSecond *float64 `json:"records_per_second"`
}

// PartitionDetail is a partition with the groups that read it.
type PartitionDetail struct {
	Topic string `json:"topic"`
	TopicPartition
	GroupList []TopicGroup `json:"group_list"`
}

// TopicGroup is a group that reads a topic, or one of its partitions, with its lag
// in that.
type TopicGroup struct {
	Group      string   `json:"group"`
	LagRecords *int64   `json:"lag_records"`
	LagSeconds *float64 `json:"lag_seconds"`
	AtLeast    bool     `json:"lag_seconds_at_least"`
	Members    int      `json:"members"` // that read it
}

// Mirrored is a route that copies a topic from or to here.
type Mirrored struct {
	Route     string `json:"route"`
	Direction string `json:"direction"` // source or target: what this cluster is
	Topic     string `json:"topic"`     // its name on the other side
}

// Groups lists a cluster's consumer groups.
type Groups struct {
	Groups []Group    `json:"groups"`
	Time   *time.Time `json:"time"`
	Notes  []string   `json:"notes"`
}

// Group describes one consumer group.
type Group struct {
	Name        string   `json:"name"`
	State       string   `json:"state"`    // in Kafka's words
	Type        string   `json:"type"`     // classic, consumer (KIP-848), share (KIP-932) or streams (KIP-1071)
	Protocol    string   `json:"protocol"` // the assignor; empty: none
	Coordinator int32    `json:"coordinator"`
	Members     int      `json:"members"`
	Topics      []string `json:"topics"` // that it has committed offsets of, or that are assigned

	LagRecords *int64   `json:"lag_records"`
	LagSeconds *float64 `json:"lag_seconds"` // of the partition furthest behind
	// AtLeast says that the group stands at records older than this process has
	// been looking: LagSeconds is how long it has, and the lag is more.
	AtLeast          bool     `json:"lag_seconds_at_least"`
	RecordsPerSecond *float64 `json:"records_per_second"` // by which the committed offsets advance, or those at which a share group's partitions start
	Note             string   `json:"note"`               // what cannot be told of it, and why; empty: nothing
}

// GroupDetail is a Group with its members and where it stands.
type GroupDetail struct {
	Group
	MemberList        []Member         `json:"member_list"`
	PartitionList     []GroupPartition `json:"partition_list"`
	MembersLeftOut    int              `json:"members_left_out"`    // beyond those of the list
	PartitionsLeftOut int              `json:"partitions_left_out"` // beyond those of the list
}

// Member is a member of a group.
type Member struct {
	ID         string     `json:"id"`
	ClientID   string     `json:"client_id"`
	Host       string     `json:"host"`
	InstanceID string     `json:"instance_id"` // of a static member
	Assigned   []Assigned `json:"assigned"`
}

// Assigned are partitions of a topic.
type Assigned struct {
	Topic      string  `json:"topic"`
	Partitions []int32 `json:"partitions"`
}

// GroupPartition is where a group stands in a partition.
type GroupPartition struct {
	Topic            string   `json:"topic"`
	Partition        int32    `json:"partition"`
	Committed        *int64   `json:"committed"` // null, too, for share groups, which commit nothing
	Start            *int64   `json:"start"`     // of share groups: all before this offset is done with
	End              *int64   `json:"end"`
	LagRecords       *int64   `json:"lag_records"`
	LagSeconds       *float64 `json:"lag_seconds"`
	AtLeast          bool     `json:"lag_seconds_at_least"`
	RecordsPerSecond *float64 `json:"records_per_second"` // by which committed, or start, moves on
	Member           string   `json:"member"`             // client id of the one that it is assigned to, of a share group one of them; empty: nobody
}
