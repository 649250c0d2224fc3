package monitor

import "testing"

func TestWorst(t *testing.T) {
	tests := []struct{ a, b, want State }{
		{"", CaughtUp, CaughtUp},
		{CaughtUp, "", CaughtUp},
		{CaughtUp, Copying, Copying},
		{Recovering, Copying, Recovering},
		{Recovering, Starting, Recovering},
		{Paused, Waiting, Waiting},
		{Stopped, Waiting, Stopped},
		{"invented_later", Stopped, "invented_later"},
	}
	for _, test := range tests {
		if got := Worst(test.a, test.b); got != test.want {
			t.Errorf("Worst(%q, %q): got %q, want %q", test.a, test.b, got, test.want)
		}
	}
}
