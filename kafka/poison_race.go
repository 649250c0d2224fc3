//go:build race

package kafka

// poison spoils memory that was released, so that a test that still uses it reads nonsense instead of what it expects,
// and the race detector sees two writers when it is used at the same time.
func poison(b []byte) {
	if len(b) == 0 {
		return
	}
	b[0] = 0xdb
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
