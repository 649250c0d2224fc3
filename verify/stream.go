package verify

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// feed is a sequence of entries in the order of their offsets.
type feed interface {
	// next returns the next entry; false when the feed's end is reached.
	next(ctx context.Context) (entry, bool, error)
	// more waits until the feed has grown and reports whether it has; false: what it has given is all.
	more(ctx context.Context) (bool, error)
	close()
}

// stream is a feed that reads a partition up to an end. One fetch runs ahead of what is consumed.
type stream struct {
	reader *reader
	print  *printer
	seek   int64 // next offset to be consumed
	end    int64 // exclusive
	strict bool  // every offset from the start to the end must exist

	keep   func(*kgo.Record) bool               // false: not a record of the copy; nil keeps all
	hole   func(from, to int64)                 // told of offsets that a strict log lacks
	marker func(offset int64)                   // told of control records; may be nil
	grow   func(context.Context) (int64, error) // waits for a new end; nil: the end is final

	chunk   chunk // being consumed
	at      int   // index in its records
	empties int   // answers without data at seek, one after the other
	ahead   chan fetched
	cancel  context.CancelFunc
}

type fetched struct {
	chunk chunk
	err   error
}

func (s *stream) next(ctx context.Context) (entry, bool, error) {
	for {
		for s.at < len(s.chunk.records) {
			r := s.chunk.records[s.at]
			if r.Offset >= s.end {
				s.missing(s.end)
				return entry{}, false, nil
			}
			s.chunk.records[s.at] = nil
			s.at++
			s.missing(r.Offset)
			s.seek = r.Offset + 1
			if s.counts(r) {
				return s.print.entry(r), true, nil
			}
		}
		if s.chunk.next > s.seek {
			s.missing(min(s.chunk.next, s.end))
		}
		if s.seek >= s.end {
			return entry{}, false, nil
		}
		if err := s.load(ctx); err != nil {
			return entry{}, false, err
		}
	}
}

// counts reports whether the record is one to compare.
func (s *stream) counts(r *kgo.Record) bool {
	dropped := s.chunk.aborted != nil && s.chunk.aborted.drop(r)
	if r.Attrs.IsControl() {
		if s.marker != nil {
			s.marker(r.Offset)
		}
		return false
	}
	return !dropped && (s.keep == nil || s.keep(r))
}

// missing moves on to the offset and tells of the hole before it.
func (s *stream) missing(to int64) {
	if to > s.seek && s.strict {
		s.hole(s.seek, to)
	}
	s.seek = max(s.seek, to)
}

// load gets the next chunk and starts to fetch the one behind it.
func (s *stream) load(ctx context.Context) error {
	if s.ahead == nil {
		s.prefetch(ctx, s.seek)
	}
	var got fetched
	select {
	case got = <-s.ahead:
		s.ahead = nil
	case <-ctx.Done():
		return ctx.Err()
	}
	if got.err != nil {
		return got.err
	}
	s.chunk, s.at = got.chunk, 0
	if !got.chunk.empty {
		s.empties = 0
	} else if err := s.nothing(got.chunk); err != nil {
		return err
	}
	if s.chunk.next < s.end {
		s.prefetch(ctx, s.chunk.next)
	}
	return nil
}

// nothing decides about an answer without data below the end: a broker that has just become leader does not know the end yet; one that does has
// nothing left there (compaction removed it).
func (s *stream) nothing(c chunk) error {
	s.empties++
	switch {
	case c.readable >= s.end && s.empties >= 2:
		s.chunk.next = s.end
	case s.empties > 60: // each took half a second
		return fmt.Errorf("read %s[%d] at offset %d: the log can be read only to %d, though it ended at %d", s.reader.topic, s.reader.partition, s.seek, c.readable, s.end)
	}
	return nil
}

// prefetch starts a fetch; load or close waits for it.
func (s *stream) prefetch(ctx context.Context, offset int64) {
	ctx, cancel := context.WithCancel(ctx)
	ahead := make(chan fetched, 1)
	s.ahead, s.cancel = ahead, cancel
	go func() {
		defer cancel()
		c, err := s.reader.fetch(ctx, offset)
		ahead <- fetched{c, err}
	}()
}

func (s *stream) more(ctx context.Context) (bool, error) {
	if s.grow == nil {
		return false, nil
	}
	end, err := s.grow(ctx)
	if err != nil || end <= s.end {
		return false, err
	}
	s.end = end
	return true, nil
}

func (s *stream) close() {
	if s.ahead != nil {
		s.cancel()
		<-s.ahead
		s.ahead = nil
	}
}
