package offsets

import (
	"crypto/sha256"
	"encoding/binary"
)

// The layout of a derived producer id. Brokers allocate producer ids upward
// from 0 (ProducerIdControlManager), so bit 62 keeps ours apart from theirs, and
// bit 63 stays 0 because negative producer ids mean "none".
//
//	bit  63     0
//	bit  62     1: a mirror wrote this batch
//	bits 61-60  version of this layout, 0
//	bits 59-32  origin: which cluster the record was first read from, see Origin
//	bits 31-0   which copy of which partition, see Lineage
const (
	mirrorBit   = int64(1) << 62
	originShift = 32
	originBits  = 28
	originMask  = int64(1)<<originBits - 1
)

// Origin is the part of a producer id that says which cluster a mirror read a
// batch from: the first 28 bits of SHA-256(cluster id). A mirror leaves out
// batches whose origin is the cluster it writes to.
func Origin(clusterID string) uint32 {
	sum := sha256.Sum256([]byte(clusterID))
	return binary.BigEndian.Uint32(sum[:4]) >> (32 - originBits)
}

// Lineage names one copy of one partition: everything that must differ for two
// streams of batches not to be taken for each other by a broker.
type Lineage struct {
	SourceCluster string  // the source's cluster id
	SourceTopicID TopicID // zero where the source has no topic ids (before Kafka 2.8)
	SourceTopic   string  // the source topic's name; used only when the id is zero
	Partition     int32   // the source partition
	Target        string  // the target topic's id as text, see TopicID.String
	Copy          string  // empty for a route; the backfill's id for a backfill
}

// ProducerID derives the producer id of this lineage. It is derived and not
// allocated so that every process which copies this partition, at the same time
// or after another, uses the same one.
//
// Its low 32 bits are the first 32 bits, big endian, of a SHA-256 over six
// fields in this order: source cluster id, "id" or "name", source topic id (16
// bytes) or name, source partition (4 bytes, big endian), target, copy. Each
// field is preceded by its length in bytes (4 bytes, big endian), so that no two
// lineages give the same bytes.
func (l Lineage) ProducerID() int64 {
	kind, topic := "id", string(l.SourceTopicID[:])
	if l.SourceTopicID.IsZero() {
		kind, topic = "name", l.SourceTopic
	}
	partition := string(binary.BigEndian.AppendUint32(nil, uint32(l.Partition)))
	var data []byte
	for _, field := range []string{l.SourceCluster, kind, topic, partition, l.Target, l.Copy} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(field)))
		data = append(data, field...)
	}
	sum := sha256.Sum256(data)
	return mirrorBit |
		int64(Origin(l.SourceCluster))<<originShift |
		int64(binary.BigEndian.Uint32(sum[:4]))
}

// OriginOf reads the origin out of a batch's producer id. Mirror is false for
// batches that no mirror wrote: producer ids allocated by a broker, and the
// negative ones of batches without a producer. A mirror of a later layout
// version (bits 61-60) is still a mirror.
func OriginOf(producerID int64) (origin uint32, mirror bool) {
	if producerID < 0 || producerID&mirrorBit == 0 {
		return 0, false
	}
	return uint32(producerID >> originShift & originMask), true
}
