package browser

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tileRoute is a route as the page has it from the stream, and the API's status.
type tileRoute struct {
	Name             string
	LagRecords       int64    `json:"lag_records"`
	LagSeconds       *float64 `json:"lag_seconds"`
	BytesPerSecond   float64  `json:"bytes_per_second"`
	RecordsPerSecond float64  `json:"records_per_second"`
	Latency          *float64 `json:"latency_p99_seconds"`
	CatchUp          *float64 `json:"catch_up_seconds"`
	Losses           int64
	LastVerify       *struct {
		Time                       time.Time
		Records, Differences, Lost int64
	} `json:"last_verify"`
}

type tile struct{ Value, Under string }

// overview is what the overview shows, and what it was told, at one moment.
type overview struct {
	Routes []tileRoute
	Tiles  map[string]tile
}

func (s *setting) overview() overview {
	s.t.Helper()
	s.open("#/")
	s.until(`/\d|never/.test(document.querySelector("#tile-verify b").textContent)`)
	return ask[overview](s, `{routes: store.head.routes, tiles: Object.fromEntries([...document.querySelectorAll(".tile")].map((e) => [e.id.slice(5), {value: e.querySelector("b").textContent, under: e.querySelector(".under").textContent}]))}`)
}

// shown is how the page writes a number; nil is unknown.
func (s *setting) shown(unit string, value *float64) string {
	s.t.Helper()
	if value == nil {
		return "–"
	}
	return ask[string](s, fmt.Sprintf(`show(%q, %v)`, unit, *value))
}

func most(routes []tileRoute, of func(*tileRoute) *float64) (worst *tileRoute) {
	for i := range routes {
		r := &routes[i]
		if v := of(r); v != nil && (worst == nil || *v > *of(worst)) {
			worst = r
		}
	}
	return worst
}

// overviewTiles compares the big numbers of the overview with those of the routes.
func (s *setting) overviewTiles(t *testing.T) {
	s.t = t
	o := s.overview()
	want := func(id, value, under string) {
		t.Helper()
		if got := o.Tiles[id]; got.Value != value || !strings.Contains(got.Under, under) {
			t.Errorf("%s: the page shows %q, the routes say %s and %s: %+v", id, got, value, under, o.Routes)
		}
	}
	var bytes, records float64
	for _, r := range o.Routes {
		bytes, records = bytes+r.BytesPerSecond, records+r.RecordsPerSecond
	}
	want("throughput", s.shown("bytes", &bytes), s.shown("count", &records)+" records/s")
	lag := most(o.Routes, func(r *tileRoute) *float64 { return r.LagSeconds })
	want("lag", s.shown("seconds", lag.LagSeconds), fmt.Sprintf("%s, %s record", lag.Name, whole(lag.LagRecords)))
	if slow := most(o.Routes, func(r *tileRoute) *float64 { return r.Latency }); slow != nil {
		want("latency", s.shown("seconds", slow.Latency), "from the source's answer")
	} else {
		want("latency", "–", "nothing was copied")
	}
	grows := slices.ContainsFunc(o.Routes, func(r tileRoute) bool { return r.LagSeconds != nil && *r.LagSeconds >= 5 && r.CatchUp == nil })
	if late := most(o.Routes, func(r *tileRoute) *float64 { return r.CatchUp }); late != nil && !grows {
		want("catchup", s.shown("seconds", late.CatchUp), "")
	} else {
		want("catchup", "–", "")
	}
}

// tiles compares both sides of all routes with mirror verify, and what the
// overview shows of that and of everything else with the API, while nothing moves.
func (s *setting) tiles(t *testing.T) {
	s.overviewTiles(t)
	var told struct{ Routes []tileRoute }
	s.must(s.mirror.Get(s.ctx, "status", &told))
	for _, r := range told.Routes {
		// Its exit code tells of losses, too.
		out, err := exec.CommandContext(s.ctx, s.binary, "verify", "--config", filepath.Join(s.dir, "mirror.yaml"), "--route", r.Name).CombinedOutput()
		if !strings.Contains(string(out), "0 differences") {
			t.Fatalf("verify %s: %v\n%s", r.Name, err, out)
		}
	}
	s.must(s.mirror.Get(s.ctx, "status", &told))
	for _, r := range told.Routes {
		if r.LastVerify == nil {
			t.Fatalf("%s: the status knows of no comparison", r.Name)
		}
	}
	oldest := slices.MinFunc(told.Routes, func(a, b tileRoute) int { return a.LastVerify.Time.Compare(b.LastVerify.Time) })
	under := fmt.Sprintf("%s: %s records equal", oldest.Name, whole(oldest.LastVerify.Records))
	s.open("#/")
	s.until(fmt.Sprintf(`document.querySelector("#tile-verify .under").textContent.startsWith(%q)`, under))
	o := s.overview()
	if want := ask[string](s, fmt.Sprintf(`moment(%q)`, oldest.LastVerify.Time.Format(time.RFC3339Nano))); o.Tiles["verify"].Value != want {
		t.Errorf("the page says %q of the last comparison, want %q", o.Tiles["verify"].Value, want)
	}
	for i, r := range o.Routes {
		is := told.Routes[i]
		if r.Name != is.Name || r.LagRecords != is.LagRecords || r.Losses != is.Losses || (*r.LagSeconds == 0) != (*is.LagSeconds == 0) {
			t.Errorf("the stream says %+v, the API %+v", r, is)
		}
	}
	var losses struct{ Total int64 }
	s.must(s.mirror.Get(s.ctx, "losses", &losses))
	if got := o.Tiles["trouble"].Value; !strings.HasPrefix(got, whole(losses.Total)+" loss") {
		t.Errorf("the page counts %q, the API has %d losses, all of the last hour", got, losses.Total)
	}
}
