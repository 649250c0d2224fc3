package verify

import (
	"time"
)

// Kind names what is wrong with a record.
type Kind string

// The kinds of differences.
const (
	Lost      Kind = "lost"      // on the source, not on the target, though later source records are
	Repeated  Kind = "repeated"  // on the target once more
	Reordered Kind = "reordered" // on both sides, in another order
	Changed   Kind = "changed"   // on both sides at the same place, with other content; Difference.Parts says which
	Foreign   Kind = "foreign"   // on the target, not on the source
	Misrouted Kind = "misrouted" // on the target in another topic or partition than its source record's
	Hole      Kind = "hole"      // a log that is not compacted does not show offsets that it must have
	Control   Kind = "control"   // a transaction marker in a target log that only the mirror writes
)

// Kinds lists all kinds in the order of reports.
func Kinds() []Kind {
	return []Kind{Lost, Repeated, Reordered, Changed, Misrouted, Foreign, Hole, Control}
}

// Place is a position in a log.
type Place struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// Difference is one run of records with the same fault. Both places are always given: where one side has no such record, its Offset is where
// the record would have to be (the next offset of that side), and Missing names the side.
type Difference struct {
	Kind    Kind     `json:"kind"`
	Source  Place    `json:"source"` // of the first record
	Target  Place    `json:"target"`
	Count   int64    `json:"count"`             // records (offsets for Hole)
	Missing string   `json:"missing,omitempty"` // "source" or "target"
	Parts   []string `json:"parts,omitempty"`   // of Changed: key, value, headers, timestamp
	Detail  string   `json:"detail,omitempty"`
}

// PartitionReport is the result of one partition.
type PartitionReport struct {
	Source    string `json:"source"`
	Target    string `json:"target"`
	Partition int32  `json:"partition"`
	Mode      string `json:"mode"` // "records", or "latest per key" for compacted topics

	SourceStart int64 `json:"source_start"` // log start offsets, and the frozen ends (exclusive)
	SourceEnd   int64 `json:"source_end"`
	TargetStart int64 `json:"target_start"`
	TargetEnd   int64 `json:"target_end"`

	Equal       int64          `json:"equal"`       // records that are the same on both sides (keys, for compacted topics)
	Bytes       int64          `json:"bytes"`       // their keys, values and headers
	NotCopied   int64          `json:"not_copied"`  // records that the target does not have yet
	KnownLost   int64          `json:"known_lost"`  // records in recorded losses
	SourceOnly  int64          `json:"source_only"` // older records that only the source still has, or that were there before the route's start
	TargetOnly  int64          `json:"target_only"` // older records that only the target still has
	LeftOut     int64          `json:"left_out"`    // source records that the route does not copy because a mirror wrote them
	Others      int64          `json:"others"`      // target records of other writers (shared topics)
	Differences map[Kind]int64 `json:"differences,omitempty"`
	Next        Position       `json:"next"` // where a later comparison can go on (Options.Start)
	Error       string         `json:"error,omitempty"`
}

// Report is the result of Run.
type Report struct {
	Route       string            `json:"route,omitempty"`
	Started     time.Time         `json:"started"`
	Seconds     float64           `json:"seconds"`
	Same        bool              `json:"equal"` // no difference, and every partition could be read
	Records     int64             `json:"records"`
	Bytes       int64             `json:"bytes"`
	NotCopied   int64             `json:"not_copied"`
	KnownLost   int64             `json:"known_lost"`
	Sampled     float64           `json:"sampled,omitempty"` // percent, if not everything was compared
	Counts      map[Kind]int64    `json:"counts,omitempty"`
	Differences []Difference      `json:"differences,omitempty"`
	Omitted     int64             `json:"omitted,omitempty"` // differences (runs) that are counted but not listed
	Losses      []Loss            `json:"losses,omitempty"`  // recorded losses of the partitions compared
	Notes       []string          `json:"notes,omitempty"`
	Partitions  []PartitionReport `json:"partitions"`
}

// Equal reports whether all partitions could be compared and none differs.
// Records that are not copied yet and recorded losses are no differences.
func (r *Report) Equal() bool { return r.Same }

// Differs reports whether a difference was found.
func (r *Report) Differs() bool { return r.Total() > 0 }

// Total returns the number of records that differ.
func (r *Report) Total() int64 {
	var n int64
	for _, c := range r.Counts {
		n += c
	}
	return n
}

// Errors returns the partitions that could not be compared.
func (r *Report) Errors() []PartitionReport {
	var out []PartitionReport
	for _, p := range r.Partitions {
		if p.Error != "" {
			out = append(out, p)
		}
	}
	return out
}
