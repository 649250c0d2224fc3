// Package truth reads partitions raw and judges whether one is an exact copy of another.
//
// It shares no code with the mirror: headers and records are parsed here again, so that a mistake of the mirror's parser
// cannot hide itself. The source's own log is the truth, not what a test's producer remembers.
package truth
