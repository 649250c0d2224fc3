package replicate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"

	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/batch"
)

const readBytes = 4 << 20

// digest stands for one record in comparisons.
type digest struct {
	offset    int64
	timestamp int64
	stamped   bool              // the broker that it was read from set the timestamp
	epoch     int32             // leader epoch of its batch, -1 for none
	producer  int64             // who wrote its batch, -1 for none
	sum       [sha256.Size]byte // of key, value and headers
}

// isCopiedAs compares content, and timestamps where the target keeps those of
// the source.
func (d digest) isCopiedAs(target digest) bool {
	return d.sum == target.sum && (target.stamped || d.timestamp == target.timestamp)
}

// reader reads the records of one partition one after another, as recovery
// needs them to prove a position. Of a source it gives the forwardable ones.
type reader struct {
	side      *side
	leader    leadership
	topic     string
	id        [16]byte
	number    int32
	offset    int64
	sieve     sieve
	committed bool
	bytes     int32
	without   map[int64]bool // offsets that are passed over

	pending []digest
}

// next returns the next record; false at the end of the log.
func (r *reader) next(ctx context.Context) (digest, bool, error) {
	for len(r.pending) == 0 {
		more, err := r.fill(ctx)
		if err != nil || !more {
			return digest{}, false, err
		}
	}
	d := r.pending[0]
	r.pending = r.pending[1:]
	return d, true, nil
}

// fill reads on; false means that the log has no more.
func (r *reader) fill(ctx context.Context) (bool, error) {
	size := r.bytes
	if size == 0 {
		size = readBytes
	}
	a, err := r.side.readAt(ctx, r.leader, r.topic, r.id, r.number, r.offset, size, r.committed)
	if err != nil {
		if errors.Is(err, kerr.OffsetOutOfRange) {
			return false, nil
		}
		return false, err
	}
	r.sieve.begin(a)
	from := r.offset
	scan := batch.Scan(a.RecordBatches)
	for scan.Next() {
		b := scan.Batch()
		if b.LastOffset() < from {
			continue
		}
		if r.sieve.judge(b) == fateForward {
			if err := r.decode(b, from); err != nil {
				return false, err
			}
		}
		r.offset = b.LastOffset() + 1
	}
	if err := scan.Err(); err != nil {
		return false, err
	}
	return r.offset > from, nil
}

func (r *reader) decode(b batch.Batch, from int64) error {
	h := sha256.New()
	return batch.Records(b.Raw, func(rec batch.Record) error {
		if rec.Offset >= from && !r.without[rec.Offset] {
			d := digestOf(h, rec)
			d.stamped, d.epoch, d.producer = b.AppendTime(), b.LeaderEpoch, b.ProducerID
			r.pending = append(r.pending, d)
		}
		return nil
	})
}

// digestOf hashes lengths along with bytes, so that null, empty and shifted
// fields all differ.
func digestOf(h hash.Hash, rec batch.Record) digest {
	h.Reset()
	field(h, rec.Key)
	field(h, rec.Value)
	d := digest{offset: rec.Offset, timestamp: rec.Timestamp}
	for key, value := range rec.Headers.All() {
		field(h, key)
		field(h, value)
	}
	h.Sum(d.sum[:0])
	return d
}

func field(h hash.Hash, b []byte) {
	n := int64(len(b))
	if b == nil {
		n = -1
	}
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(n))
	h.Write(size[:])
	h.Write(b)
}

// sourceReader reads the source's forwardable records from offset on.
func (rc *recovery) sourceReader(offset int64) *reader {
	return &reader{side: rc.r.source, leader: rc.source, topic: rc.p.topic, id: rc.sourceID, number: rc.p.number, offset: offset,
		committed: rc.r.config.ReadCommitted, sieve: rc.sieve(rc.r.config.ReadCommitted, rc.p.filter()), without: rc.leftOut}
}

// targetReader reads all records of the target partition from offset on.
func (rc *recovery) targetReader(offset int64) *reader {
	return &reader{side: rc.r.target, leader: rc.target, topic: rc.p.target, id: rc.targetID, number: rc.p.number, offset: offset,
		sieve: sieve{home: noOrigin}}
}

// noOrigin is no cluster's origin, which has 28 bits.
const noOrigin = 1 << 31

func (rc *recovery) sieve(committed bool, filter string) sieve {
	return sieve{readCommitted: committed, local: filter == "local", home: rc.r.target.origin}
}
