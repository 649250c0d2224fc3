package offsets

import "testing"

func TestGroupMark(t *testing.T) {
	mark := GroupMark{Route: "west-to-east", Generation: 3, Source: 1200, Target: 1187}
	if got, want := mark.String(), "mirror:1:west-to-east:3:1200:1187"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, ok := ParseGroupMark(mark.String()); !ok || got != mark {
		t.Errorf("got %+v, %v", got, ok)
	}
	for _, foreign := range []string{"", "mirror", "mirror:1:", "mirror:2:a:0:1:2", "mirror:1:a:0:1", "mirror:1::0:1:2", "mirror:1:a:0:1:2:3",
		"mirror:1:a:0:01:2", "mirror:1:a:0:+1:2", "mirror:1:a:70000:1:2", "mirror:1:a:0:1:2 ", "some-member-id", "mirror:1:a:0:x:2"} {
		if got, ok := ParseGroupMark(foreign); ok {
			t.Errorf("%q is taken for %+v", foreign, got)
		}
	}
}

func FuzzGroupMark(f *testing.F) {
	f.Add("mirror:1:west-to-east:0:1200:1187")
	f.Add("mirror:1:::::")
	f.Add("")
	f.Fuzz(func(t *testing.T, metadata string) {
		if m, ok := ParseGroupMark(metadata); ok && m.String() != metadata {
			t.Errorf("%q is read as %+v", metadata, m)
		}
	})
}
