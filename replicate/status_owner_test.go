package replicate

import (
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestStatusBelongsToWhoAsks: two statuses have no memory in common, since web
// servers leave routes and topics out of theirs and put rates into it.
func TestStatusBelongsToWhoAsks(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(2, "orders", "clicks"))
	c := p.config(t, "topics: [orders, clicks]", `sync: {groups: {include: ["/.*/"]}}`)
	c.Routes[0].Sync.Groups.Interval = 50 * time.Millisecond
	m, _ := copyTen(t, p, c)
	if _, err := m.Act(t.Context(), Action{Verb: VerbPause, Route: "west-to-east", Topic: "clicks", By: "me"}); err != nil {
		t.Fatal(err)
	}
	waitRounds(t, m, 1)
	waitFor(t, func() string {
		if s := m.Status().Routes[0]; len(s.Pauses) == 0 {
			return "the pause is not in the status"
		}
		return ""
	})
	first, second := map[uintptr]string{}, map[uintptr]string{}
	one, other := m.Status(), m.Status()
	memoryOf(reflect.ValueOf(&one), "", first)
	memoryOf(reflect.ValueOf(&other), "", second)
	if len(first) < 10 {
		t.Errorf("a status has %d places in memory only: %v", len(first), first)
	}
	for at, where := range second {
		if also, both := first[at]; both {
			t.Errorf("%s of one status is %s of another", where, also)
		}
	}
}

// memoryOf notes all memory that a value reaches and others could change.
func memoryOf(v reflect.Value, where string, found map[uintptr]string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type() == reflect.TypeFor[*time.Location]() {
			return
		}
		found[v.Pointer()] = where
		memoryOf(v.Elem(), where, found)
	case reflect.Map:
		if v.Len() > 0 {
			found[v.Pointer()] = where
		}
	case reflect.Slice:
		if v.Len() > 0 {
			found[v.Pointer()] = where
		}
		for i := range v.Len() {
			memoryOf(v.Index(i), where, found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			memoryOf(v.Field(i), where+"."+v.Type().Field(i).Name, found)
		}
	}
}
