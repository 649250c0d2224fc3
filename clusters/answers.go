package clusters

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

// answers is what one look at a cluster brought. What is not there is unknown.
type answers struct {
	at         time.Time
	metadata   *kmsg.MetadataResponse
	controller *int32
	dirs       map[int32][]dir // by broker
	groups     []groupAnswer   // by name
	groupCount int             // also those left out
	listing    Listing         // whether these are all
	ends       map[place]reading
	starts     map[place]int64
	notes      []string
}

// reading is where a log ended, and when that was asked.
type reading struct {
	end int64
	at  time.Time
}

// dir is a log directory of a broker.
type dir struct {
	LogDir
	replicas map[place]int64 // bytes; of the topics looked at
}

// groupAnswer is what the coordinator says of a group.
type groupAnswer struct {
	name, kind, state, protocol string
	coordinator                 int32
	members                     []Member
	memberCount                 int
	committed                   map[place]int64 // of a share group, where its partitions start; nil: unknown
	lags                        map[place]int64 // of a share group, as far as its coordinator tells them
}
