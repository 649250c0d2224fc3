package replicate

import (
	"errors"
	"fmt"

	"mirror/offsets"
)

const (
	takeoverTail  = 1000 // records of the target's end that runs are matched in
	takeoverAhead = 100  // source records behind the position that must not be on the target
	takeoverOn    = 2000 // source records behind a match that are searched for another one
	takeoverMany  = 200  // equal candidates beyond which nothing can be told apart
)

// find concludes. The position is behind the last source record that is on the
// target: the one that the target ends with, or a later one where the target ends
// with a repeat.
func (f *finder) find() (Ending, error) {
	f.committed = f.t.route.ReadCommitted
	if f.end == f.begin {
		return f.nothingThere()
	}
	if err := f.readTail(); err != nil {
		return f.giveUp(err)
	}
	if len(f.tail) == 0 {
		return f.nothingThere()
	}
	for _, d := range f.tail {
		if d.producer == f.t.producerID(f.topic, f.number) {
			return Ending{Refused: oursAlready, Ours: true}, nil
		}
	}
	var best alignment
	found := false
	// Whoever copied may have read what transactions aborted, or not: the way that
	// matches more is the one that was.
	for _, committed := range []bool{f.t.route.ReadCommitted, !f.t.route.ReadCommitted} {
		f.committed = committed
		m, ok, err := f.match()
		if err != nil {
			return f.giveUp(err)
		}
		if ok && (!found || m.run > best.run) {
			best, found = m, true
		}
		if found && best.run == len(f.tail) {
			break
		}
	}
	if !found {
		f.committed = f.t.route.ReadCommitted
		return f.unmatched()
	}
	f.committed = best.committed
	return f.conclude(best)
}

// giveUp makes a conclusion of a search that took too long.
func (f *finder) giveUp(err error) (Ending, error) {
	if errors.Is(err, errEffort) {
		return Ending{Refused: fmt.Sprintf("%d records were compared and the position is not certain yet: raise --effort", f.t.Effort)}, nil
	}
	var refused *doubt
	if errors.As(err, &refused) {
		return Ending{Refused: refused.why}, nil
	}
	return Ending{}, err
}

// doubt ends a search without a conclusion.
type doubt struct{ why string }

func (e *doubt) Error() string { return e.why }

func doubtf(format string, a ...any) error { return &doubt{fmt.Sprintf(format, a...)} }

// readTail reads the end of the target's log, further back when that holds too
// little but markers and aborted records.
func (f *finder) readTail() (err error) {
	for size := int64(takeoverTail); ; size *= 4 {
		from := max(f.begin, f.end-size)
		if f.tail, err = f.between(f.targetFrom(from), f.end); err != nil {
			return err
		}
		f.tailWhole = from == f.begin
		if len(f.tail) >= min(takeoverTail, 100) || f.tailWhole {
			return nil
		}
	}
}

// nothingThere begins where the route begins, or by the word of whoever copied
// where the target has lost all that it had.
func (f *finder) nothingThere() (Ending, error) {
	if f.end == 0 {
		start, err := f.routeStart()
		return Ending{Source: start, How: "nothing was copied yet: from the route's start", sourceEpoch: -1}, err
	}
	if f.srcBegin == f.srcEnd {
		return f.lostUpTo(f.srcEnd, "both logs are empty"), nil
	}
	const gone = "the target has dropped all that it had, so that nothing proves where the copy ends"
	next := f.hint.Next
	switch {
	case next < 0 || next > f.srcEnd:
		return Ending{Refused: gone + ", and MirrorMaker's own offset is not known: set the position with mirror checkpoints reset, or delete the target topic to copy it anew"}, nil
	case !f.t.Trust:
		return Ending{Refused: fmt.Sprintf("%s; MirrorMaker says at source offset %d: give --trust-offsets to believe it", gone, next)}, nil
	case next < f.srcBegin:
		return f.lostUpTo(f.srcBegin, "MirrorMaker's own offset, without a proof"), nil
	}
	return Ending{Source: next, How: "MirrorMaker's own offset, without a proof", Warning: "nothing on the target proves this position", sourceEpoch: -1}, nil
}

// routeStart is where the configuration lets a copy begin.
func (f *finder) routeStart() (int64, error) {
	want, topic := f.t.route.Start, f.topic.Decision.Topic
	switch {
	case want.Latest:
		return f.srcEnd, nil
	case !want.Time.IsZero():
		at, err := f.t.source.listOffset(f.ctx, f.source, topic, f.number, want.Time.UnixMilli(), f.t.route.ReadCommitted)
		if err == nil && at < 0 {
			at = f.srcEnd
		}
		return at, err
	}
	return f.srcBegin, nil
}

// unmatched concludes when the target's last record is not in the source: the
// source has dropped it, or somebody else wrote it.
func (f *finder) unmatched() (Ending, error) {
	foreign := Ending{Refused: fmt.Sprintf("the record at the target's end (offset %d) is not in the source: somebody else writes this topic, the records were changed on the way, or the source topic is another one than was copied", f.tail[len(f.tail)-1].offset)}
	if f.srcBegin == 0 {
		return foreign, nil
	}
	// The source begins later than at 0, so it may have dropped what the target
	// ends with. Then what it has now is newer than all of that.
	var first digest
	have := false
	err := f.each(f.sourceFrom(f.srcBegin), func(d digest) bool { first, have = d, true; return false })
	if err != nil {
		return f.giveUp(err)
	}
	next := f.hint.Next
	last := f.tail[len(f.tail)-1]
	switch {
	case next > f.srcBegin, have && next < 0 && (last.stamped || last.timestamp > first.timestamp):
		return foreign, nil
	case have:
		on, _, err := f.beyond(f.srcBegin - 1)
		if err != nil {
			return f.giveUp(err)
		}
		if on >= f.srcBegin {
			return foreign, nil
		}
	}
	return f.lostUpTo(f.srcBegin, "the source has dropped what the target ends with"), nil
}

// lostUpTo goes on at a source offset, with the loss of what was not copied
// before it.
func (f *finder) lostUpTo(offset int64, how string) Ending {
	e := Ending{Source: offset, How: how, sourceEpoch: -1}
	switch next := f.hint.Next; {
	case next >= offset:
		if next > offset {
			e.Warning = fmt.Sprintf("MirrorMaker says that it copied up to source offset %d, which the source does not have", next-1)
		}
	case next >= 0:
		e.Lost = &offsets.Loss{From: next, To: offset, Cause: "retention", Detail: "the source dropped them before the copy that was taken over had reached them, as far as its own offsets say"}
	case f.srcBegin > 0:
		e.Lost = &offsets.Loss{From: offset, To: offset, Cause: "retention", Detail: "the source may have dropped records before this offset that were never copied; how many is not known"}
		e.Warning = "how many records before this offset were never copied is not known"
	}
	return e
}
