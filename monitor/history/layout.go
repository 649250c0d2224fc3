package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

const (
	magic        = "MIRRHIST"
	version      = 1
	pageSize     = 4096 // of the header
	entrySize    = 512  // of a directory entry
	entryHead    = 16   // CRC, length, time since when
	rowHead      = 12   // bucket, CRC
	pointSize    = 12
	headerBytes  = len(magic) + 12 + tierCount*8
	maxKeyLength = entrySize - entryHead
	// MaxSeries bounds a file to about 750 MB; a header that says more is damaged.
	MaxSeries = 10_000
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// layout says where in the file things are. It follows from the number of series.
type layout struct{ series int }

func (l layout) entry(slot int) int64 { return pageSize + int64(slot)*entrySize }

func (l layout) rowSize() int { return rowHead + l.series*pointSize }

// row is where a tier keeps a bucket.
func (l layout) row(t int, bucket int64) int64 {
	at := l.entry(l.series)
	all := tiers()
	for _, before := range all[:t] {
		at += int64(before.count) * int64(l.rowSize())
	}
	return at + bucket%int64(all[t].count)*int64(l.rowSize())
}

func (l layout) size() int64 {
	return l.row(tierCount-1, 0) + int64(tiers()[tierCount-1].count)*int64(l.rowSize())
}

// Size returns how many bytes a history of so many series takes.
func Size(series int) int64 { return layout{series}.size() }

// header encodes page 0.
func (l layout) header() []byte {
	page := make([]byte, pageSize)
	b := append(page[:0], magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(l.series))
	b = binary.LittleEndian.AppendUint32(b, tierCount)
	for _, t := range tiers() {
		b = binary.LittleEndian.AppendUint32(b, uint32(t.step.Seconds()))
		b = binary.LittleEndian.AppendUint32(b, uint32(t.count))
	}
	binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return page
}

// parseHeader returns the layout that page 0 tells of.
func parseHeader(page []byte) (layout, error) {
	if len(page) < pageSize || string(page[:len(magic)]) != magic {
		return layout{}, errors.New("it is not a history file")
	}
	sum := binary.LittleEndian.Uint32(page[headerBytes:])
	if sum != crc32.Checksum(page[:headerBytes], castagnoli) {
		return layout{}, errors.New("its header is damaged (CRC)")
	}
	if v := binary.LittleEndian.Uint32(page[len(magic):]); v != version {
		return layout{}, fmt.Errorf("it has version %d, and this program writes version %d", v, version)
	}
	l := layout{int(binary.LittleEndian.Uint32(page[len(magic)+4:]))}
	if l.series < 1 || l.series > MaxSeries {
		return layout{}, fmt.Errorf("it says that it holds %d series", l.series)
	}
	if string(l.header()[:headerBytes]) != string(page[:headerBytes]) {
		return layout{}, errors.New("its tiers are not those of this program")
	}
	return l, nil
}

// entry is a series in the directory. What its slot holds from before since
// belonged to another series.
type entry struct {
	key   string
	since int64 // seconds since 1970
}

func (e entry) encode() []byte {
	b := make([]byte, entrySize)
	if e.key == "" {
		return b
	}
	binary.LittleEndian.PutUint16(b[4:], uint16(len(e.key)))
	binary.LittleEndian.PutUint64(b[8:], uint64(e.since))
	copy(b[entryHead:], e.key)
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b
}

// parseEntry returns a free entry for a damaged one, and says so.
func parseEntry(b []byte) (e entry, damaged bool) {
	length := int(binary.LittleEndian.Uint16(b[4:]))
	sum := binary.LittleEndian.Uint32(b)
	if length == 0 && sum == 0 {
		return entry{}, false
	}
	if length == 0 || length > maxKeyLength || sum != crc32.Checksum(b[4:entrySize], castagnoli) {
		return entry{}, true
	}
	return entry{string(b[entryHead : entryHead+length]), int64(binary.LittleEndian.Uint64(b[8:]))}, false
}

// sealRow writes number and checksum of a row whose points are in place.
func sealRow(row []byte, bucket int64) {
	binary.LittleEndian.PutUint64(row, uint64(bucket))
	binary.LittleEndian.PutUint32(row[8:], rowSum(row))
}

// rowSum covers the number and the points.
func rowSum(row []byte) uint32 {
	return crc32.Update(crc32.Checksum(row[:8], castagnoli), castagnoli, row[rowHead:])
}

// rowHolds reports whether a row is whole and of this bucket.
func rowHolds(row []byte, bucket int64) bool {
	return binary.LittleEndian.Uint64(row) == uint64(bucket) && binary.LittleEndian.Uint32(row[8:]) == rowSum(row)
}

func pointAt(row []byte, slot int) Point {
	b := row[rowHead+slot*pointSize:]
	read := func(at int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b[at:])) }
	return Point{read(0), read(4), read(8)}
}

func setPoint(row []byte, slot int, p Point) {
	b := row[rowHead+slot*pointSize:]
	for i, v := range []float32{p.Min, p.Avg, p.Max} {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
	}
}
