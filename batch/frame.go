package batch

import "fmt"

// Frame is one batch ready to be produced, and where its records came from.
type Frame struct {
	Raw          []byte
	First, Last  int64 // source offsets of its first and last record
	Count        int   // records
	MaxTimestamp int64 // ms
}

// TooLargeError says that one record alone, as a batch, is larger than the
// target takes.
type TooLargeError struct {
	Offset int64 // source offset of the record
	Size   int   // bytes of a batch with this record only, compressed like the source
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("record at offset %d alone makes a batch of %d bytes, more than the target's max.message.bytes", e.Offset, e.Size)
}
