package verify

import "time"

// Pair names a source topic and the target topic that its records are copied to.
type Pair struct {
	Source string
	Target string
	// LocalOnly leaves out source records that a mirror wrote (producer id with bit 62 set): a route that keeps names does not copy them.
	LocalOnly bool
	// NotHome leaves out source records that a mirror brought from the target cluster: they never go home.
	NotHome bool
	// Shared says that others write to the target topic too: only records that a mirror brought from the source cluster count there.
	Shared bool
}

// Position is where a comparison of one partition goes on: the next offset of each side.
type Position struct {
	Source int64 `json:"source"`
	Target int64 `json:"target"`
}

// PartitionKey names a partition of a source topic and the target topic that it is copied to.
type PartitionKey struct {
	Source    string
	Target    string
	Partition int32
}

// Loss is a range of source offsets [From, To) that is known not to have been copied.
// If TargetTo > TargetFrom, the records at target offsets [TargetFrom, TargetTo) are known to be odd.
type Loss struct {
	Topic      string `json:"topic"` // of the source
	Partition  int32  `json:"partition"`
	Target     string `json:"target,omitempty"` // target topic; empty: any
	From       int64  `json:"from"`
	To         int64  `json:"to"`
	TargetFrom int64  `json:"target_from"`
	TargetTo   int64  `json:"target_to"`
	Cause      string `json:"cause"`
}

// Bound is one end of the range to compare: an offset of the source, or the first source record at or after a time. The zero value is no bound.
type Bound struct {
	Set    bool
	Offset int64
	Time   time.Time // if not zero, it is used instead of Offset
}

// Range is source offsets From up to but without To.
type Range struct{ From, To int64 }

// Options say what Run compares. The zero value compares everything that both sides hold.
type Options struct {
	Route          string                 // only for the report
	ReadCommitted  bool                   // read the source up to its last stable offset and without aborted records
	StartLater     bool                   // the route did not begin at the source's beginning: older source records may be missing
	From, To       Bound                  // To is exclusive
	Sample         float64                // percent of each partition, in pieces of some thousand offsets; 0 and 100 are everything
	Seed           uint64                 // chooses the pieces of Sample
	Partitions     []int32                // nil is all
	Ranges         map[PartitionKey]Range // not nil: compare only these partitions, and only so much of each
	Losses         []Loss
	AllowHoles     bool // do not insist on contiguous offsets (topics that were compacted once and are no longer)
	Parallel       int  // partitions at a time; 0 is 4
	MaxDifferences int  // listed in the report (all are counted); 0 is 1000

	// Wait is how long to wait, after the target stopped growing, for records that are not copied yet. 0: they are only counted.
	Wait time.Duration
	// Patience is how long to retry a broker that answers with an error or not at all. 0 is 30 s.
	Patience time.Duration

	// Start continues partitions exactly where an earlier report's PartitionReport.Next left them; other partitions are aligned by content.
	Start map[PartitionKey]Position
	// Hint returns a target offset at or before the copy of the given source offset. It only saves reading; the content decides.
	Hint func(key PartitionKey, source int64) (target int64, ok bool)

	// Progress, if not nil, is called every ProgressEvery (0 is 1 s) and once at the end, never concurrently.
	Progress      func(Progress)
	ProgressEvery time.Duration
}

// Progress is what a running verification has done so far.
type Progress struct {
	Partitions, Done int   // partitions in all, and finished
	Records, Total   int64 // source records compared, and an estimate of all
	Bytes            int64 // keys, values and headers of the source records compared
	Differences      int64
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.MaxDifferences <= 0 {
		o.MaxDifferences = 1000
	}
	if o.Patience <= 0 {
		o.Patience = 30 * time.Second
	}
	if o.ProgressEvery <= 0 {
		o.ProgressEvery = time.Second
	}
	return o
}
