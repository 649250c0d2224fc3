package offsets

import (
	"errors"
	"fmt"
	"time"
)

// version is the "v" of every value this program writes, and the highest that
// it reads. Fields may be added within a version when an older program may
// ignore them; everything else needs a higher one.
const version = 1

// RouteFacts is what was true when a route first started. It is written before
// anything is copied, and never again except to add topics of a later start.
// Long lists of topics are split into pages, see RouteEntries.
type RouteFacts struct {
	SourceCluster string    `json:"source_cluster,omitempty"` // cluster id; page 0 only, like all but Topics
	TargetCluster string    `json:"target_cluster,omitempty"`
	ReadCommitted bool      `json:"committed,omitempty"`
	FirstStart    time.Time `json:"first_start,omitzero"`
	Topics        []string  `json:"topics,omitempty"` // source topics known then; "start" counts for them only
	Pages         int32     `json:"pages,omitempty"`  // how many pages there are; page 0 only, set by RouteEntries

	Backfill *BackfillFacts `json:"backfill,omitempty"` // the checkpoint topic is a backfill's, nil for a route's; page 0 only
}

// Over says whether the backfill writes no more: it is done, or was given up.
func (b *BackfillFacts) Over() bool {
	return b != nil && !(b.Finished.IsZero() && b.Abandoned.IsZero())
}

// BackfillID is the id of the backfill whose checkpoint topic this is, empty for
// a route's.
func (f RouteFacts) BackfillID() string {
	if f.Backfill == nil {
		return ""
	}
	return f.Backfill.ID
}

// BackfillFacts is what was true when a backfill first started, and when it was
// done.
type BackfillFacts struct {
	ID        string    `json:"id"`
	Arguments string    `json:"arguments"` // what it was asked to copy, to refuse another wish under the same id
	ThenLive  bool      `json:"then_live,omitempty"`
	Finished  time.Time `json:"finished,omitzero"`
	Abandoned time.Time `json:"abandoned,omitzero"` // an operator gave it up
}

// Backfill is the range of a source partition that a backfill copies, frozen at
// its first start. In the backfill's own checkpoint topic it is in lane 0. In a
// route's, in the partition's lane, it says that the route begins only where the
// backfill ends.
type Backfill struct {
	SourceTopicID TopicID   `json:"sid"`
	From          int64     `json:"from"`
	To            int64     `json:"to"` // exclusive
	Time          time.Time `json:"time,omitzero"`
}

// Checkpoint is how far one partition was copied. It shortens recovery and is
// never the truth: an older one only makes recovery read more.
type Checkpoint struct {
	SourceTopicID TopicID   `json:"sid"`
	TargetTopicID TopicID   `json:"tid"`
	Source        int64     `json:"source"`              // next source offset
	SourceEpoch   int32     `json:"epoch"`               // leader epoch of the last batch before it, -1 for none
	LastSource    int64     `json:"last"`                // offset of the last record copied, -1 for none
	Ordinal       int64     `json:"ordinal"`             // ordinal of the next record
	Base          int64     `json:"base,omitempty"`      // ordinal of sequence 0
	Target        int64     `json:"target"`              // next target offset
	TargetEpoch   int32     `json:"tepoch"`              // the target's leader epoch, -1 when unknown
	ReadCommitted bool      `json:"committed,omitempty"` // which records of the source count
	Filter        string    `json:"filter,omitempty"`    // "", or "local": only batches that no mirror wrote
	Shared        bool      `json:"shared,omitempty"`    // others write this target partition too
	Compacted     bool      `json:"compacted,omitempty"` // the source has ever been compacted
	Clean         bool      `json:"clean,omitempty"`     // written at a clean stop: nothing was sent after it
	Asked         bool      `json:"asked,omitempty"`     // a command asks for a new generation from Source on; none has begun
	Time          time.Time `json:"time,omitzero"`
}

// Drift says that from a source offset on the ordinals count from another
// number than the source's log would give. It is acked before the first batch
// behind it is sent, and never changed.
type Drift struct {
	Source  int64     `json:"source"`  // the first source offset it holds for
	Ordinal int64     `json:"ordinal"` // the ordinal of the first forwardable record from there
	Cause   string    `json:"cause"`
	Time    time.Time `json:"time,omitzero"`
}

// Loss is an entry of the loss ledger: source offsets From up to but without To
// were not copied, or a range of the target is not as it should be.
type Loss struct {
	From       int64     `json:"from"`
	To         int64     `json:"to"`
	TargetFrom int64     `json:"target_from"` // -1 unless a range of the target is meant
	TargetTo   int64     `json:"target_to"`
	Cause      string    `json:"cause"`
	Detail     string    `json:"detail,omitempty"`
	Time       time.Time `json:"time,omitzero"`
}

// Pause is an operator's wish to stop copying a topic, or the whole route. It is
// written to every lane, since an owner reads only its own.
type Pause struct {
	Paused bool      `json:"paused"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Time   time.Time `json:"time,omitzero"`
}

// Rate is an operator's limit for a route, of all its processes together, in
// place of the configuration's. It is written to every lane, like a Pause; the
// newest one counts.
type Rate struct {
	BytesPerSecond int64     `json:"bytes_per_second"` // 0: no limit
	File           bool      `json:"file,omitempty"`   // taken back: the configuration's limit counts
	By             string    `json:"by,omitempty"`
	Reason         string    `json:"reason,omitempty"`
	Time           time.Time `json:"time,omitzero"`
}

// Verify is what the last comparison of a whole route found.
type Verify struct {
	Time        time.Time `json:"time,omitzero"`    // when it began: what was copied later is not in it
	Seconds     float64   `json:"seconds"`          // how long it took
	Records     int64     `json:"records"`          // that are equal
	Differences int64     `json:"differences"`      // records that differ
	Lost        int64     `json:"lost,omitempty"`   // records in the loss ledger, which are no differences
	Unread      int       `json:"unread,omitempty"` // partitions that could not be compared
	By          string    `json:"by,omitempty"`
}

// TopicConfig says which configs of a target topic are ours to change.
type TopicConfig struct {
	Keys    []string `json:"keys"`
	TopicID TopicID  `json:"id"`
	Created bool     `json:"created,omitempty"` // we created the topic
}

// Owner is what a process says about itself and its share of a route, so that
// any process can show the whole fleet. It is written to each lane that a process
// claims, and every few seconds to one of them.
type Owner struct {
	Process string    `json:"process"`
	URL     string    `json:"url,omitempty"`
	Lanes   []int32   `json:"lanes"` // all that it owns
	Time    time.Time `json:"time,omitzero"`
	Config  string    `json:"config,omitempty"` // digest of what it was told to do; those of one fleet should be alike

	RecordsPerSecond float64 `json:"records_per_second"`
	BytesPerSecond   float64 `json:"bytes_per_second"`

	// Totals of this route since the process started.
	RecordsTotal int64 `json:"records_total,omitempty"`
	BytesTotal   int64 `json:"bytes_total,omitempty"`
	Skipped      int64 `json:"skipped_mirrored,omitempty"` // batches left out because a mirror brought them
	// LSODistance is the number of offsets between last stable offset and high
	// watermark of the source, over all of its partitions.
	LSODistance int64 `json:"lso_distance_records,omitempty"`

	// Partitions are those that need more words than their checkpoint has, the
	// worst first. There may be more of them, since a record has its limits.
	Partitions []OwnedPartition `json:"partitions,omitempty"`
	More       int              `json:"more,omitempty"` // how many are left out
}

// OwnedPartition is what its owner says about one partition.
type OwnedPartition struct {
	Topic      string   `json:"topic"`
	Partition  int32    `json:"partition"`
	State      string   `json:"state"` // a monitor.State
	Reason     string   `json:"reason,omitempty"`
	LagSeconds *float64 `json:"lag_seconds,omitempty"` // nil: unknown
}

// unset is what a number that a record must have is before it is read, so that
// a value without it is refused instead of being taken for 0.
const unset = -2

func (c Checkpoint) check() error {
	if c.Source < 0 || c.Ordinal < 0 || c.Target < 0 || c.Base < 0 {
		return errors.New("an offset is missing or negative")
	}
	if c.LastSource < -1 || c.SourceEpoch < -1 || c.TargetEpoch < -1 {
		return errors.New("the last offset or an epoch is missing or below -1")
	}
	if c.Ordinal < c.Base {
		return fmt.Errorf("next ordinal %d is below base %d", c.Ordinal, c.Base)
	}
	return nil
}

func (d Drift) check() error {
	if d.Source < 0 || d.Ordinal < 0 {
		return errors.New("an offset is missing or negative")
	}
	return nil
}

func (l Loss) check() error {
	if l.From < 0 || l.To < l.From {
		return fmt.Errorf("range %d to %d is no range", l.From, l.To)
	}
	if l.TargetFrom < -1 || l.TargetTo < l.TargetFrom {
		return fmt.Errorf("target range %d to %d is no range", l.TargetFrom, l.TargetTo)
	}
	return nil
}

func (b Backfill) check() error {
	if b.From < 0 || b.To < b.From {
		return fmt.Errorf("range %d to %d is no range", b.From, b.To)
	}
	return nil
}

func (r Rate) check() error {
	if r.BytesPerSecond < 0 {
		return errors.New("the number of bytes per second is missing or negative")
	}
	return nil
}

func (v Verify) check() error {
	if v.Records < 0 || v.Differences < 0 || v.Lost < 0 || v.Unread < 0 || v.Seconds < 0 {
		return errors.New("a number is missing or negative")
	}
	return nil
}

func (f RouteFacts) check() error {
	if f.Pages < 0 || f.Pages > MaxPages {
		return fmt.Errorf("%d pages, not 0 to %d", f.Pages, MaxPages)
	}
	return nil
}
