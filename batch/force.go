//go:build !deeponly

package batch

// forced makes Decide send every batch the deep way; see force_deeponly.go.
const forced = false
