package offsets

import "fmt"

// NewerError says that a record was written by a later version of this program.
// Nothing may be guessed about the partition it belongs to: it stops until this
// process is upgraded.
type NewerError struct {
	Key     Key // which record; from Decode only its Kind is known
	Version int // the "v" of the record
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("checkpoint record %s has version %d and this process reads up to %d: "+
		"a newer mirror wrote it, upgrade this process", e.Key, e.Version, version)
}

// CorruptError says that a record's key or value cannot be read.
type CorruptError struct {
	Key    Key   // which record; zero when the key itself cannot be read
	Offset int64 // where in the lane
	Why    error
}

func (e *CorruptError) Error() string {
	if e.Key.Kind == "" {
		return fmt.Sprintf("checkpoint record at offset %d: %v", e.Offset, e.Why)
	}
	return fmt.Sprintf("checkpoint record %s at offset %d: %v", e.Key, e.Offset, e.Why)
}

func (e *CorruptError) Unwrap() error { return e.Why }

// UnknownKindError says that a record is of a kind this version does not know.
// It is kept out of the state and no partition stops for it.
type UnknownKindError struct{ Kind string }

func (e *UnknownKindError) Error() string {
	return fmt.Sprintf("checkpoint record of unknown kind %q: a newer mirror may have written it", e.Kind)
}
