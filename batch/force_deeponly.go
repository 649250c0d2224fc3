//go:build deeponly

package batch

// forced makes Decide send every batch the deep way: `go test -tags deeponly`
// runs any test with the shallow copy switched off.
const forced = true
