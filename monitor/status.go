package monitor

import "slices"

// Status is the answer of GET /api/v1/status and of `mirror status -o json`.
// Its field names are an interface that others rely on: fields are added, never
// renamed or removed.
type Status struct {
	Mirror string `json:"mirror"`
	// Origin says who tells this: a process of the fleet, or, when none answers,
	// what they left in the checkpoint topic.
	Origin Origin        `json:"origin"`
	Routes []RouteStatus `json:"routes"`
}

// OnlyClusters says that a process answers that has no routes: it only looks at
// clusters.
func (s *Status) OnlyClusters() bool { return len(s.Routes) == 0 && s.Origin == FromProcess }

// Origin is where a status comes from.
type Origin string

// The origins.
const (
	FromProcess         Origin = "process"
	FromCheckpointTopic Origin = "checkpoint_topic"
)

// RouteStatus describes one route in all processes of its fleet. Totals are the
// sums of what each of them counts from its start.
type RouteStatus struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
	// Watched: the process that is asked only looks on, other processes copy.
	Watched bool `json:"watched"`
	// State is the worst partition's, or the route's own trouble. Topics that rest
	// while the route goes on do not make it paused; Pauses names them.
	State State `json:"state"`
	// Reason is set when the route as a whole is paused, waiting or stopped.
	Reason string `json:"reason"`

	LagRecords   int64    `json:"lag_records"`
	LagSeconds   *float64 `json:"lag_seconds"` // of the partition furthest behind; null: unknown
	RecordsTotal int64    `json:"records_total"`
	BytesTotal   int64    `json:"bytes_total"`
	// Rates are averages of about ten seconds.
	RecordsPerSecond float64 `json:"records_per_second"`
	BytesPerSecond   float64 `json:"bytes_per_second"`
	Losses           int64   `json:"losses"` // entries of the loss ledger
	// SkippedMirrored counts batches left out because another mirror brought
	// them to the source.
	SkippedMirrored int64 `json:"skipped_mirrored"`
	// LSODistanceRecords is the number of offsets between the source's last
	// stable offset and its high watermark: a hanging transaction shows here
	// and nowhere else, since lag is counted to the last stable offset.
	LSODistanceRecords int64 `json:"lso_distance_records"`

	Limit  RateLimit     `json:"limit"`
	Pauses []PauseStatus `json:"pauses"` // by topic; what operators let rest
	// Resumes are the pauses that were taken back, the newest first, at most ten.
	Resumes []PauseStatus `json:"resumes"`
	// LastVerify is what the last comparison of the whole route found; null: there
	// was none yet.
	LastVerify *VerifyStatus `json:"last_verify"`
	// GroupSync is how the positions of consumer groups are carried over; null
	// where that is not asked for, and in processes that do not do it.
	GroupSync *GroupSyncStatus `json:"group_sync"`

	// AgeSeconds is how old the newest word of the checkpoint topic is, where that
	// is all there is; null when a process answers.
	AgeSeconds *float64 `json:"age_seconds"`

	Processes []ProcessStatus `json:"processes"` // the one that answers first, then the others by name
	Topics    []TopicStatus   `json:"topics"`
}

// ProcessStatus describes one process of a route's fleet. The one that answers
// tells what is; the others told it AgeSeconds ago.
type ProcessStatus struct {
	Process string  `json:"process"`
	URL     string  `json:"url"`   // of its page; empty: only its own machine reaches it
	Lanes   []int32 `json:"lanes"` // none: it stands by

	RecordsPerSecond float64 `json:"records_per_second"`
	BytesPerSecond   float64 `json:"bytes_per_second"`
	RecordsTotal     int64   `json:"records_total"`
	BytesTotal       int64   `json:"bytes_total"`

	AgeSeconds float64 `json:"age_seconds"` // of what it said last
	Silent     bool    `json:"silent"`      // it has said nothing for so long that it may be gone
	// UnnamedTroubles is how many of its partitions are in trouble, or far behind,
	// of which only the process itself can tell which.
	UnnamedTroubles int `json:"unnamed_troubles"`
	// OtherConfig says that it copies the route by another configuration than the
	// process that answers.
	OtherConfig bool `json:"other_config"`
}

// GroupSyncStatus describes what the last look at the positions of consumer groups
// has found. It is told by the process that owns lane 0.
type GroupSyncStatus struct {
	AgeSeconds float64        `json:"age_seconds"` // since a look last came to its end, or since this process began to look
	Groups     int            `json:"groups"`      // that have positions in the route's topics
	Positions  map[string]int `json:"positions"`   // by what became of them: in_step, active, own, not_copied, failed
	Commits    int64          `json:"commits"`     // positions committed on the target since the process started
	Reason     string         `json:"reason"`      // what is wrong, empty when nothing is
}

// TopicStatus describes one source topic and its copy.
type TopicStatus struct {
	Source     string            `json:"source"`
	Target     string            `json:"target"`
	State      State             `json:"state"` // the worst partition's
	Partitions []PartitionStatus `json:"partitions"`
}

// PartitionStatus describes one partition; number -1 stands for a topic that has
// none to show and a reason. Offsets and lag
// that are not known are -1.
type PartitionStatus struct {
	Partition    int32    `json:"partition"`
	State        State    `json:"state"`
	Reason       string   `json:"reason"`        // of Paused, Waiting and Stopped, in plain words
	SourceOffset int64    `json:"source_offset"` // of the next record to copy
	TargetOffset int64    `json:"target_offset"` // of the next record written
	SourceEnd    int64    `json:"source_end"`    // last stable offset or high watermark, by isolation
	LagRecords   int64    `json:"lag_records"`
	LagSeconds   *float64 `json:"lag_seconds"` // null: unknown
	// RetentionSeconds is how long it takes at the earliest until the source may
	// delete what is not copied yet; null: never, unknown, or nothing is left to copy.
	RetentionSeconds *float64 `json:"retention_seconds"`
	// The rates are those between the last two snapshots of metrics.interval; null:
	// not known, or another process copies the partition.
	RecordsPerSecond *float64 `json:"records_per_second"`
	BytesPerSecond   *float64 `json:"bytes_per_second"`
	Lane             int32    `json:"lane"`
	Owner            string   `json:"owner"` // the process that copies it; empty: nobody right now
	// Left: the process that is asked has copied it last, and nobody does now.
	Left bool `json:"-"`
}

// RollUp sets what follows from the partitions: the states of topics and route,
// and the route's lag. A State that the route already has counts as one more, so
// that trouble of the route as a whole stays visible when it has no partitions.
// A route is paused when it rests as a whole or all of its topics do. Nil lists
// become empty ones, since readers of the JSON expect lists.
func (r *RouteStatus) RollUp() {
	r.LagRecords, r.LagSeconds = 0, nil
	if r.Topics == nil {
		r.Topics = []TopicStatus{}
	}
	if r.Pauses == nil {
		r.Pauses = []PauseStatus{}
	}
	if r.Resumes == nil {
		r.Resumes = []PauseStatus{}
	}
	if r.Processes == nil {
		r.Processes = []ProcessStatus{}
	}
	rests := slices.ContainsFunc(r.Pauses, func(p PauseStatus) bool { return p.Topic == "" })
	resting := State("")
	for i := range r.Topics {
		topic := &r.Topics[i]
		if topic.Partitions == nil {
			topic.Partitions = []PartitionStatus{}
		}
		for _, p := range topic.Partitions {
			topic.State = Worst(topic.State, p.State)
			r.LagRecords += max(p.LagRecords, 0)
			r.LagSeconds = furthest(r.LagSeconds, p.LagSeconds)
		}
		if topic.State == Paused && !rests {
			resting = Paused
			continue
		}
		r.State = Worst(r.State, topic.State)
	}
	if r.State == "" {
		r.State = resting
	}
}

// Resting is how many topics are paused.
func (r *RouteStatus) Resting() int {
	n := 0
	for i := range r.Topics {
		if r.Topics[i].State == Paused {
			n++
		}
	}
	return n
}

// Lag is the lag of all partitions: the sum of what is known in records, -1 when
// nothing is, and the time of the one furthest behind, nil when none is known.
func (t *TopicStatus) Lag() (records int64, seconds *float64) {
	records = -1
	for i := range t.Partitions {
		p := &t.Partitions[i]
		if p.LagRecords >= 0 {
			records = max(records, 0) + p.LagRecords
		}
		seconds = furthest(seconds, p.LagSeconds)
	}
	return records, seconds
}

// furthest returns the greater lag; an unknown one never hides a known one.
func furthest(a, b *float64) *float64 {
	if a == nil || (b != nil && *b > *a) {
		return b
	}
	return a
}
