package replicate

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/batch"
)

// Attribute bits of a magic 2 batch (KIP-98, RecordBatch).
const (
	bitAppendTime    = 0x08
	bitTransactional = 0x10
	bitControl       = 0x20
)

// Where fields of a magic 2 header begin that tests damage.
const (
	atAttributes = 21
	atProducer   = 43
)

// made describes one magic 2 batch. Its records lie at every offset from base
// to last, but for those that gone names, and have values v<offset>.
type made struct {
	base, last int64
	gone       []int64 // offsets whose record compaction has removed
	epoch      int32   // of the leader
	producer   int64   // 0: the batch has no producer id
	attributes int16
	time       int64         // milliseconds, of all records
	size       int           // bytes of a value; 0: just enough for its text
	records    []kmsg.Record // instead of the above, offset by offset
}

// bytes builds the batch, checksum included.
func (m made) bytes() []byte {
	var body []byte
	count := int32(0)
	for o := m.base; o <= m.last; o++ {
		if slices.Contains(m.gone, o) {
			continue
		}
		r := kmsg.Record{Value: fmt.Appendf(nil, "v%d", o)}
		if m.size > 0 {
			r.Value = append(r.Value, make([]byte, m.size-len(r.Value))...)
		}
		if m.records != nil {
			r = m.records[o-m.base]
		}
		r.OffsetDelta = int32(o - m.base)
		body = appendRecord(body, r)
		count++
	}
	producer := m.producer
	if producer == 0 {
		producer = -1
	}
	be := binary.BigEndian
	b := be.AppendUint64(nil, uint64(m.base))
	b = be.AppendUint32(b, uint32(49+len(body)))
	b = be.AppendUint32(b, uint32(m.epoch))
	b = append(b, 2)          // magic
	b = append(b, 0, 0, 0, 0) // the checksum, below
	b = be.AppendUint16(b, uint16(m.attributes))
	b = be.AppendUint32(b, uint32(m.last-m.base))
	b = be.AppendUint64(b, uint64(m.time))
	b = be.AppendUint64(b, uint64(m.time))
	b = be.AppendUint64(b, uint64(producer))
	b = be.AppendUint16(b, 0)
	b = be.AppendUint32(b, 0)
	b = be.AppendUint32(b, uint32(count))
	b = append(b, body...)
	be.PutUint32(b[17:], crc32.Checksum(b[atAttributes:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// appendRecord encodes r; its length field comes out by itself.
func appendRecord(dst []byte, r kmsg.Record) []byte {
	r.Length = 0
	r.Length = int32(len(r.AppendTo(nil)) - 1) // a length of 0 takes one byte
	return r.AppendTo(dst)
}

// marker is the control batch that ends a transaction.
func marker(offset, producer int64, commit bool) made {
	kind := byte(0)
	if commit {
		kind = 1
	}
	return made{base: offset, last: offset, producer: producer, attributes: bitTransactional | bitControl,
		records: []kmsg.Record{{Key: []byte{0, 0, 0, kind}, Value: []byte{0, 0, 0, 0, 0, 0}}}}
}

// answerWith is one partition's part of a Fetch answer that holds batches.
func answerWith(batches ...made) *kmsg.FetchResponseTopicPartition {
	p := kmsg.NewFetchResponseTopicPartition()
	for _, m := range batches {
		p.RecordBatches = append(p.RecordBatches, m.bytes()...)
	}
	return &p
}

// aborted lists transactions as (producer id, first offset) pairs.
func aborted(p *kmsg.FetchResponseTopicPartition, pairs ...[2]int64) *kmsg.FetchResponseTopicPartition {
	for _, pair := range pairs {
		a := kmsg.NewFetchResponseTopicPartitionAbortedTransaction()
		a.ProducerID, a.FirstOffset = pair[0], pair[1]
		p.AbortedTransactions = append(p.AbortedTransactions, a)
	}
	return p
}

// valuesOf decodes the values of one batch, without their padding.
func valuesOf(t *testing.T, raw []byte) []string {
	t.Helper()
	var got []string
	err := batch.Records(raw, func(r batch.Record) error {
		n := slices.Index(append(slices.Clone(r.Value), 0), 0)
		got = append(got, string(r.Value[:n]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
