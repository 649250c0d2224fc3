package monitor

// Status is the answer of GET /api/v1/status and of `mirror status -o json`.
// Its field names are an interface that others rely on: fields are added, never
// renamed or removed.
type Status struct {
	Mirror string        `json:"mirror"`
	Routes []RouteStatus `json:"routes"`
}

// RouteStatus describes one route. Totals count from the start of the process.
type RouteStatus struct {
	Name  string `json:"name"`
	From  string `json:"from"`
	To    string `json:"to"`
	State State  `json:"state"` // the worst partition's, or the route's own trouble
	// Reason is set when the route as a whole is paused, waiting or stopped.
	Reason string `json:"reason"`

	LagRecords   int64    `json:"lag_records"`
	LagSeconds   *float64 `json:"lag_seconds"` // of the partition furthest behind; null: unknown
	RecordsTotal int64    `json:"records_total"`
	BytesTotal   int64    `json:"bytes_total"`
	Losses       int64    `json:"losses"` // entries of the loss ledger
	// SkippedMirrored counts batches left out because another mirror brought
	// them to the source.
	SkippedMirrored int64 `json:"skipped_mirrored"`
	// LSODistanceRecords is the number of offsets between the source's last
	// stable offset and its high watermark: a hanging transaction shows here
	// and nowhere else, since lag is counted to the last stable offset.
	LSODistanceRecords int64 `json:"lso_distance_records"`

	Topics []TopicStatus `json:"topics"`
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
	Lane         int32    `json:"lane"`
	Owner        string   `json:"owner"` // the process that copies it; empty: nobody right now
}

// RollUp sets what follows from the partitions: the states of topics and route,
// and the route's lag. A State that the route already has counts as one more, so
// that trouble of the route as a whole stays visible when it has no partitions.
// Nil lists become empty ones, since readers of the JSON expect lists.
func (r *RouteStatus) RollUp() {
	r.LagRecords, r.LagSeconds = 0, nil
	if r.Topics == nil {
		r.Topics = []TopicStatus{}
	}
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
		r.State = Worst(r.State, topic.State)
	}
}

// furthest returns the greater lag; an unknown one never hides a known one.
func furthest(a, b *float64) *float64 {
	if a == nil || (b != nil && *b > *a) {
		return b
	}
	return a
}
