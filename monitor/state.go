package monitor

// State says what a partition, a topic or a route is doing.
type State string

// The states. Waiting heals by itself or by what its reason names; Stopped
// needs a decision by somebody. Both carry a reason in plain words.
const (
	CaughtUp   State = "caught_up"
	Copying    State = "copying"
	Starting   State = "starting"
	Recovering State = "recovering"
	Paused     State = "paused"
	Waiting    State = "waiting"
	Stopped    State = "stopped"
)

// States lists all states, the best first.
func States() []State {
	return []State{CaughtUp, Copying, Starting, Recovering, Paused, Waiting, Stopped}
}

// Worst returns the state that an operator must hear of first. The empty state
// is better than every other, so that it can start a loop. A state that this
// version does not know (a newer process of the fleet) is worse than all, since
// it must not hide behind a good one.
func Worst(a, b State) State {
	if badness(b) > badness(a) {
		return b
	}
	return a
}

func badness(s State) int {
	if s == "" {
		return -1
	}
	states := States()
	for i, known := range states {
		if s == known {
			return i
		}
	}
	return len(states)
}

// Troubled reports whether the state needs a reason beside it.
func (s State) Troubled() bool { return s == Waiting || s == Stopped }
