package batch

import (
	"bytes"
	"fmt"
	"testing"
)

// text is n bytes that compress about as well as JSON logs do.
func text(n int, seed uint64) []byte {
	var b bytes.Buffer
	for i := uint64(0); b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id":%d,"level":"info","user":"u%x"},`, i*seed, noise(3, i^seed))
	}
	return b.Bytes()[:n]
}

// megabyte is a batch of 1 MB, uncompressed, in records of 1 KiB.
func megabyte(codec string) []byte {
	s := sourceBatch{attributes: compressors[codec].codec, wrap: compressors[codec].wrap}
	for i := range 1000 {
		s.records = append(s.records, record{offset: int64(i), time: int64(i), key: []byte("key"), value: text(1024, uint64(i))})
	}
	return s.encode()
}

func BenchmarkPatch(b *testing.B) {
	for _, n := range []int{100, verifyBelow - 1, verifyBelow, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			raw := plainBatch(n, 1)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := Patch(raw, Stamp{BaseSequence: int32(i)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	raw := bytes.Repeat(sampleBatch(0, 10, 0), 1000)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		s := Scan(raw)
		for s.Next() {
		}
	}
}

// BenchmarkReframe counts the records' bytes before compression.
func BenchmarkReframe(b *testing.B) {
	size := int64(len(megabyte("none")))
	for _, name := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		raw := megabyte(name)
		for _, limit := range []int{0, len(raw) * 9 / 10} {
			b.Run(fmt.Sprintf("%s/limit=%d", name, limit), func(b *testing.B) {
				b.SetBytes(size)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Reframe(raw, testStamp, Options{MaxBytes: limit}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkRecords(b *testing.B) {
	size := int64(len(megabyte("none")))
	for _, name := range []string{"none", "lz4", "zstd"} {
		raw := megabyte(name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if err := Records(raw, func(Record) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
