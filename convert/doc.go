// Package convert makes a mirror.yaml of the configuration of MirrorMaker 2: the
// properties file of its dedicated mode, or the KafkaMirrorMaker2 resource that
// Strimzi runs it from.
//
// Every line of the input ends in one of three ways: it has an equal in the
// output; mirror has no need of it, and a comment says why; or what it asks for
// does not happen any more, and a comment that begins with DROPPED says so and
// what to do. Nothing is left out in silence.
//
// Secrets never get into the output, neither as values nor in comments: where the
// input has a password the output names a file to put it in. Values of settings
// that this package does not know are not repeated either, since they could be one.
//
// The package reads no file and asks no cluster.
package convert
