package rename

import "testing"

func TestExamples(t *testing.T) {
	m := mapper(t, []string{"exact", "/[a-z.]+/", `/[a-c]+-\d{3,}/`, "/[XY].*/"},
		Rule{Topic: "orders", To: "x"},
		Rule{Match: `/clicks\.(.*)/`, To: "{source}.{1}"},
		Rule{Match: `/([a-c]+)-(.*)/`, To: "{2}-{1}"},
		Rule{Match: `/[^a-z]?z+/`, To: "{topic}"},
		Rule{Match: "/ü/", To: "u"},                        // no topic is called so
		Rule{Match: "/1.*/", To: "one"},                    // no such topic is selected
		Rule{Match: "/east\\..*/", To: "{source}.{topic}"}) // never copied
	want := []string{"example", "clicks.x", "Xz", "x", "a-111", "Xx"}
	got := m.Examples()
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %v", got, want)
	}
	for i, d := range got {
		if d.Topic != want[i] || !d.Take {
			t.Errorf("got %+v, want topic %s taken", d, want[i])
		}
	}
}
