// Package offsets keeps positions: which producer id and sequence number a
// copied record has, what the checkpoint topic says about each partition, and
// which target offset belongs to which source offset.
//
// Three things live here, and none of them starts a goroutine:
//
//   - Numbers (Origin, Lineage, LaneOf, Sequence, OrdinalNear): pure functions.
//     Two processes that never met compute the same answers, which is what lets
//     the target's brokers recognise a repeated batch.
//   - The checkpoint topic (Key, the record values, Lane, Store, EnsureTopic): a
//     compacted topic on the target, one partition per lane. A Lane is what its
//     records say after they were replayed in offset order.
//   - The offset map (Map, Run, MapPage): runs of records whose source and
//     target offsets differ by a constant, kept below a fixed size. An answer is
//     exact, or it is earlier than the exact one by a stated slack; it is never
//     later, so that a consumer who moves to the target skips nothing.
//
// All state of a lane is keyed by the record key alone: applying the records a
// compacted topic still has gives the same state as applying all that were ever
// written. The one exception is a value that cannot be read, see Lane.Apply.
package offsets
