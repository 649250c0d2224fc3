// Package e2e holds tests of the real binary on real brokers.
//
// They run where Java, Maven (the first time) and Go are; elsewhere each is skipped with what is missing, or fails if
// MIRROR_E2E_REQUIRED is 1. MIRROR_E2E_LONG=1 runs the long forms, MIRROR_E2E_CACHE names the folder of the brokers' jars,
// MIRROR_E2E_BINARY a mirror to test instead of one built from here.
// With the build tag deeponly the binary decodes every batch, and the tests expect the same copies.
//
// A test writes records that name themselves (workload), runs mirror against clusters that may be killed meanwhile (brokers),
// and compares what both logs hold, read raw (truth). Clusters without special settings are shared by the tests of a run;
// topics, routes and groups have names of their own. Nothing is judged by the clock: tests wait for conditions, and the
// limits on waiting only keep a hanging run from lasting for ever.
package e2e
