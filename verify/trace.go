package verify

import (
	"context"
	"time"
)

const (
	traceFindings = 200  // foreign records that are looked up
	traceReads    = 2000 // partitions that are read for them, in all
	traceRecords  = 2000 // source records read behind the first one with a foreign record's timestamp
)

// trace finds out where foreign records came from. A record that is lost in one partition and foreign in another was misrouted; of the others
// the source is asked for records of their timestamps.
func (r *run) trace(ctx context.Context) {
	r.matchMisrouted()
	reads := traceReads
	left := traceFindings
	for _, j := range r.jobs {
		for i := range j.findings.list {
			f := &j.findings.list[i]
			if f.kind != Foreign || f.print.time <= 0 {
				continue
			}
			if left--; left < 0 || reads < 0 || ctx.Err() != nil {
				return
			}
			r.lookUp(ctx, j, f, &reads)
		}
	}
}

// matchMisrouted joins records that are lost in one partition and foreign in another.
func (r *run) matchMisrouted() {
	lost := make(map[fingerprint]*finding)
	for _, j := range r.jobs {
		for i := range j.findings.list {
			if f := &j.findings.list[i]; f.kind == Lost && f.count == 1 && f.print != (fingerprint{}) {
				lost[f.print] = f
			}
		}
	}
	for _, j := range r.jobs {
		for i := range j.findings.list {
			f := &j.findings.list[i]
			if f.kind != Foreign {
				continue
			}
			if l := lost[f.print]; l != nil {
				delete(lost, f.print)
				f.kind, f.source, f.detail = Misrouted, l.source, "and missing at its place"
				l.kind = ""
			}
		}
	}
}

// lookUp searches all source partitions for a foreign record, its own first.
func (r *run) lookUp(ctx context.Context, own *job, f *finding, reads *int) {
	if at, ok := own.search(ctx, f.print, reads); ok {
		f.kind, f.source = Repeated, Place{own.pair.Source, own.partition, at}
		return
	}
	for _, j := range r.jobs {
		if j == own || *reads < 0 {
			continue
		}
		if at, ok := j.search(ctx, f.print, reads); ok {
			f.kind, f.source, f.detail = Misrouted, Place{j.pair.Source, j.partition, at}, "its place has it too"
			return
		}
	}
}

// search looks for a record in the job's source partition, by its timestamp. Errors only mean that it is not found.
func (j *job) search(ctx context.Context, print fingerprint, reads *int) (int64, bool) {
	if !j.source.exists || j.noTime {
		return 0, false
	}
	*reads--
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	from, err := j.reader(true).listOffset(ctx, print.time)
	if err != nil || from < 0 || from >= j.afterEnd {
		return 0, false
	}
	s := &stream{reader: j.reader(true), print: newPrinter(false), seek: from, end: j.afterEnd, keep: j.keepS}
	defer s.close()
	for range traceRecords {
		e, ok, err := s.next(ctx)
		if err != nil || !ok {
			return 0, false
		}
		if e.print == print {
			return e.offset, true
		}
	}
	return 0, false
}
