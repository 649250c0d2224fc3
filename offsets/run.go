package offsets

// Run says where a stretch of records is: the record at source offset Source is
// at target offset Target, and Count records, beginning with it, follow each
// other in the same order on both sides.
//
// With Holes and Foreign 0 the stretch is dense: record Source+i is at Target+i.
// Of others, which thinning makes of two neighbours, only the places of the
// first and the last record are known, and how many of the offsets in between
// are not records of this copy:
//
//	source  [Source, Source+Count+Holes)     Holes offsets have no record here
//	target  [Target, Target+Count+Foreign)   Foreign offsets are not ours
//
// Where a gap was merged in whose records are not known, both numbers are too
// high and Count is too low by the same amount; every answer stays true.
type Run struct{ Source, Target, Count, Holes, Foreign int64 }

func (r Run) sourceEnd() int64 { return r.Source + r.Count + r.Holes }
func (r Run) targetEnd() int64 { return r.Target + r.Count + r.Foreign }
func (r Run) dense() bool      { return r.Holes == 0 && r.Foreign == 0 }

// flip is the same run seen from the target.
func (r Run) flip() Run {
	return Run{Source: r.Target, Target: r.Source, Count: r.Count, Holes: r.Foreign, Foreign: r.Holes}
}

// locate bounds the target offset of the first record at or behind source offset
// s, which lies in the run. Of the s-Source offsets before it at least all but
// Holes are records with one target offset each, and at most all records but the
// last; between those up to Foreign others may lie.
func (r Run) locate(s int64) (low, high int64) {
	before := s - r.Source
	if before == 0 && r.Count > 0 {
		return r.Target, r.Target
	}
	return r.Target + max(0, before-r.Holes), r.Target + min(before, max(r.Count-1, 0)) + r.Foreign
}

// gapTo is what is not known between two neighbours, as a run without records.
func (r Run) gapTo(next Run) Run {
	return Run{Source: r.sourceEnd(), Target: r.targetEnd(),
		Holes: next.Source - r.sourceEnd(), Foreign: next.Target - r.targetEnd()}
}

// joins reports whether the next run only goes on where this one ends.
func (r Run) joins(next Run) bool {
	return r.dense() && next.dense() && r.sourceEnd() == next.Source && r.targetEnd() == next.Target
}

// merge is one run in place of two neighbours and the gap between them.
func (r Run) merge(next Run) Run {
	gap := r.gapTo(next)
	r.Count += next.Count
	r.Holes += gap.Holes + next.Holes
	r.Foreign += gap.Foreign + next.Foreign
	return r
}

// before is the part of the run below source offset s, which lies behind its
// first record. Of a run that is not dense only that first record is certain.
func (r Run) before(s int64) Run {
	if !r.dense() {
		return Run{Source: r.Source, Target: r.Target, Count: 1}
	}
	r.Count = s - r.Source
	return r
}

// from is the part of the run at and behind source offset s, which lies behind
// its first record. Of a run that is not dense only the last record is certain.
func (r Run) from(s int64) Run {
	n := r.sourceEnd() - s
	if !r.dense() {
		n = 1
	}
	return Run{Source: r.sourceEnd() - n, Target: r.targetEnd() - n, Count: n}
}
