package offsets

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var when = time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)

// examples has one record of each kind, with the JSON it must be for ever.
func examples() []struct {
	key       Key
	keyJSON   string
	value     any
	valueJSON string
} {
	id := TopicID{0: 1, 15: 0xff}
	copyKey := Key{Topic: "orders", Partition: 3, Target: "west.orders", Generation: 1}
	with := func(kind string, set func(*Key)) Key {
		k := copyKey.copyOf(kind)
		if set != nil {
			set(&k)
		}
		return k
	}
	const copyJSON = `"topic":"orders","partition":3,"target":"west.orders","generation":1`
	return []struct {
		key       Key
		keyJSON   string
		value     any
		valueJSON string
	}{
		{Key{Kind: KindRoute}, `{"kind":"route","page":0}`,
			RouteFacts{SourceCluster: "S", TargetCluster: "T", ReadCommitted: true, FirstStart: when, Topics: []string{"a", "b"}, Pages: 1},
			`{"v":1,"source_cluster":"S","target_cluster":"T","committed":true,"first_start":"2026-03-04T05:06:07.89Z","topics":["a","b"],"pages":1}`},
		{with(KindCheckpoint, nil), `{"kind":"checkpoint",` + copyJSON + `}`,
			Checkpoint{SourceTopicID: id, TargetTopicID: id, Source: 10, SourceEpoch: 2, LastSource: 8, Ordinal: 9, Target: 9, TargetEpoch: -1, Time: when},
			`{"v":1,"sid":"AQAAAAAAAAAAAAAAAAAA_w","tid":"AQAAAAAAAAAAAAAAAAAA_w","source":10,"epoch":2,"last":8,"ordinal":9,"target":9,"tepoch":-1,"time":"2026-03-04T05:06:07.89Z"}`},
		{with(KindCheckpoint, nil), `{"kind":"checkpoint",` + copyJSON + `}`,
			Checkpoint{SourceEpoch: -1, LastSource: -1, Ordinal: 7, Base: 7, ReadCommitted: true, Filter: "local", Shared: true, Compacted: true, Clean: true},
			`{"v":1,"sid":"AAAAAAAAAAAAAAAAAAAAAA","tid":"AAAAAAAAAAAAAAAAAAAAAA","source":0,"epoch":-1,"last":-1,"ordinal":7,"base":7,"target":0,"tepoch":0,"committed":true,"filter":"local","shared":true,"compacted":true,"clean":true}`},
		{with(KindMap, func(k *Key) { k.Page = 2 }), `{"kind":"map",` + copyJSON + `,"page":2}`,
			MapPage{Runs: []Run{{5, 0, 100, 0, 0}, {106, 100, 250, 0, 0}, {360, 350, 9000, 90, 1}}},
			`{"v":1,"runs":[[5,0,100],[1,0,250],[4,0,9000,90,1]]}`},
		{with(KindDrift, func(k *Key) { k.From = 500 }), `{"kind":"drift",` + copyJSON + `,"from":500}`,
			Drift{Source: 500, Ordinal: 400, Cause: "loss", Time: when},
			`{"v":1,"source":500,"ordinal":400,"cause":"loss","time":"2026-03-04T05:06:07.89Z"}`},
		{with(KindLoss, func(k *Key) { k.From = 0 }), `{"kind":"loss",` + copyJSON + `,"from":0}`,
			Loss{From: 0, To: 500, TargetFrom: -1, TargetTo: -1, Cause: "retention", Detail: "x", Time: when},
			`{"v":1,"from":0,"to":500,"target_from":-1,"target_to":-1,"cause":"retention","detail":"x","time":"2026-03-04T05:06:07.89Z"}`},
		{with(KindLoss, func(k *Key) { k.From, k.TargetFrom = 9, 7 }), `{"kind":"loss",` + copyJSON + `,"from":9,"target_from":7}`,
			Loss{From: 9, To: 9, TargetFrom: 7, TargetTo: 8, Cause: "foreign"},
			`{"v":1,"from":9,"to":9,"target_from":7,"target_to":8,"cause":"foreign"}`},
		{Key{Kind: KindPause}, `{"kind":"pause","topic":""}`, Pause{Paused: true, By: "anna", Time: when},
			`{"v":1,"paused":true,"by":"anna","time":"2026-03-04T05:06:07.89Z"}`},
		{Key{Kind: KindRate}, `{"kind":"rate"}`, Rate{BytesPerSecond: 5 << 20, By: "anna", Reason: "the line is full", Time: when},
			`{"v":1,"bytes_per_second":5242880,"by":"anna","reason":"the line is full","time":"2026-03-04T05:06:07.89Z"}`},
		{Key{Kind: KindRate}, `{"kind":"rate"}`, Rate{File: true}, `{"v":1,"bytes_per_second":0,"file":true}`},
		{Key{Kind: KindVerify}, `{"kind":"verify"}`, Verify{Time: when, Seconds: 1.5, Records: 100, Differences: 2, Lost: 3, Unread: 1, By: "anna"},
			`{"v":1,"time":"2026-03-04T05:06:07.89Z","seconds":1.5,"records":100,"differences":2,"lost":3,"unread":1,"by":"anna"}`},
		{Key{Kind: KindConfig, Target: "west.orders"}, `{"kind":"config","target":"west.orders"}`,
			TopicConfig{Keys: []string{"retention.ms"}, TopicID: id, Created: true},
			`{"v":1,"keys":["retention.ms"],"id":"AQAAAAAAAAAAAAAAAAAA_w","created":true}`},
		{Key{Kind: KindBackfill, Topic: "orders", Partition: 3, Target: "west.orders", Member: "b1"}, `{"kind":"backfill","topic":"orders","partition":3,"target":"west.orders","member":"b1"}`,
			Backfill{SourceTopicID: id, From: 5, To: 9, Time: when},
			`{"v":1,"sid":"AQAAAAAAAAAAAAAAAAAA_w","from":5,"to":9,"time":"2026-03-04T05:06:07.89Z"}`},
		{Key{Kind: KindOwner, Member: "host-1"}, `{"kind":"owner","member":"host-1"}`,
			Owner{Process: "host-1", URL: "http://h:1", Lanes: []int32{0, 5}, Time: when, RecordsPerSecond: 1.5, BytesPerSecond: 2e6},
			`{"v":1,"process":"host-1","url":"http://h:1","lanes":[0,5],"time":"2026-03-04T05:06:07.89Z","records_per_second":1.5,"bytes_per_second":2000000}`},
	}
}

func TestRecordsArePinned(t *testing.T) {
	for _, e := range examples() {
		if got := string(EncodeKey(e.key)); got != e.keyJSON {
			t.Errorf("key: got %s, want %s", got, e.keyJSON)
		}
		key, err := DecodeKey([]byte(e.keyJSON))
		if err != nil || key != e.key {
			t.Errorf("decoded key: got %+v, %v, want %+v", key, err, e.key)
		}
		if got := string(EncodeValue(e.value)); got != e.valueJSON {
			t.Errorf("value: got  %s\nwant %s", got, e.valueJSON)
		}
		value, err := Decode(e.key.Kind, []byte(e.valueJSON))
		if err != nil || !reflect.DeepEqual(value, e.value) {
			t.Errorf("decoded value: got %+v, %v, want %+v", value, err, e.value)
		}
	}
}

func TestCheckpointIsCompact(t *testing.T) {
	full := Checkpoint{SourceTopicID: TopicID{1}, TargetTopicID: TopicID{2}, Source: 1e12, SourceEpoch: 1000, LastSource: 1e12, Ordinal: 1e12,
		Target: 1e12, TargetEpoch: 1000, ReadCommitted: true, Time: when}
	if got := len(EncodeValue(full)); got > 240 {
		t.Errorf("a checkpoint has %d bytes: %s", got, EncodeValue(full))
	}
}

func TestEncodeValueOfOddValues(t *testing.T) {
	odd := Owner{RecordsPerSecond: math.NaN(), BytesPerSecond: math.Inf(1), Time: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}
	got := string(EncodeValue(odd))
	want := `{"v":1,"process":"","lanes":null,"records_per_second":0,"bytes_per_second":0}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	local := time.Date(2026, 3, 4, 7, 6, 7, 890_123_456, time.FixedZone("x", 7200))
	back, err := Decode(KindPause, EncodeValue(Pause{Time: local}))
	if err != nil || !back.(Pause).Time.Equal(when) {
		t.Errorf("time: got %v, %v, want %v", back, err, when)
	}
	defer func() {
		if recover() == nil {
			t.Error("a value that is no record was encoded")
		}
	}()
	EncodeValue(&Pause{})
}

func TestDecodeRefuses(t *testing.T) {
	const cp = `"source":1,"epoch":0,"last":0,"ordinal":1,"target":1,"tepoch":0`
	tests := []struct{ name, kind, value, want string }{
		{"tombstone", KindCheckpoint, "", "unexpected end"},
		{"no JSON", KindCheckpoint, "\x00\x01", "invalid character"},
		{"null", KindCheckpoint, "null", "no version"},
		{"no version", KindCheckpoint, `{` + cp + `}`, "no version"},
		{"version 0", KindCheckpoint, `{"v":0,` + cp + `}`, "no version"},
		{"version is text", KindCheckpoint, `{"v":"2"}`, "cannot unmarshal"},
		{"no numbers", KindCheckpoint, `{"v":1}`, "missing"},
		{"null number", KindCheckpoint, `{"v":1,"source":null,"epoch":0,"last":0,"ordinal":1,"target":1,"tepoch":0}`, "missing"},
		{"no epoch", KindCheckpoint, `{"v":1,"source":1,"last":0,"ordinal":1,"target":1,"tepoch":0}`, "missing"},
		{"fraction", KindCheckpoint, `{"v":1,"source":1.5}`, "cannot unmarshal"},
		{"too large", KindCheckpoint, `{"v":1,"source":9223372036854775808}`, "cannot unmarshal"},
		{"negative", KindCheckpoint, `{"v":1,"source":-1,"epoch":0,"last":0,"ordinal":1,"target":1,"tepoch":0}`, "negative"},
		{"ordinal below base", KindCheckpoint, `{"v":1,"base":2,` + cp + `}`, "below base"},
		{"rate without a number", KindRate, `{"v":1,"by":"anna"}`, "missing"},
		{"negative rate", KindRate, `{"v":1,"bytes_per_second":-1}`, "negative"},
		{"verify without numbers", KindVerify, `{"v":1,"records":1}`, "missing"},
		{"negative verify", KindVerify, `{"v":1,"records":1,"differences":1,"unread":-1}`, "negative"},
		{"short topic id", KindCheckpoint, `{"v":1,"sid":"AQ",` + cp + `}`, "2 characters"},
		{"bad topic id", KindCheckpoint, `{"v":1,"sid":"!!!!!!!!!!!!!!!!!!!!!!",` + cp + `}`, "illegal base64"},
		{"drift without ordinal", KindDrift, `{"v":1,"source":1}`, "missing"},
		{"loss backwards", KindLoss, `{"v":1,"from":5,"to":4}`, "no range"},
		{"loss of target backwards", KindLoss, `{"v":1,"from":5,"to":5,"target_from":7,"target_to":6}`, "no range"},
		{"run with two numbers", KindMap, `{"v":1,"runs":[[1,2]]}`, "2 numbers"},
		{"run without records", KindMap, `{"v":1,"runs":[[1,2,0]]}`, "too few records"},
		{"one record, two places", KindMap, `{"v":1,"runs":[[1,2,1,1,0]]}`, "too few records"},
		{"negative gap", KindMap, `{"v":1,"runs":[[1,2,3],[-1,2,3]]}`, "out of range"},
		{"huge run", KindMap, `{"v":1,"runs":[[1,2,9223372036854775807]]}`, "out of range"},
		{"huge sum", KindMap, `{"v":1,"runs":[[2305843009213693951,0,2305843009213693951]]}`, "out of range"},
		{"huge sum of runs", KindMap, `{"v":1,"runs":[[0,0,2305843009213693951],[2305843009213693951,0,1]]}`, "out of range"},
		{"too many runs", KindMap, `{"v":1,"runs":[` + strings.Repeat(`[0,0,1],`, pageRunsAccepted) + `[0,0,1]]}`, "4097 runs"},
		{"pages", KindRoute, `{"v":1,"pages":1025}`, "1025 pages"},
		{"deep", KindPause, `{"v":1,"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, "exceeded max depth"},
		{"long", KindPause, `{"v":1,"by":"` + strings.Repeat("x", maxValueBytes) + `"}`, "more than"},
	}
	for _, tt := range tests {
		v, err := Decode(tt.kind, []byte(tt.value))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v, want an error with %q", tt.name, v, err, tt.want)
		}
	}
}

func TestDecodeVersions(t *testing.T) {
	_, err := Decode(KindCheckpoint, []byte(`{"v":2,"source":{"new":"shape"}}`))
	var newer *NewerError
	if !errors.As(err, &newer) || newer.Version != 2 || newer.Key.Kind != KindCheckpoint {
		t.Errorf("newer: got %v", err)
	}
	var unknown *UnknownKindError
	if _, err := Decode("later", []byte(`{"v":1}`)); !errors.As(err, &unknown) || unknown.Kind != "later" {
		t.Errorf("unknown kind: got %v", err)
	}
	v, err := Decode(KindPause, []byte(`{"paused":true,"since":"a later field","v":1}`))
	if err != nil || !v.(Pause).Paused {
		t.Errorf("a field added later: got %v, %v", v, err)
	}
}

func TestDecodeKeyRefuses(t *testing.T) {
	tests := []struct{ name, key, want string }{
		{"nothing", ``, "unexpected end"},
		{"no object", `5`, "cannot unmarshal"},
		{"no kind", `{"topic":"a"}`, "no kind"},
		{"spaces", `{"kind":"pause", "topic":"a"}`, "not written the way"},
		{"other order", `{"topic":"a","kind":"pause"}`, "not written the way"},
		{"missing field", `{"kind":"checkpoint","topic":"a","partition":1,"target":"b"}`, "not written the way"},
		{"field of another kind", `{"kind":"pause","topic":"a","page":1}`, "not written the way"},
		{"field twice", `{"kind":"pause","topic":"b","topic":"a"}`, "not written the way"},
		{"unknown field", `{"kind":"pause","topic":"a","x":1}`, "not written the way"},
		{"behind it", `{"kind":"pause","topic":"a"}x`, "invalid character"},
		{"negative partition", `{"kind":"checkpoint","topic":"a","partition":-1,"target":"b","generation":0}`, "out of range"},
		{"generation beyond a producer epoch", `{"kind":"checkpoint","topic":"a","partition":1,"target":"b","generation":32768}`, "out of range"},
		{"page", `{"kind":"map","topic":"a","partition":1,"target":"b","generation":0,"page":1024}`, "out of range"},
		{"from", `{"kind":"drift","topic":"a","partition":1,"target":"b","generation":0,"from":-1}`, "out of range"},
		{"partition beyond 32 bits", `{"kind":"checkpoint","topic":"a","partition":2147483648,"target":"b","generation":0}`, "cannot unmarshal"},
		{"long", `{"kind":"pause","topic":"` + strings.Repeat("x", maxKeyBytes) + `"}`, "more than"},
	}
	for _, tt := range tests {
		k, err := DecodeKey([]byte(tt.key))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %+v, %v, want an error with %q", tt.name, k, err, tt.want)
		}
	}
}

func TestDecodeKeyOfUnknownKind(t *testing.T) {
	k, err := DecodeKey([]byte(`{"kind":"later","id":"b1","topic":"orders","partition":2}`))
	want := Key{Kind: "later", Topic: "orders", Partition: 2}
	if err != nil || k != want {
		t.Errorf("got %+v, %v, want %+v", k, err, want)
	}
}

// anyKey draws a key of a known kind with every field in range.
func anyKey(t *rapid.T, name *rapid.Generator[string]) Key {
	kinds := []string{KindRoute, KindCheckpoint, KindMap, KindDrift, KindLoss, KindPause, KindRate, KindVerify, KindConfig, KindOwner, KindBackfill}
	k := Key{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	fields, _ := fieldsOf(k.Kind)
	if fields&fTopic != 0 {
		k.Topic = name.Draw(t, "topic")
	}
	if fields&fPartition != 0 {
		k.Partition = rapid.Int32Min(0).Draw(t, "partition")
	}
	if fields&fTarget != 0 {
		k.Target = name.Draw(t, "target")
	}
	if fields&fGeneration != 0 {
		k.Generation = rapid.Int32Range(0, math.MaxInt16).Draw(t, "generation")
	}
	if fields&fFrom != 0 {
		k.From = rapid.Int64Min(0).Draw(t, "from")
	}
	if fields&fTargetFrom != 0 {
		k.TargetFrom = rapid.Int64Min(0).Draw(t, "target from")
	}
	if fields&fPage != 0 {
		k.Page = rapid.Int32Range(0, MaxPages-1).Draw(t, "page")
	}
	if fields&fMember != 0 {
		k.Member = name.Draw(t, "member")
	}
	return k
}

func TestKeyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := anyKey(t, rapid.String())
		b := EncodeKey(k)
		if !json.Valid(b) {
			t.Fatalf("%s is no JSON", b)
		}
		got, err := DecodeKey(b)
		if err != nil || got != k {
			t.Fatalf("got %+v, %v, want %+v", got, err, k)
		}
		if k.String() == "" {
			t.Fatal("no text")
		}
	})
}

func TestKeyText(t *testing.T) {
	tests := map[string]Key{
		"route page 2":                        {Kind: KindRoute, Page: 2},
		"checkpoint of a/3 as b":              {Kind: KindCheckpoint, Topic: "a", Partition: 3, Target: "b"},
		"map of a/3 as b generation 1 page 4": {Kind: KindMap, Topic: "a", Partition: 3, Target: "b", Generation: 1, Page: 4},
		"loss of a/3 as b from 7":             {Kind: KindLoss, Topic: "a", Partition: 3, Target: "b", From: 7},
		"pause of the route":                  {Kind: KindPause},
		"rate of the route":                   {Kind: KindRate},
		"pause of a":                          {Kind: KindPause, Topic: "a"},
		"config of b":                         {Kind: KindConfig, Target: "b"},
		"owner h":                             {Kind: KindOwner, Member: "h"},
		"backfill of a/3 as b by c":           {Kind: KindBackfill, Topic: "a", Partition: 3, Target: "b", Member: "c"},
	}
	for want, k := range tests {
		if got := k.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRouteEntries(t *testing.T) {
	long := func(n int) []string {
		topics := make([]string, n)
		for i := range topics {
			topics[i] = fmt.Sprintf("%0249d", i)
		}
		return topics
	}
	for _, n := range []int{0, 1, 1984, 5000, 12_345} {
		facts := RouteFacts{SourceCluster: "S", TargetCluster: "T", FirstStart: when, Topics: long(n)}
		entries := RouteEntries(facts)
		lane := NewLane(0)
		for i, e := range entries {
			value := EncodeValue(e.Value)
			if len(value) > 600_000 {
				t.Errorf("%d topics: page %d has %d bytes", n, e.Key.Page, len(value))
			}
			if _, ok := lane.Route(); ok {
				t.Errorf("%d topics: complete before page %d", n, e.Key.Page)
			}
			if err := lane.Apply(EncodeKey(e.Key), value, int64(i)); err != nil {
				t.Error(err)
			}
		}
		got, ok := lane.Route()
		got.Pages = 0
		if !ok || len(got.Topics) != n || got.SourceCluster != "S" || !got.FirstStart.Equal(when) {
			t.Errorf("%d topics: got %d, %v", n, len(got.Topics), ok)
		}
		for i, topic := range got.Topics {
			if topic != facts.Topics[i] {
				t.Fatalf("%d topics: topic %d is %s", n, i, topic)
			}
		}
		if len(lane.Faults()) > 0 {
			t.Errorf("%d topics: faults %v", n, lane.Faults())
		}
	}
	short := make([]string, 10_001)
	if got := len(RouteEntries(RouteFacts{Topics: short})); got != 3 {
		t.Errorf("10,001 short topics: got %d pages, want 3", got)
	}
}
