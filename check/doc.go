// Package check looks at the clusters of a configuration before the daemon runs: whether they can be reached, are new
// enough and may be used as the routes want, and what the target's settings would do to what is copied.
//
// It changes nothing. Permissions are learned from what brokers tell about existing topics (KIP-430), and otherwise by
// requests that are refused for another reason when they are allowed: an empty Produce, a Fetch beyond every log, a
// heartbeat of a member that the group does not have, and requests to the controller that are marked as validation only.
package check
