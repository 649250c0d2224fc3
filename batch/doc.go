// Package batch reads and rewrites Kafka record batches as bytes.
//
// A source batch reaches the target in one of two ways. The shallow way
// (Patch) rewrites a few header fields in place and leaves the records as the
// producer wrote them. The deep way (Reframe) writes the records anew, for the
// batches a broker would refuse or misread as they are; Decide says which, and
// why. The package does no I/O, starts no goroutines and keeps no state apart
// from pools of coders, so everything in it may be called concurrently, as
// long as no two calls share the same bytes while one of them is Patch.
//
// All input is taken as hostile: lengths and counts are compared with the
// bytes that are really there before anything is allocated for them, and
// compressed records are decompressed as a stream, never as a whole.
//
// # Layout
//
// A record batch (magic 2, KIP-98, DefaultRecordBatch in Kafka) is a header of
// 61 bytes, big endian, and its records, compressed as one block or not at all:
//
//	 0  baseOffset            int64
//	 8  batchLength           int32   bytes that follow this field
//	12  partitionLeaderEpoch  int32
//	16  magic                 int8
//	17  crc                   uint32  CRC-32C of everything from 21 on
//	21  attributes            int16   bits 0-2 codec, 3 LogAppendTime,
//	                                  4 transactional, 5 control, 6 delete horizon
//	23  lastOffsetDelta       int32
//	27  baseTimestamp         int64   ms
//	35  maxTimestamp          int64   ms
//	43  producerId            int64
//	51  producerEpoch         int16
//	53  baseSequence          int32
//	57  recordCount           int32
//	61  records
//
// The CRC covers neither baseOffset nor the leader epoch: whether a batch
// begins where it must is for the caller to check. It does cover everything a
// caller looks at to leave a batch out (producer id, control bit, count).
// Control and empty batches, which no broker will check after us, are verified
// by the Scanner; verify others with VerifyCRC before leaving them out.
//
// A record is a run of varints and bytes (DefaultRecord in Kafka): length,
// attributes (one byte), timestamp delta, offset delta, key, value, headers.
//
// Magic 0 and 1 (MessageSet, before Kafka 0.11) have no batches: each message
// stands alone, and compressed ones are packed into the value of a wrapper
// message. Their Header is explained at Batch.
package batch
