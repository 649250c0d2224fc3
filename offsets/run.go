package offsets

// Run says where a stretch of records is: the record at source offset Source is
// at target offset Target, and Count records, beginning with it, follow each
// other in the same order on both sides.
//
// With Holes and Foreign 0, as they are when records are added, the stretch is
// dense: record Source+i is at Target+i. Thinning makes one run of two
// neighbours and then only knows how many of the offsets in between are not
// records of this copy:
//
//	source  [Source, Source+Count+Holes)     Holes offsets have no record here
//	target  [Target, Target+Count+Foreign)   Foreign offsets are not ours
//
// Both numbers may be too high and Count too low by the same amount, which
// leaves every answer below true.
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
// Holes, and at most Count, are records with one target offset each; between
// those up to Foreign others may lie.
func (r Run) locate(s int64) (low, high int64) {
	before := s - r.Source
	if before == 0 && r.Count > 0 {
		return r.Target, r.Target
	}
	return r.Target + max(0, before-r.Holes), r.Target + min(before, r.Count) + r.Foreign
}

// gapTo is what is not known between two neighbours, as a run without records.
func (r Run) gapTo(next Run) Run {
	return Run{Source: r.sourceEnd(), Target: r.targetEnd(),
		Holes: next.Source - r.sourceEnd(), Foreign: next.Target - r.targetEnd()}
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
