package offsets

import (
	"encoding/binary"
	"hash/fnv"
)

// TopicName is the checkpoint topic of a route, which is also the name of the
// consumer group by which the processes of a route share its lanes.
func TopicName(route string) string { return "__mirror_" + route }

// LaneOf is the lane of a source partition: FNV-1a-64 over the topic's name, a
// zero byte (which no topic name has) and the partition as 4 bytes big endian,
// modulo the number of lanes. With lanes below 1 it is 0.
func LaneOf(topic string, partition int32, lanes int32) int32 {
	if lanes < 1 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(topic))
	h.Write(binary.BigEndian.AppendUint32([]byte{0}, uint32(partition)))
	return int32(h.Sum64() % uint64(lanes))
}
