package clusters

import "time"

// Bounds of what is asked for and kept, for each cluster.
const (
	secondLook     = 5 * time.Second // after the first one
	requestTimeout = 10 * time.Second
	// lookTimeout ends a look in which all requests are slow.
	lookTimeout = time.Minute
	// brokersAtOnce is how many brokers are asked at the same time.
	brokersAtOnce = 8
	// offsetsAtOnce is how many partitions one ListOffsets names.
	offsetsAtOnce = 2000
	// groupsAtOnce is how many groups one request names.
	groupsAtOnce = 50

	// maxPartitions is how many partitions may be looked at one by one; of a
	// cluster with more in its topics, these are not looked at.
	maxPartitions = 50_000
	// maxCommitted is how many offsets of all groups are taken in.
	maxCommitted = 100_000
	// maxTrails is how many partitions are remembered for the age of records, at
	// half a kilobyte each.
	maxTrails = 20_000
	// maxMembers is how many members of one group are kept.
	maxMembers = 500
	// maxListed is how many partitions one document lists.
	maxListed = 5000
)

// maxTold is how many different notes on a cluster go to the log.
const maxTold = 50
