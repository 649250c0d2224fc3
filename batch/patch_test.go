package batch

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

// plainBatch is a magic 2 batch with n body bytes that are no records: for
// what does not look at them.
func plainBatch(n int, seed uint64) []byte {
	b := make([]byte, HeaderSize+n)
	r := rand.New(rand.NewPCG(seed, 7))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	be := binary.BigEndian
	be.PutUint64(b, 1000)
	be.PutUint32(b[atLength:], uint32(len(b)-prefixSize))
	b[atMagic] = 2
	be.PutUint16(b[atAttributes:], 0x58|4) // append time, transactional, horizon; zstd
	be.PutUint32(b[atLastDelta:], 9)
	be.PutUint32(b[atCount:], 10)
	return seal(b)
}

// seal makes the checksum of a magic 2 batch right.
func seal(b []byte) []byte {
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atAttributes:], castagnoli))
	return b
}

func TestPatch(t *testing.T) {
	sizes := []int{0, 1, 2, 61, 100, verifyBelow - 1, verifyBelow, verifyBelow + 1, 10000, 65535, 65536, 1 << 20, 1<<20 + 12345}
	for _, n := range sizes {
		raw := plainBatch(n, uint64(n))
		before := bytes.Clone(raw)
		s := Stamp{ProducerID: 1<<62 | 12345, ProducerEpoch: 3, BaseSequence: 1<<31 - 1}
		if err := Patch(raw, s); err != nil {
			t.Fatalf("body of %d: %v", n, err)
		}
		if !VerifyCRC(raw) {
			t.Errorf("body of %d: patched checksum does not verify", n)
		}
		got, want := readHeader(raw), readHeader(before)
		want.BaseOffset, want.LeaderEpoch = 0, -1
		want.ProducerID, want.ProducerEpoch, want.BaseSequence = s.ProducerID, s.ProducerEpoch, s.BaseSequence
		want.Attributes, want.CRC = 4, got.CRC
		if got != want {
			t.Errorf("body of %d: got %+v, want %+v", n, got, want)
		}
		if !bytes.Equal(raw[HeaderSize:], before[HeaderSize:]) {
			t.Errorf("body of %d: body changed", n)
		}
	}
}
