package batch

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// framer writes records into frames. Within a frame offset deltas are 0, 1, 2
// and so on, and time deltas count from its first record.
type framer struct {
	opts   Options
	stamp  Stamp // of the next frame
	expect int   // probable size in bytes of the frames to come
	pack   *packer
	frames []Frame

	now  Frame // the frame being written, without its bytes; Count 0: there is none
	base int64 // its base timestamp
	head []byte
}

// newFramer returns a framer that must be closed.
func newFramer(codec, expect int, s Stamp, o Options) (*framer, error) {
	limit := o.MaxBytes
	if limit <= 0 {
		limit = math.MaxInt32 // more than that batchLength cannot say
	}
	pack, err := newPacker(codec, limit)
	if err != nil {
		return nil, err
	}
	return &framer{opts: o, stamp: s, expect: expect, pack: pack}, nil
}

func (f *framer) close() { f.pack.close() }

// add writes the record it, of which w gives the rest, into the current frame,
// or into a new one where it does not fit.
func (f *framer) add(w walk, it item) error {
	if f.now.Count > 0 {
		fits, err := f.pack.fits(f.putHead(it))
		if err == nil && !fits {
			err = f.cut()
		}
		if err != nil {
			return err
		}
	}
	if f.now.Count > 0 {
		return f.write(w, it)
	}
	f.now = Frame{First: it.offset, MaxTimestamp: it.time}
	f.base = it.time
	f.pack.begin(f.expect)
	size := f.putHead(it)
	fits, err := f.pack.fits(size)
	if err != nil {
		return err
	}
	if !fits && f.pack.enc == nil {
		return f.refuse(it.offset, HeaderSize+size)
	}
	if err := f.write(w, it); err != nil || fits {
		return err
	}
	// Whether a record that is large by itself fits when compressed shows only
	// afterwards. cut refuses it if it does not.
	if fits, err = f.pack.fits(0); err == nil && !fits {
		err = f.cut()
	}
	return err
}

// putHead encodes the head of a record that goes into the current frame and
// returns the record's size.
func (f *framer) putHead(it item) int {
	var deltas [1 + 2*binary.MaxVarintLen64]byte
	b := append(deltas[:0], it.attributes)
	b = binary.AppendVarint(b, it.time-f.base) // may wrap around, and back again when read
	b = binary.AppendVarint(b, int64(f.now.Count))
	f.head = binary.AppendVarint(f.head[:0], int64(len(b)+it.size))
	f.head = append(f.head, b...)
	return len(f.head) + it.size
}

// write copies a record whose head is encoded into the current frame.
func (f *framer) write(w walk, it item) error {
	if err := f.pack.add(f.head); err != nil {
		return err
	}
	for {
		b, err := w.chunk()
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := f.pack.add(b); err != nil {
			return err
		}
	}
	f.now.Last = it.offset
	f.now.MaxTimestamp = max(f.now.MaxTimestamp, it.time)
	f.now.Count++
	return nil
}

// cut ends the current frame, if there is one.
func (f *framer) cut() error {
	if f.now.Count == 0 {
		return nil
	}
	size, err := f.pack.finish()
	switch {
	case err != nil:
		return err
	case size > f.pack.limit && f.now.Count == 1:
		return f.refuse(f.now.First, size)
	case size > f.pack.limit:
		return fmt.Errorf("frame of %d bytes where %d were to be kept: %s grew more than it may", size, f.pack.limit, codecNames[f.pack.codec])
	}
	f.now.Raw = f.pack.take()
	f.seal()
	f.expect = max(f.expect-size, packSize)
	f.frames = append(f.frames, f.now)
	f.stamp.BaseSequence = int32((int64(f.stamp.BaseSequence) + int64(f.now.Count)) & math.MaxInt32)
	f.now = Frame{}
	return nil
}

// refuse leaves out the record at offset, which alone makes a frame too large,
// if the options allow that.
func (f *framer) refuse(offset int64, size int) error {
	f.now = Frame{}
	if f.opts.Skip != nil && f.opts.Skip(offset, size) {
		return nil
	}
	return &TooLargeError{Offset: offset, Size: size}
}

// seal writes the header of the current frame.
func (f *framer) seal() {
	be, raw := binary.BigEndian, f.now.Raw
	putStamp(raw, f.stamp)
	be.PutUint32(raw[atLength:], uint32(len(raw)-prefixSize))
	raw[atMagic] = 2
	be.PutUint16(raw[atAttributes:], uint16(f.pack.codec))
	be.PutUint32(raw[atLastDelta:], uint32(f.now.Count-1))
	be.PutUint64(raw[atBaseTime:], uint64(f.base))
	be.PutUint64(raw[atMaxTime:], uint64(f.now.MaxTimestamp))
	be.PutUint32(raw[atCount:], uint32(f.now.Count))
	be.PutUint32(raw[atCRC:], crc32.Checksum(raw[atAttributes:], castagnoli))
}
