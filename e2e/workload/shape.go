package workload

import (
	"fmt"
	"time"

	"mirror/e2e/brokers"
)

// Shape is one kind of record.
type Shape uint8

// The shapes. Nulls and empties are different things everywhere.
const (
	Small        Shape = iota // key and 100 bytes
	Text                      // 10 KB that compress well
	Random                    // 10 KB that do not
	NoKey                     // null key
	NoValue                   // null value, a tombstone
	EmptyKey                  // key of 0 bytes
	EmptyValue                // value of 0 bytes
	Nothing                   // null key, null value
	Hollow                    // empty key, empty value, no header: nothing tells it from another
	ManyHeaders               // 3,000 headers: repeated, empty and null ones among them
	BigHeader                 // one header of 100 KB
	Epoch                     // timestamp 0
	YearsAgo                  // a timestamp of 2009
	Tiny                      // null key, the certificate alone: ten thousand fit in one batch
	Backwards                 // each one a minute older than the one before
	AlmostTooBig              // close to the default limit of 1 MB
	shapes                    // how many there are
)

// Ordinary are all shapes but the two that are about batches: Tiny and AlmostTooBig.
func Ordinary() []Shape {
	var all []Shape
	for s := range shapes {
		if s != AlmostTooBig && s != Tiny {
			all = append(all, s)
		}
	}
	return all
}

// nearLimit leaves room for the batch header, the key and what codecs add to bytes that do not compress, under the default
// max.message.bytes of 1,048,588.
const nearLimit = 1_048_588 - 2000

// Record makes the record of that name.
func (w Who) Record() brokers.Record {
	r := brokers.Record{Topic: w.Topic, Partition: w.Partition, Key: fmt.Appendf(nil, "key-%d", w.Sequence%97)}
	now := time.Now().UnixMilli()
	switch w.Shape {
	case Epoch:
		now = 0
	case YearsAgo:
		now = time.Date(2009, 1, 3, 18, 15, 5, 0, time.UTC).UnixMilli()
	case Backwards:
		now -= int64(w.Sequence) * time.Minute.Milliseconds()
	}
	r.Timestamp = &now
	r.Value = w.certificate(100, true)
	inHeader := []brokers.Field{{Key: identityIn, Value: w.certificate(0, true)}}
	switch w.Shape {
	case Text:
		r.Value = w.certificate(10_000, true)
	case Random:
		r.Value = w.certificate(10_000, false)
	case NoKey:
		r.Key = nil
	case Tiny:
		r.Key, r.Value = nil, w.certificate(0, true)
	case NoValue:
		r.Value, r.Headers = nil, inHeader
	case EmptyKey:
		r.Key = []byte{}
	case EmptyValue:
		r.Value, r.Headers = []byte{}, inHeader
	case Nothing:
		r.Key, r.Value, r.Headers = nil, nil, inHeader
	case Hollow:
		r.Key, r.Value = []byte{}, []byte{}
	case ManyHeaders:
		r.Headers = manyHeaders(3000)
	case BigHeader:
		r.Headers = []brokers.Field{{Key: "big", Value: w.certificate(100_000, false)}}
	case AlmostTooBig:
		r.Value = w.certificate(nearLimit, false)
	}
	return r
}

func manyHeaders(n int) []brokers.Field {
	headers := make([]brokers.Field, 0, n)
	for i := range n {
		switch i % 5 {
		case 0:
			headers = append(headers, brokers.Field{Key: "same", Value: fmt.Appendf(nil, "%d", i)})
		case 1:
			headers = append(headers, brokers.Field{Key: "null"})
		case 2:
			headers = append(headers, brokers.Field{Key: "empty", Value: []byte{}})
		case 3:
			headers = append(headers, brokers.Field{Key: "", Value: []byte("the key is empty")})
		default:
			headers = append(headers, brokers.Field{Key: fmt.Sprintf("h-%d", i), Value: []byte("ümläut")})
		}
	}
	return headers
}
