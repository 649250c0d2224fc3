package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/pierrec/lz4/v4"
)

// message encodes one magic 0 or 1 message.
func message(magic int8, offset int64, attributes byte, time int64, key, value []byte) []byte {
	be := binary.BigEndian
	body := []byte{byte(magic), attributes}
	if magic == 1 {
		body = be.AppendUint64(body, uint64(time))
	}
	for _, b := range [][]byte{key, value} {
		if b == nil {
			body = be.AppendUint32(body, 1<<32-1)
		} else {
			body = append(be.AppendUint32(body, uint32(len(b))), b...)
		}
	}
	b := be.AppendUint64(nil, uint64(offset))
	b = be.AppendUint32(b, uint32(4+len(body)))
	b = be.AppendUint32(b, crc32.ChecksumIEEE(body))
	return append(b, body...)
}

func TestOldMessages(t *testing.T) {
	tests := []struct {
		name string
		raw  []byte
		want record
	}{
		{"v0", message(0, 5, 0, 0, []byte("k"), []byte("v")), record{5, -1, []byte("k"), []byte("v"), nil}},
		{"v0 nulls", message(0, 5, 0, 0, nil, nil), record{5, -1, nil, nil, nil}},
		{"v1", message(1, 5, 0, 1234, []byte{}, []byte{}), record{5, 1234, []byte{}, []byte{}, nil}},
		{"v1 LogAppendTime", message(1, 5, 8, 1234, nil, noise(70000, 3)), record{5, 1234, nil, noise(70000, 3), nil}},
		{"v1 no time", message(1, 5, 0, -1, nil, []byte("v")), record{5, -1, nil, []byte("v"), nil}},
	}
	for _, tt := range tests {
		want := []record{tt.want}
		if d := diff(decoded(t, tt.raw), want, true); d != "" {
			t.Errorf("%s: Records: %s", tt.name, d)
		}
		frames, err := Reframe(tt.raw, testStamp, Options{})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if d := diff(checkFrames(t, frames, testStamp, 0, 0), want, false); d != "" {
			t.Errorf("%s: Reframe: %s", tt.name, d)
		}
		if f := frames[0]; f.First != 5 || f.Last != 5 {
			t.Errorf("%s: frame from %d to %d", tt.name, f.First, f.Last)
		}
	}
}

func TestOldWrappers(t *testing.T) {
	values := [][]byte{[]byte("a"), noise(50000, 1), bytes.Repeat([]byte("b"), 90000), nil}
	offsets := []int64{100, 101, 102, 110} // compaction left a hole
	for _, name := range compressorNames() {
		c := compressors[name]
		if c.codec == 0 || c.codec == 4 {
			continue
		}
		for _, magic := range []int8{0, 1} {
			for _, appendTime := range []bool{false, true} {
				if magic == 0 && appendTime {
					continue
				}
				label := fmt.Sprintf("%s magic %d append time %v", name, magic, appendTime)
				var inside []byte
				var want []record
				for i, v := range values {
					at, time := offsets[i], int64(5000+i)
					r := record{at, -1, []byte(fmt.Sprint(i)), v, nil}
					if magic == 1 {
						at -= 100
						r.time = time
						if appendTime {
							r.time = 9999
						}
					}
					want = append(want, r)
					inside = append(inside, message(magic, at, 0, time, r.key, v)...)
				}
				attributes := byte(c.codec)
				if appendTime {
					attributes |= 8
				}
				value := c.wrap(inside)
				if magic == 0 && c.codec == 3 {
					spoilLZ4Header(value)
				}
				raw := message(magic, 110, attributes, 9999, nil, value)
				if d := diff(decoded(t, raw), want, true); d != "" {
					t.Errorf("%s: Records: %s", label, d)
				}
				scan := Scan(raw)
				if !scan.Next() {
					t.Errorf("%s: Scan: %v", label, scan.Err())
				}
				if h := scan.Batch().Header; h.BaseOffset != 100 || h.LastOffset() != 110 || h.Count != 4 || h.AppendTime() != appendTime {
					t.Errorf("%s: Scan: got %+v", label, h)
				}
				// From leaves out the first two.
				frames, err := Reframe(raw, testStamp, Options{From: 102, MaxBytes: 100000})
				if err != nil {
					t.Fatalf("%s: %v", label, err)
				}
				if d := diff(checkFrames(t, frames, testStamp, int(c.codec), 100000), want[2:], false); d != "" {
					t.Errorf("%s: Reframe: %s", label, d)
				}
				if first, last := frames[0].First, frames[len(frames)-1].Last; first != 102 || last != 110 {
					t.Errorf("%s: frames from %d to %d", label, first, last)
				}
			}
		}
	}
}

// spoilLZ4Header computes the header checksum as clients before KAFKA-3160 did:
// over the magic number, too.
func spoilLZ4Header(frame []byte) { frame[6] = byte(xxh32(frame[:6]) >> 8) }

func TestXXH32(t *testing.T) {
	for in, want := range map[string]uint32{"": 0x02cc5d05, "a": 0x550d7456, "abc": 0x32d153ff} {
		if got := xxh32([]byte(in)); got != want {
			t.Errorf("%q: got %#x, want %#x", in, got, want)
		}
	}
	// The checksum of a header with a content size, as the library writes it.
	frame := lz4Bytes([]byte("x"), lz4.SizeOption(1))
	head, err := fixLZ4Header(frame)
	if err != nil || len(head) != 15 || !bytes.Equal(head, frame[:15]) {
		t.Errorf("got %x, %v, want %x", head, err, frame[:15])
	}
}

func TestOldCorrupt(t *testing.T) {
	wrap := func(magic int8, offset int64, inside ...[]byte) []byte {
		return message(magic, offset, 1, 0, nil, gzipBytes(slices.Concat(inside...)))
	}
	flip := func(b []byte, at int) []byte { b[at] ^= 1; return b }
	tests := []struct {
		name string
		raw  []byte
	}{
		{"checksum", flip(message(1, 5, 0, 0, nil, []byte("abc")), 35)},
		{"key longer than message", message(1, 5, 0, 0, nil, nil)[:33]},
		{"wrapper without value", message(1, 5, 1, 0, nil, nil)},
		{"wrapper with empty value", message(1, 5, 1, 0, nil, []byte{})},
		{"wrapper of nothing", wrap(1, 5)},
		{"not gzip", message(1, 5, 1, 0, nil, []byte("abcdefgh"))},
		{"wrapper before the last inside", wrap(1, 1, message(1, 2, 0, 0, nil, nil))},
		{"inside: offsets that fall", wrap(1, 5, message(1, 1, 0, 0, nil, nil), message(1, 0, 0, 0, nil, nil))},
		{"magic 0 offsets beyond the wrapper", wrap(0, 5, message(0, 6, 0, 0, nil, nil))},
		{"inside: magic 0 inside magic 1", wrap(1, 5, message(0, 0, 0, 0, nil, nil))},
		{"inside: compressed inside compressed", wrap(1, 5, message(1, 0, 1, 0, nil, gzipBytes(message(1, 0, 0, 0, nil, nil))))},
		{"inside: checksum inside", wrap(1, 5, flip(message(1, 5, 0, 0, nil, []byte("abc")), 35))},
		{"cut short inside", wrap(1, 5, message(1, 0, 0, 0, nil, nil)[:30])},
	}
	for _, tt := range tests {
		if s := Scan(tt.raw); s.Next() && s.Batch().Codec() != 0 && !strings.HasPrefix(tt.name, "inside: ") {
			t.Errorf("%s: Scan took it", tt.name)
		}
		var e *CorruptError
		if _, err := Reframe(tt.raw, testStamp, Options{}); !errors.As(err, &e) {
			t.Errorf("%s: Reframe: got %v, want a *CorruptError", tt.name, err)
		}
		if err := Records(tt.raw, func(Record) error { return nil }); !errors.As(err, &e) {
			t.Errorf("%s: Records: got %v, want a *CorruptError", tt.name, err)
		}
	}
}
