package replicate

import (
	"testing"
	"time"
)

// TestMeter averages over ten seconds and forgets what was before.
func TestMeter(t *testing.T) {
	var m meter
	at := time.UnixMilli(1_700_000_000_000)
	if records, bytes := m.rates(); records != 0 || bytes != 0 {
		t.Errorf("nothing measured: got %v records and %v bytes a second", records, bytes)
	}
	total := int64(0)
	for i, step := range []int64{0, 1000, 1000, 1000} {
		total += step
		m.add(at.Add(time.Duration(i)*time.Second), total, 10*total)
	}
	if records, bytes := m.rates(); records != 1000 || bytes != 10_000 {
		t.Errorf("a steady flow: got %v records and %v bytes a second, want 1000 and 10000", records, bytes)
	}
	for i := range 11 {
		m.add(at.Add(time.Duration(4+i)*time.Second), total, 10*total)
	}
	if records, bytes := m.rates(); records != 0 || bytes != 0 {
		t.Errorf("ten quiet seconds: got %v records and %v bytes a second", records, bytes)
	}
}
