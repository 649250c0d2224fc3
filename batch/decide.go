package batch

// Reason says why a batch cannot be copied as bytes.
type Reason uint8

const (
	Shallow    Reason = iota // it can
	Holes                    // compaction removed records: brokers refuse a count that is not lastOffsetDelta+1
	Resume                   // only the records from Options.From on, or those before Options.To, are wanted
	OldFormat                // magic 0 or 1: brokers take only magic 2
	AppendTime               // the source's broker stamped the records, their own times are others
	TooLarge                 // larger than the target allows, to be split
	Forced                   // built with the tag deeponly, to show that the deep copy is right for every batch

	Reasons = int(Forced) + 1 // number of reasons
)

// String is the reason as a metric label, "" for Shallow.
func (r Reason) String() string {
	if int(r) >= Reasons {
		return "unknown"
	}
	return [Reasons]string{"", "holes", "resume", "old_format", "append_time", "too_large", "forced"}[r]
}

// Options says what to copy of a batch, and what the target takes.
type Options struct {
	From     int64 // the cursor: records below it are not copied
	To       int64 // records from it on are not copied, 0 for no end
	MaxBytes int   // the target's max.message.bytes, 0 for no limit

	// Skip is asked only about a record that alone, as a batch of size bytes,
	// exceeds MaxBytes: true leaves it out, false (or nil) ends Reframe with a
	// *TooLargeError. Each call is for another record, in order.
	Skip func(offset int64, size int) bool

	// Without, if not nil, is asked about every record from From on: true
	// leaves it out. It is for records the target refused by name.
	Without func(offset int64) bool
}

// Decide says whether a batch may be copied shallow, and if not, why. It is
// for batches that passed the Scanner and have something to copy: the caller
// has already left out control, empty and aborted ones. A batch may have
// several reasons; the first of old format, holes, resume, append time and too
// large is returned.
//
// Only the header is looked at. A shallow copy carries the records as they
// are, including offset deltas inside an uncompressed batch that a producer got
// wrong, which brokers store unchecked; the deep copy refuses those.
func Decide(h Header, o Options) Reason {
	switch {
	case forced:
		return Forced
	case h.Magic < 2:
		return OldFormat
	case int64(h.Count) != int64(h.LastOffsetDelta)+1:
		return Holes
	case h.BaseOffset < o.From || o.To > 0 && h.LastOffset() >= o.To || o.Without != nil:
		return Resume
	case h.AppendTime():
		return AppendTime
	case o.MaxBytes > 0 && h.Size() > o.MaxBytes:
		return TooLarge
	}
	return Shallow
}
