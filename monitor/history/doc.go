// Package history remembers how metrics moved, for a year and in a fixed amount
// of space: five tiers of points, each a ring that its newest point overwrites.
//
//	10 s for 4 hours, 1 min for a day, 10 min for a week, 1 h for a month, 6 h for a year
//
// A point is minimum, mean and maximum of the next finer tier's points in its
// time; what is missing is missing, and counts for nothing. A coarser point is
// made anew with every sample from finer points that are stored already, so
// nothing is kept in memory that the end of the process could lose.
//
// # The file
//
// One file of fixed size, little endian, written in place:
//
//	page 0      magic, version, number of series, the tiers, CRC-32C of these
//	directory   512 bytes a series: CRC-32C, length of the name, time since when, name
//	tiers       for each tier its rows: number of the row's time, CRC-32C, and
//	            12 bytes a series (three float32; NaN for nothing)
//
// A row holds one moment of all series, so a sample is five small writes whatever
// the number of series. A row that was torn by a crash fails its CRC and reads as
// missing; so does one that was never written. A row of an older round of the
// ring tells so by its number.
//
// The package starts no goroutine. A History is safe for concurrent use.
package history
