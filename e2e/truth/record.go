package truth

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Record is one record as a consumer would be given it. Nil bytes are null.
type Record struct {
	Offset    int64
	Timestamp int64
	Key       []byte
	Value     []byte
	Headers   []Header
}

// Header is one header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Digest covers everything of a record but its offset: key, value, headers in order, what is null, and the timestamp.
type Digest [sha256.Size]byte

// Digest hashes the record.
func (r *Record) Digest() Digest {
	h := sha256.New()
	field := func(b []byte) {
		n := int64(-1)
		if b != nil {
			n = int64(len(b))
		}
		_ = binary.Write(h, binary.BigEndian, n) // a hash never fails
		h.Write(b)
	}
	field(r.Key)
	field(r.Value)
	_ = binary.Write(h, binary.BigEndian, int64(len(r.Headers)))
	for _, header := range r.Headers {
		field([]byte(header.Key))
		field(header.Value)
	}
	_ = binary.Write(h, binary.BigEndian, r.Timestamp)
	return Digest(h.Sum(nil))
}

// decode reads the batch's records, or a control batch's kind.
func (b *Batch) decode() error {
	body := b.Raw[headerSize:]
	if b.Codec() != 0 {
		plain, err := kgo.DefaultDecompressor().Decompress(body, kgo.CompressionCodecType(b.Codec()))
		if err != nil {
			return fmt.Errorf("decompress batch at %d: %w", b.BaseOffset, err)
		}
		body = plain
	}
	p := parser{b: body}
	records := make([]Record, 0, b.Count)
	for range b.Count {
		records = append(records, p.record(b))
	}
	if p.failed || len(p.b) > 0 {
		return fmt.Errorf("read records of batch at %d: broken or %d bytes left over", b.BaseOffset, len(p.b))
	}
	if !b.Control() {
		b.Records = records
		return nil
	}
	if len(records) != 1 || len(records[0].Key) < 4 {
		return errors.New("read control batch: no marker")
	}
	b.Commit = binary.BigEndian.Uint16(records[0].Key[2:]) == 1
	return nil
}

// parser reads the records of a decompressed body; it goes on with zero values once something is wrong.
type parser struct {
	b      []byte
	failed bool
}

func (p *parser) varint() int64 {
	v, n := binary.Varint(p.b)
	if n <= 0 {
		p.failed = true
		return 0
	}
	p.b = p.b[n:]
	return v
}

// bytes reads a length and that many bytes; -1 is null.
func (p *parser) bytes() []byte {
	n := p.varint()
	if p.failed || n < 0 {
		return nil
	}
	if n > int64(len(p.b)) {
		p.failed = true
		return nil
	}
	field := p.b[:n:n]
	p.b = p.b[n:]
	return field
}

func (p *parser) record(b *Batch) Record {
	length := p.varint()
	if p.failed || length < 1 || length > int64(len(p.b)) {
		p.failed = true
		return Record{}
	}
	in := parser{b: p.b[1:length]} // the first byte is attributes without a meaning
	p.b = p.b[length:]
	r := Record{Timestamp: b.BaseTimestamp + in.varint(), Offset: b.BaseOffset + in.varint()}
	r.Key, r.Value = in.bytes(), in.bytes()
	for range in.varint() {
		if in.failed {
			break
		}
		r.Headers = append(r.Headers, Header{string(in.bytes()), in.bytes()})
	}
	if b.AppendTime() {
		r.Timestamp = b.MaxTimestamp
	}
	p.failed = p.failed || in.failed || len(in.b) > 0
	return r
}
