// Package workload makes records of all shapes that name themselves, and a load of them.
//
// A record's value is its own birth certificate: magic, run, topic hash, partition, producer, sequence, shape, length and a
// checksum over all. Wherever such a record turns up, it says which record it is, and a changed byte shows. Records without
// a value carry the same in a header, except the wholly empty ones, which nothing can tell apart.
package workload
