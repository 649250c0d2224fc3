package verify

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Records that a mirror wrote carry its producer id: bit 62 is set, bits 59 to 32 are the first 28 bits of the SHA-256 of the id of the cluster
// that it brought them from. This is computed here anew, not taken from the package that writes it.

// writtenByMirror returns the origin of a mirror's record.
func writtenByMirror(producerID int64) (origin uint32, mirror bool) {
	if producerID < 0 || producerID&(1<<62) == 0 {
		return 0, false
	}
	return uint32(producerID>>32) & (1<<28 - 1), true
}

func originOf(clusterID string) uint32 {
	sum := sha256.Sum256([]byte(clusterID))
	return binary.BigEndian.Uint32(sum[:]) >> 4
}

// origins looks up the cluster ids if a pair needs them.
func (r *run) origins(ctx context.Context, pairs []Pair) error {
	needed := false
	for _, p := range pairs {
		needed = needed || p.Shared || p.NotHome
	}
	if !needed {
		return nil
	}
	for _, side := range []struct {
		name   string
		cl     *kgo.Client
		origin *uint32
	}{{"source", r.src, &r.origin}, {"target", r.dst, &r.home}} {
		m, err := kadm.NewClient(side.cl).BrokerMetadata(ctx)
		if err != nil {
			return fmt.Errorf("ask for the %s cluster's id: %w", side.name, err)
		}
		*side.origin = originOf(m.Cluster)
	}
	return nil
}

// keepSource returns which source records the pair copies; nil is all.
func (r *run) keepSource(p Pair, leftOut *int64) func(*kgo.Record) bool {
	if !p.LocalOnly && !p.NotHome {
		return nil
	}
	last := int64(-1)
	return func(rec *kgo.Record) bool {
		origin, mirror := writtenByMirror(rec.ProducerID)
		if mirror && (p.LocalOnly || origin == r.home) {
			if rec.Offset > last { // parts of a log may be read twice
				last = rec.Offset
				*leftOut++
			}
			return false
		}
		return true
	}
}

// keepTarget returns which target records belong to the pair; nil is all.
func (r *run) keepTarget(p Pair, others *int64) func(*kgo.Record) bool {
	if !p.Shared {
		return nil
	}
	last := int64(-1)
	return func(rec *kgo.Record) bool {
		origin, mirror := writtenByMirror(rec.ProducerID)
		if !mirror || origin != r.origin {
			if rec.Offset > last { // parts of a log may be read twice
				last = rec.Offset
				*others++
			}
			return false
		}
		return true
	}
}
