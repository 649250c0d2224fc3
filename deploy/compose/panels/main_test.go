package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// A rule that is not evaluated, a variable without values and a panel without data are each told.
func TestCheck(t *testing.T) {
	text, err := os.ReadFile("../../grafana/mirror.json")
	if err != nil {
		t.Fatal(err)
	}
	var d asked
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, contains, answer, want string }{
		{"", "", "", ""},
		{"/rules", "", `{"groups":[]}`, "Prometheus has no rules"},
		{"/rules", "", `{"groups":[{"rules":[{"name":"MirrorDown","health":"err","lastError":"many-to-many"}]}]}`, "rule MirrorDown is err: many-to-many"},
		{"/values", "mirror_route_records_total", `[]`, "variable route has 0 values"},
		{"/query", "mirror_route_lag_seconds", `{"result":[]}`, "has 0 results"},
		{"/query", "mirror_route_lag_seconds", "", "parse error"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm() // what cannot be read is not there
			path, about := r.URL.Path, r.Form.Encode()
			answer := map[bool]string{true: `{"result":[{}]}`, false: `["a"]`}[strings.HasSuffix(path, "/query")]
			if strings.HasSuffix(path, "/rules") {
				answer = `{"groups":[{"rules":[{"name":"MirrorDown","health":"ok"}]}]}`
			}
			if c.path != "" && strings.HasSuffix(path, c.path) && strings.Contains(about, c.contains) {
				answer = c.answer
			}
			if strings.Contains(about, "%24") { // a variable that nobody filled in
				answer = ""
			}
			if answer == "" {
				fmt.Fprint(w, `{"status":"error","error":"parse error"}`)
				return
			}
			fmt.Fprintf(w, `{"status":"success","data":%s}`, answer)
		}))
		faults := strings.Join(check(prometheus{server.URL, &http.Client{Timeout: time.Minute}}, d), "\n")
		server.Close()
		if (c.want == "") != (faults == "") || !strings.Contains(faults, c.want) {
			t.Errorf("%s answers %s: got faults %q, want %q", c.path, c.answer, faults, c.want)
		}
	}
}
