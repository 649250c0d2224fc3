package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mirror/replicate"
)

// asked repeats what it was asked.
type asked struct{}

func (asked) Group(_ context.Context, cluster, group string) replicate.GroupsDocument {
	return replicate.GroupsDocument{Routes: []replicate.GroupsOfRoute{{Name: "r", From: cluster, Groups: []replicate.ShownGroup{{Group: group}}}}}
}

func TestGroupIsAsked(t *testing.T) {
	o := options(loopback(), fakeSource{})
	o.Groups = asked{}
	base := serveOptions(t, o)
	const odd = "team/büro 50%?#..&x=+"
	response, body := ask(t, "GET", base+pathGroups+"?"+url.Values{"cluster": {"west"}, "group": {odd}}.Encode(), nil)
	if response.StatusCode != http.StatusOK || !strings.Contains(body, `"from":"west"`) || !strings.Contains(body, `"group":"team/büro 50%?#..\u0026x=+"`) {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
	for _, query := range []string{"", "?cluster=west", "?group=app"} {
		if response, body := ask(t, "GET", base+pathGroups+query, nil); response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "?cluster=NAME&group=NAME") {
			t.Errorf("%q: got %d %s", query, response.StatusCode, body)
		}
	}
	guardedWeb := loopback()
	guardedWeb.TokenFile = writeFile(t, "token", "open sesame\n")
	guarded := options(guardedWeb, fakeSource{})
	guarded.Groups = asked{}
	if response, _ := ask(t, "GET", serveOptions(t, guarded)+pathGroups+"?cluster=west&group=app", nil); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d without a token, want 401", response.StatusCode)
	}
}
