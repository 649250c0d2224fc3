package e2e

import "sync"

// claimed are the addresses that this run's daemons use; one that is between two lives still owns its address.
var claimed sync.Map

func claim(address string) bool {
	_, taken := claimed.LoadOrStore(address, true)
	return !taken
}
