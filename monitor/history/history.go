package history

import (
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"mirror/config/logkey"
)

// History is the points of all recorded series.
type History struct {
	layout layout
	log    *slog.Logger
	memory int64 // bytes of memory that the points take; 0: they are in a file

	mu      sync.RWMutex
	data    backing // guarded by mu
	roster  *roster // guarded by mu
	current []byte  // row of the finest tier that is being filled; guarded by mu
	bucket  int64   // of current; -1: none; guarded by mu
	failing bool    // the last write failed; guarded by mu
}

// Reading is what is known of one subject at one moment.
type Reading struct {
	// Subject is a route, route/topic, route/topic/partition, cluster:NAME, or below
	// that broker:NUMBER, topic:NAME, group:NAME, partition:TOPIC/NUMBER or
	// position:TOPIC/NUMBER/GROUP, which is where a group stands in a partition.
	// It and a metric make the series' key.
	Subject string
	// Weight decides which topics, groups and partitions are recorded when there is
	// no room for all.
	Weight float64
	Values []Value
}

// Value is one number of a subject. NaN stands for unknown.
type Value struct {
	Metric string
	Value  float64
}

// newHistory begins with an empty directory.
func newHistory(data backing, l layout, log *slog.Logger) *History {
	return &History{layout: l, log: log, data: data, roster: newRoster(l.series), bucket: -1, current: make([]byte, l.rowSize())}
}

// Memory returns the bytes of memory that the points take, 0 when they are in a
// file.
func (h *History) Memory() int64 { return h.memory }

// Close ends the writing. What was recorded is in the file already.
func (h *History) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.data.Close()
}

// readDirectory takes in which series the file holds.
func (h *History) readDirectory() error {
	directory := make([]byte, h.layout.series*entrySize)
	if _, err := h.data.ReadAt(directory, h.layout.entry(0)); err != nil {
		return err
	}
	damaged := 0
	for slot := range h.layout.series {
		e, bad := parseEntry(directory[slot*entrySize:])
		if bad {
			damaged++
			continue
		}
		h.roster.restore(slot, e)
	}
	if damaged > 0 {
		h.log.Warn("the history file has damaged entries: these series begin anew", logkey.Series, damaged)
	}
	return nil
}

// Record adds what is known at a moment. Several readings in one step of the
// finest tier are gathered.
func (h *History) Record(at time.Time, readings []Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fine := tiers()[0]
	bucket := fine.bucket(at)
	if bucket != h.bucket {
		h.read(h.current, 0, bucket)
		h.bucket = bucket
	}
	for _, slot := range h.roster.choose(at, readings, fine.start(bucket)) {
		setPoint(h.current, slot, noPoint())
		h.write(h.roster.slots[slot].encode(), h.layout.entry(slot))
	}
	for _, slot := range h.roster.rewind(fine.start(bucket)) {
		h.write(h.roster.slots[slot].encode(), h.layout.entry(slot))
	}
	for _, r := range readings {
		if h.roster.held[r.Subject] == 0 {
			continue
		}
		for _, v := range r.Values {
			if slot, ok := h.roster.slot(r.Subject, v.Metric); ok {
				gather(h.current, slot, v.Value)
			}
		}
	}
	sealRow(h.current, bucket)
	h.write(h.current, h.layout.row(0, bucket))
	h.condense(at)
}

// gather merges a value into a point. Readings within one step are few: the mean
// of the mean so far and the new one is close enough.
func gather(row []byte, slot int, value float64) {
	v := float32(value)
	var g gathering
	g.add(pointAt(row, slot))
	g.add(Point{v, v, v})
	setPoint(row, slot, g.point())
}

// condense makes the present point of each coarser tier anew.
func (h *History) condense(at time.Time) {
	all := tiers()
	gathered := make([]gathering, h.layout.series)
	row := make([]byte, h.layout.rowSize())
	for t := 1; t < tierCount; t++ {
		fine, coarse := all[t-1], all[t]
		clear(gathered)
		bucket := coarse.bucket(at)
		first := coarse.start(bucket) / int64(fine.step/time.Second)
		for b := first; b < first+int64(coarse.step/fine.step); b++ {
			if !h.read(row, t-1, b) {
				continue
			}
			ends := fine.start(b + 1)
			for slot, e := range h.roster.slots {
				if ends > e.since { // older points are of another series
					gathered[slot].add(pointAt(row, slot))
				}
			}
		}
		for slot := range gathered {
			setPoint(row, slot, gathered[slot].point())
		}
		sealRow(row, bucket)
		h.write(row, h.layout.row(t, bucket))
	}
}

// read fills row with the points of a bucket; false, and nothing known, when the
// tier does not hold it or the row is damaged.
func (h *History) read(row []byte, t int, bucket int64) bool {
	if _, err := h.data.ReadAt(row, h.layout.row(t, bucket)); err == nil && rowHolds(row, bucket) {
		return true
	}
	clearRow(row, h.layout.series)
	return false
}

func clearRow(row []byte, series int) {
	clear(row[:rowHead])
	for slot := range series {
		setPoint(row, slot, noPoint())
	}
}

func rowBucket(row []byte) int64 { return int64(binary.LittleEndian.Uint64(row) &^ (1 << 63)) }

// write logs the first failure of many, and the first success after it.
func (h *History) write(b []byte, at int64) {
	_, err := h.data.WriteAt(b, at)
	if err != nil && !h.failing {
		h.log.Warn("history cannot be written; graphs will have a hole", logkey.Err, err)
	}
	if err == nil && h.failing {
		h.log.Info("history is written again")
	}
	h.failing = err != nil
}
