package kafka

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// flexibleProduce is the Produce version from which on lengths are varints and structs end with tags (KIP-482).
const flexibleProduce = 9

// encodeProduce puts a Produce request without its records into c.scratch, and into c.cuts the places where each part's
// records (in the order of c.order) belong. It returns the size of the whole, with records and its own size field.
//
// Layout, after the size int32 of what follows:
//
//	header   key int16 = 0, version int16, correlation id int32, client id nullable string, from version 9 on: no tags
//	body     transactional id = null, acks int16 = -1, timeout int32 in milliseconds, topics
//	topic    name string, from version 13 on its id [16]byte instead, partitions
//	part     partition int32, records bytes
//
// From version 9 on lengths are varints of the length plus one, and each struct ends with its number of tags, 0.
func (c *Conn) encodeProduce(parts []ProducePart, version int16, timeout time.Duration) (size int, err error) {
	c.corr++
	e := encoder{b: append(c.scratch[:0], 0, 0, 0, 0), flexible: version >= flexibleProduce}
	e.b = kbin.AppendInt16(e.b, int16(kmsg.Produce))
	e.b = kbin.AppendInt16(e.b, version)
	e.b = kbin.AppendInt32(e.b, c.corr)
	e.b = kbin.AppendString(e.b, c.clientID) // never a compact one, see KIP-482
	e.tags()

	e.null()
	e.b = kbin.AppendInt16(e.b, -1)
	e.b = kbin.AppendInt32(e.b, int32(min(timeout.Milliseconds(), math.MaxInt32)))

	c.cuts = c.cuts[:0]
	e.length(c.countTopics(parts, version))
	for i := 0; i < len(c.order); {
		first := &parts[c.order[i]]
		end := i + 1
		for end < len(c.order) && compareTopics(first, &parts[c.order[end]], version) == 0 {
			end++
		}
		if version >= idVersion {
			e.b = append(e.b, first.TopicID[:]...)
		} else {
			e.text(first.Topic)
		}
		e.length(end - i)
		for ; i < end; i++ {
			p := &parts[c.order[i]]
			e.b = kbin.AppendInt32(e.b, p.Partition)
			e.length(len(p.Records))
			c.cuts = append(c.cuts, len(e.b))
			size += len(p.Records)
			e.tags()
		}
		e.tags()
	}
	e.tags()

	c.scratch = e.b
	size += len(e.b)
	if size-4 > math.MaxInt32 {
		return 0, fmt.Errorf("write produce request: %d bytes are more than a request can have", size)
	}
	binary.BigEndian.PutUint32(c.scratch, uint32(size-4))
	return size, nil
}

// countTopics returns how many runs of parts of the same topic there are.
func (c *Conn) countTopics(parts []ProducePart, version int16) int {
	n := 1
	for i := 1; i < len(c.order); i++ {
		if compareTopics(&parts[c.order[i-1]], &parts[c.order[i]], version) != 0 {
			n++
		}
	}
	return n
}

// encoder appends the fields whose layout depends on whether the version is flexible.
type encoder struct {
	b        []byte
	flexible bool
}

// length appends the length of an array or of bytes.
func (e *encoder) length(n int) {
	if e.flexible {
		e.b = kbin.AppendUvarint(e.b, uint32(n)+1)
	} else {
		e.b = kbin.AppendInt32(e.b, int32(n))
	}
}

func (e *encoder) text(s string) {
	if e.flexible {
		e.b = kbin.AppendCompactString(e.b, s)
	} else {
		e.b = kbin.AppendString(e.b, s)
	}
}

// null appends a string that is null.
func (e *encoder) null() {
	if e.flexible {
		e.b = append(e.b, 0)
	} else {
		e.b = kbin.AppendInt16(e.b, -1)
	}
}

// tags ends a struct.
func (e *encoder) tags() {
	if e.flexible {
		e.b = append(e.b, 0)
	}
}
