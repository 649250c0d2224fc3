package batch

import (
	"errors"
	"io"
)

// Reframe writes the records of raw, one batch of any format (or one magic 0 or
// 1 message with what it wraps), into batches that a broker takes: magic 2,
// base offset 0, no leader epoch, the stamp with sequences that run on from
// frame to frame (modulo 2^31), offset deltas without holes, and of the
// attributes only the codec, which stays the source's. Key, value, headers and
// record attributes are copied as they are. Each record keeps its time: the
// broker's if the source batch has LogAppendTime, -1 in magic 0.
//
// Records below o.From are left out, those from o.To on (but for 0), and those
// that o.Without names. Frames have at most o.MaxBytes bytes; compressed ones may
// be a little smaller than they could be, as what a record comes to is known only
// afterwards. There are no frames when no record is left. raw is not changed, and
// frames share nothing with it.
//
// The checksum of raw is verified first. Errors: a *CorruptError if it is
// wrong, or the records contradict their header (count, offset deltas that do
// not rise, bytes left over); a *TooLargeError together with the frames of the
// records before that one; another error for a control batch.
//
// Memory: the frames, and what the coders need, 12 MiB or less: lz4 has blocks
// of up to 4 MiB, zstd looks back 8 MiB. Exceptions are a zstd batch written
// with a larger window (128 MiB at most), a batch that is one raw snappy block
// (22 times its size at most), and magic 0 and 1, where one message is held.
// Frames may add up to more than raw where the source's producer compressed
// harder.
func Reframe(raw []byte, s Stamp, o Options) ([]Frame, error) {
	h, w, err := openWalk(raw)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if h.Control() {
		return nil, errControl
	}
	f, err := newFramer(h.Codec(), len(raw)+len(raw)/16+64, s, o)
	if err != nil {
		return nil, err
	}
	defer f.close()
	err = f.copy(w)
	if large := (*TooLargeError)(nil); err != nil && !errors.As(err, &large) {
		return nil, err
	}
	return f.frames, err
}

// copy writes the wanted records of w into frames.
func (f *framer) copy(w walk) error {
	for {
		it, err := w.next()
		if err == io.EOF {
			return f.cut()
		}
		if err != nil {
			return err
		}
		if f.opts.leavesOut(it.offset) {
			continue
		}
		if err := f.add(w, it); err != nil {
			return err
		}
	}
}

// leavesOut says whether the record at offset is not wanted.
func (o Options) leavesOut(offset int64) bool {
	return offset < o.From || o.To > 0 && offset >= o.To || o.Without != nil && o.Without(offset)
}
