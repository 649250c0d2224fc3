package kafka

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// The pool has four size classes for each power of two from 4 KiB to 16 MiB, so that at most a quarter of a buffer is
// memory that nobody asked for and no budget knows of. Each class is a sixteenth larger than its name: a fetch that asks
// for 1 MiB is answered with 1 MiB of batches and some framing.
const (
	minClassBits = 12 // 4 KiB
	maxClassBits = 24 // 16 MiB
	classes      = (maxClassBits-minClassBits)*4 + 1
)

// Pool keeps the memory of buffers for reuse, by size class. Memory nobody uses is left to the garbage collector after
// two of its cycles, so an idle pool holds nothing. It is safe for concurrent use.
type Pool struct {
	free [classes]sync.Pool // of *block
}

// block is the memory of one buffer while nobody uses it.
type block struct{ memory []byte }

// NewPool returns an empty pool.
func NewPool() *Pool { return &Pool{} }

// Get returns a buffer of n bytes, not zeroed, with one reference. Above the largest class it is allocated exactly and
// not kept on release.
func (p *Pool) Get(n int) *Buffer {
	b := &Buffer{}
	b.refs.Store(1)
	class := classOf(n)
	if class < 0 {
		b.Bytes = make([]byte, n)
		b.capacity = n
		return b
	}
	b.free = &p.free[class]
	if m, ok := b.free.Get().(*block); ok {
		b.block = m
	} else {
		b.block = &block{make([]byte, classSize(class))}
	}
	b.Bytes = b.block.memory[:n:n]
	b.capacity = len(b.block.memory)
	return b
}

// released is the count of references after the last release: so far below zero that any further use is noticed.
const released = -1 << 30

// Buffer is pooled memory that is shared by counting references. The one who calls Get or Retain owes one Release.
// Slices of Bytes must not be used after the last Release. A Buffer itself is never reused, only its memory: so a
// release too many is found even when the memory has a new owner.
type Buffer struct {
	// Bytes is the memory asked for; nil after the last Release.
	Bytes []byte

	free     *sync.Pool // immutable; where block goes, nil when it is too large to be kept
	block    *block     // immutable
	capacity int        // immutable
	refs     atomic.Int32
}

// Cap returns the bytes of memory that the buffer holds, which is what it costs; len(Bytes) is what was asked for.
func (b *Buffer) Cap() int { return b.capacity }

// Retain adds a reference. It panics on a buffer that was released, whose memory is somebody else's by then.
func (b *Buffer) Retain() {
	if b.refs.Add(1) <= 1 {
		panic("kafka: buffer retained after its last release")
	}
}

// Release drops a reference, and with the last one returns the memory to the pool. It panics when there is none left.
func (b *Buffer) Release() {
	switch n := b.refs.Add(-1); {
	case n > 0:
		return
	case n < 0:
		panic("kafka: buffer released twice")
	}
	b.refs.Store(released)
	poison(b.Bytes)
	b.Bytes = nil
	if b.free != nil {
		b.free.Put(b.block)
	}
}

// classOf returns the smallest class that holds n bytes, or -1 when none does.
func classOf(n int) int {
	for guess := max(0, (bits.Len(uint(n))-minClassBits-2)*4); guess < classes; guess++ {
		if n <= classSize(guess) {
			return guess
		}
	}
	return -1
}

// classSize returns the bytes in a buffer of the class: 4, 5, 6, 7, 8, 10, 12 ... KiB and a sixteenth.
func classSize(class int) int {
	n := (4 + class%4) << (minClassBits - 2 + class/4)
	return n + n/16
}
