package workload

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math/rand/v2"

	"mirror/e2e/truth"
)

// The certificate: magic 4, run 8, topic hash 8, partition 4, producer 4, sequence 8, shape 1, length 4, then filling, then
// the checksum in the last 4 bytes.
const (
	magic      = 0x6d495231 // "mIR1"
	fixedSize  = 41
	smallest   = fixedSize + 4
	identityIn = "id" // the header that carries the certificate of a record without a value
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Who names one record.
type Who struct {
	Run       uint64
	Topic     string
	Partition int32
	Producer  int32
	Sequence  uint64
	Shape     Shape
}

// certificate is at least size bytes long; text of letters when compressible, else random bytes.
func (w Who) certificate(size int, compressible bool) []byte {
	size = max(size, smallest)
	b := make([]byte, size)
	be := binary.BigEndian
	be.PutUint32(b, magic)
	be.PutUint64(b[4:], w.Run)
	be.PutUint64(b[12:], topicHash(w.Topic))
	be.PutUint32(b[20:], uint32(w.Partition))
	be.PutUint32(b[24:], uint32(w.Producer))
	be.PutUint64(b[28:], w.Sequence)
	b[36] = byte(w.Shape)
	be.PutUint32(b[37:], uint32(size))
	filling := b[fixedSize : size-4]
	if compressible {
		for i := range filling {
			filling[i] = 'a' + byte((int(w.Sequence)+i)%7)
		}
	} else {
		random := rand.New(rand.NewPCG(w.Run, w.Sequence))
		for i := range filling {
			filling[i] = byte(random.Uint32())
		}
	}
	be.PutUint32(b[size-4:], crc32.Checksum(b[:size-4], castagnoli))
	return b
}

func topicHash(topic string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(topic))
	return h.Sum64()
}

// Identity reads a record's certificate from its value or header; "" if it has none. It is a truth.Identity.
func Identity(r truth.Record) string {
	if id, ok := parse(r.Value); ok {
		return id
	}
	for _, h := range r.Headers {
		if h.Key == identityIn {
			id, _ := parse(h.Value)
			return id
		}
	}
	return ""
}

func parse(b []byte) (string, bool) {
	be := binary.BigEndian
	if len(b) < smallest || be.Uint32(b) != magic {
		return "", false
	}
	return fmt.Sprintf("run %x topic %x partition %d producer %d sequence %d",
		be.Uint64(b[4:]), be.Uint64(b[12:]), be.Uint32(b[20:]), be.Uint32(b[24:]), be.Uint64(b[28:])), true
}

// RunOf is the run that wrote a record with a value; 0 if it carries no certificate.
func RunOf(r truth.Record) uint64 {
	if _, ok := parse(r.Value); !ok {
		return 0
	}
	return binary.BigEndian.Uint64(r.Value[4:])
}

// Misplaced says what is wrong with a record found in the copy of a topic's partition: it was born in another one, or its
// bytes were changed. "" if nothing is, or the record carries no certificate.
func Misplaced(r truth.Record, topic string, partition int32) string {
	b := r.Value
	if _, ok := parse(b); !ok {
		return ""
	}
	be := binary.BigEndian
	switch {
	case int(be.Uint32(b[37:])) != len(b) || be.Uint32(b[len(b)-4:]) != crc32.Checksum(b[:len(b)-4], castagnoli):
		return fmt.Sprintf("record at %d: its bytes were changed", r.Offset)
	case be.Uint64(b[12:]) != topicHash(topic) || int32(be.Uint32(b[20:])) != partition:
		return fmt.Sprintf("record at %d: it belongs to another topic or partition", r.Offset)
	default:
		return ""
	}
}
