package monitor

// Part is what is known of a partition of a cluster's topic, or of where a group
// stands in one. Like PartitionSample it is no Point, since these are many.
type Part struct {
	Cluster   string
	About     About // AboutTopic or AboutGroup
	Group     string
	Topic     string
	Partition int32
	// NaN is what is not known.
	RecordsPerSecond             float64 // appended, or by which the committed offset moved on
	Bytes, LogRecords, OutOfSync float64 // of a topic: every replica's, between start and end, replicas
	LagRecords, LagSeconds       float64 // of a group
}
