package replicate

import (
	"testing"
	"time"

	"mirror/offsets"
)

// TestMembersOwner goes through what lanes can say about their owners, in the
// orders in which a replay may find it.
func TestMembersOwner(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	says := func(process string, second int, lanes ...int32) offsets.Owner {
		return offsets.Owner{Process: process, Lanes: lanes, Time: at.Add(time.Duration(second) * time.Second)}
	}
	tests := []struct {
		name string
		do   func(m *members)
		want [3]string // owner by lane
	}{
		{"nobody", func(*members) {}, [3]string{}},
		{"claims", func(m *members) {
			m.hear(0, says("a", 0, 0, 1), at)
			m.hear(1, says("a", 0, 0, 1), at)
			m.hear(2, says("b", 0, 2), at)
		}, [3]string{"a", "a", "b"}},
		{"given back", func(m *members) {
			m.hear(0, says("a", 0, 0, 1), at)
			m.hear(1, says("a", 0, 0, 1), at)
			m.forget(1, "a", at)
		}, [3]string{"a"}},
		{"given back and claimed, and the claim is found first", func(m *members) {
			m.hear(1, says("a", 0, 1), at)
			m.hear(1, says("b", 1, 1), at)
			m.forget(1, "a", at)
		}, [3]string{"", "b"}},
		{"lost without giving it back, said in another lane", func(m *members) {
			m.hear(0, says("a", 0, 0, 1), at)
			m.hear(1, says("a", 0, 0, 1), at)
			m.hear(0, says("a", 10, 0), at)
		}, [3]string{"a"}},
		{"the last word of another lane is older", func(m *members) {
			m.hear(0, says("a", 10, 0), at)
			m.hear(1, says("a", 0, 0, 1), at)
		}, [3]string{"a"}},
		{"killed, and its lanes claimed", func(m *members) {
			m.hear(0, says("a", 0, 0, 1), at)
			m.hear(1, says("a", 0, 0, 1), at)
			m.hear(0, says("b", 20, 0, 1, 2), at)
			m.hear(1, says("b", 20, 0, 1, 2), at)
			m.hear(2, says("b", 20, 0, 1, 2), at)
		}, [3]string{"b", "b", "b"}},
		{"a late word of the owner before", func(m *members) {
			m.hear(1, says("b", 20, 1), at)
			m.hear(1, says("a", 19, 1), at.Add(time.Second))
			m.hear(0, says("a", 29, 0), at.Add(10*time.Second))
			m.hear(2, says("b", 30, 1, 2), at.Add(10*time.Second))
		}, [3]string{"a", "b", "b"}},
		{"one stands by", func(m *members) {
			m.hear(0, says("a", 0, 0), at)
			m.hear(0, says("b", 5), at)
		}, [3]string{"a"}},
		{"a lane that there is not", func(m *members) {
			m.hear(0, says("a", 0, 0, -1, 99), at)
			m.hear(0, says("a", 1, 0), at)
		}, [3]string{"a"}},
	}
	for _, test := range tests {
		m := newMembers(3, at)
		test.do(m)
		for lane, want := range test.want {
			if got, ok := m.owner(int32(lane)); got.Process != want || ok != (want != "") {
				t.Errorf("%s: lane %d is owned by %q (%v), want %q", test.name, lane, got.Process, ok, want)
			}
		}
	}
}

// TestMembersSilent lists a process that is silent only as long as nobody has
// taken its lanes.
func TestMembersSilent(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	m := newMembers(2, at)
	m.hear(0, offsets.Owner{Process: "a", Lanes: []int32{0, 1}, Time: at}, at)
	m.hear(1, offsets.Owner{Process: "a", Lanes: []int32{0, 1}, Time: at}, at)
	later := at.Add(silentAfter + time.Second)
	names := func(now time.Time) (list []string) {
		for _, who := range m.others("self", now) {
			list = append(list, who.Process)
		}
		return list
	}
	if got := names(later); len(got) != 1 {
		t.Errorf("silent, and its lanes are nobody's: listed %q", got)
	}
	m.hear(0, offsets.Owner{Process: "b", Lanes: []int32{0, 1}, Time: later}, later)
	if got := names(later); len(got) != 2 {
		t.Errorf("silent, and one of its lanes is not taken: listed %q", got)
	}
	m.hear(1, offsets.Owner{Process: "b", Lanes: []int32{0, 1}, Time: later}, later)
	if got := names(later); len(got) != 1 || got[0] != "b" {
		t.Errorf("all lanes taken: listed %q", got)
	}
	m.forget(0, "b", later)
	m.forget(1, "b", later)
	if got := names(later); len(got) != 0 {
		t.Errorf("stopped: listed %q", got)
	}
	if got := m.freeSince(1); !got.Equal(later) {
		t.Errorf("free since %s, want %s", got, later)
	}
}

// TestOthersEnds bounds the lag by what is proved: once a checkpoint has reached
// an end, all that existed when it was asked for is copied.
func TestOthersEnds(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	id := partID{"orders", 0}
	o := newOthers()
	if _, ok := o.look(id, 5); ok {
		t.Error("an end is known that nobody asked for")
	}
	steps := []struct {
		see      int64 // the end at this second
		source   int64
		copied   int // the second of which all is copied, -1 unknown
		describe string
	}{
		{100, 50, -1, "behind since ever"},
		{200, 90, -1, "still behind the first end"},
		{300, 100, 0, "the first end is reached"},
		{400, 299, 0, "the next goal is the end of then"},
		{500, 300, 2, "it is reached, too"},
		{600, 600, 5, "caught up"},
		{600, 600, 6, "idle"},
		{700, 600, 6, "new records"},
	}
	for second, step := range steps {
		o.see(id, step.see, at.Add(time.Duration(second)*time.Second))
		got, _ := o.look(id, step.source)
		want := at.Add(time.Duration(step.copied) * time.Second)
		if step.copied < 0 {
			want = time.Time{}
		}
		if !got.copiedAt.Equal(want) {
			t.Errorf("%s: all is copied up to %s, want %s", step.describe, got.copiedAt, want)
		}
	}
	o.keep(map[partID]bool{})
	if _, ok := o.look(id, 5); ok {
		t.Error("an end is kept of a partition that is ours now")
	}
}
