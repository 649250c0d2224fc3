package offsets

// Kafka counts sequences from 0 to 2^31-1 and then from 0 again
// (DefaultRecordBatch.incrementSequence).
const (
	sequenceMask = int64(1)<<31 - 1
	sequenceHalf = int64(1) << 30
)

// Sequence is the sequence number of the record with this ordinal, where base is
// the ordinal of sequence 0: (ordinal - base) modulo 2^31, never negative.
func Sequence(ordinal, base int64) int32 {
	return int32((ordinal - base) & sequenceMask)
}

// OrdinalNear turns a sequence number back into an ordinal: of all ordinals that
// have this sequence it is the one closest to near, from near-2^30 up to
// near+2^30-1. A broker's answer is unambiguous as long as near is known to
// within a billion records.
func OrdinalNear(seq int32, base, near int64) int64 {
	ahead := (int64(seq) - int64(Sequence(near, base))) & sequenceMask
	if ahead >= sequenceHalf {
		ahead -= sequenceMask + 1
	}
	return near + ahead
}
