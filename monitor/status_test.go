package monitor

import (
	"encoding/json"
	"testing"
	"time"
)

// The field names are what scripts and dashboards read.
func TestStatusJSON(t *testing.T) {
	lag, at := 1.5, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	status := Status{Mirror: "east", Origin: FromProcess, Routes: []RouteStatus{{
		Name: "r", From: "west", To: "east", State: Copying, LagRecords: 4, LagSeconds: &lag,
		RecordsTotal: 10, BytesTotal: 20, RecordsPerSecond: 0.5, BytesPerSecond: 1, Losses: 1, SkippedMirrored: 2, LSODistanceRecords: 3, AgeSeconds: &lag,
		Limit:      RateLimit{BytesPerSecond: 1024, ByOperator: true, Wish: Wish{By: "ada", Time: &at, Reason: "why"}},
		Pauses:     []PauseStatus{{Topic: "a", Wish: Wish{By: "ada"}}},
		Resumes:    []PauseStatus{{Topic: "b", Wish: Wish{By: "bob"}}},
		LastVerify: &VerifyStatus{Time: at, Seconds: 1.5, Records: 10, Differences: 2, Lost: 3, Unread: 1, By: "ada"},
		GroupSync:  &GroupSyncStatus{AgeSeconds: 3.5, Groups: 2, Positions: map[string]int{"own": 1}, Commits: 7, Reason: "x"},
		Processes: []ProcessStatus{{Process: "p", URL: "http://p:8080", Lanes: []int32{3}, RecordsPerSecond: 0.5, BytesPerSecond: 1, RecordsTotal: 10, BytesTotal: 20,
			AgeSeconds: 2.5, Silent: true, UnnamedTroubles: 4, OtherConfig: true}},
		Topics: []TopicStatus{{Source: "a", Target: "west.a", State: Copying, Partitions: []PartitionStatus{
			{Partition: 7, State: Copying, SourceOffset: 5, TargetOffset: 6, SourceEnd: 9, LagRecords: 4, Lane: 3, Owner: "p"},
		}}},
	}}}
	got, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"mirror":"east","origin":"process","routes":[{"name":"r","from":"west","to":"east","watched":false,"state":"copying","reason":"",` +
		`"lag_records":4,"lag_seconds":1.5,"records_total":10,"bytes_total":20,"records_per_second":0.5,"bytes_per_second":1,` +
		`"losses":1,"skipped_mirrored":2,"lso_distance_records":3,` +
		`"limit":{"bytes_per_second":1024,"by_operator":true,"by":"ada","time":"2026-03-04T05:06:07Z","reason":"why"},"pauses":[{"topic":"a","by":"ada"}],"resumes":[{"topic":"b","by":"bob"}],` +
		`"last_verify":{"time":"2026-03-04T05:06:07Z","seconds":1.5,"records":10,"differences":2,"lost":3,"unread":1,"by":"ada"},"group_sync":{"age_seconds":3.5,"groups":2,"positions":{"own":1},"commits":7,"reason":"x"},"age_seconds":1.5,` +
		`"processes":[{"process":"p","url":"http://p:8080","lanes":[3],"records_per_second":0.5,"bytes_per_second":1,"records_total":10,"bytes_total":20,` +
		`"age_seconds":2.5,"silent":true,"unnamed_troubles":4,"other_config":true}],` +
		`"topics":[{"source":"a","target":"west.a","state":"copying","partitions":[` +
		`{"partition":7,"state":"copying","reason":"","source_offset":5,"target_offset":6,"source_end":9,"lag_records":4,"lag_seconds":null,"retention_seconds":null,"records_per_second":null,"bytes_per_second":null,"lane":3,"owner":"p"}]}]}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRollUp(t *testing.T) {
	one, two := 1.0, 2.0
	route := RouteStatus{Topics: []TopicStatus{
		{Source: "a", Partitions: []PartitionStatus{
			{State: CaughtUp, LagSeconds: new(float64)},
			{State: Copying, LagRecords: 5, LagSeconds: &two},
			{State: Copying, LagRecords: 6, LagSeconds: &one},
		}},
		{Source: "b", Partitions: []PartitionStatus{
			{State: Waiting, Reason: "no leader", LagRecords: 7},
			{State: Recovering, LagRecords: -1},
		}},
		{Source: "empty"},
	}}
	route.RollUp()
	if route.State != Waiting || route.Topics[0].State != Copying || route.Topics[1].State != Waiting {
		t.Errorf("states: got %q of %q and %q", route.State, route.Topics[0].State, route.Topics[1].State)
	}
	if route.LagRecords != 18 || route.LagSeconds == nil || *route.LagSeconds != 2 {
		t.Errorf("lag: got %d records, %v seconds, want 18 and 2", route.LagRecords, route.LagSeconds)
	}
	if route.Topics[2].Partitions == nil || route.Processes == nil {
		t.Error("a topic without partitions, or a route without processes, has null for its list")
	}
	route.RollUp()
	if route.LagRecords != 18 {
		t.Errorf("rolled up twice: got %d records", route.LagRecords)
	}
}

// A route is paused when it is, not when one of its topics is.
func TestRollUpOfWhatRests(t *testing.T) {
	whole, one := []PauseStatus{{Topic: ""}}, []PauseStatus{{Topic: "a"}}
	for _, test := range []struct {
		own    State
		pauses []PauseStatus
		topics []State
		want   State
	}{
		{"", one, []State{Paused, Copying}, Copying},
		{"", one, []State{Paused, CaughtUp}, CaughtUp},
		{"", one, []State{Paused, Stopped}, Stopped},
		{"", one, []State{Paused}, Paused},
		{"", nil, []State{Paused, Paused}, Paused}, // from a process that tells no pauses
		{"", whole, []State{Paused, Recovering}, Paused},
		{"", whole, []State{Paused, Waiting}, Waiting},
		{Waiting, one, []State{Paused, Copying}, Waiting},
		{"", nil, nil, ""},
	} {
		r := RouteStatus{State: test.own, Pauses: test.pauses}
		resting := 0
		for _, state := range test.topics {
			r.Topics = append(r.Topics, TopicStatus{Partitions: []PartitionStatus{{State: state}}})
			if state == Paused {
				resting++
			}
		}
		for range 2 { // rolling up again changes nothing
			r.RollUp()
			if r.State != test.want || r.Resting() != resting {
				t.Errorf("%+v: got %q with %d topics that rest", test, r.State, r.Resting())
			}
		}
	}
}

func TestRollUpKeepsTheRoutesOwnTrouble(t *testing.T) {
	route := RouteStatus{State: Waiting, Reason: "cluster west cannot be reached"}
	route.RollUp()
	if route.State != Waiting || route.Topics == nil {
		t.Errorf("got %q, topics %v", route.State, route.Topics)
	}
}
