package web

import (
	"regexp"
	"strings"
	"testing"
)

// maxPageBytes is what the whole page may take, uncompressed.
const maxPageBytes = 150_000

// The page is one document, one script and one style, small, and needs nothing
// from anywhere else: no other origin, no script or style in the document, which
// the content security policy would refuse.
func TestPageIsSmallAndAlone(t *testing.T) {
	url := start(t, loopback(), fakeSource{ready: true})
	total := 0
	body := make(map[string]string)
	for _, path := range []string{"/", "/page.js", "/page.css", "/icon.svg"} {
		_, body[path] = ask(t, "GET", url+path, nil)
		total += len(body[path])
	}
	if total > maxPageBytes {
		t.Errorf("the page has %d bytes, more than %d", total, maxPageBytes)
	}
	for path, text := range body {
		if found := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+\.[a-z]{2,}`).FindAllString(text, -1); len(found) > 0 {
			for _, address := range found {
				if address != "http://www.w3.org" { // names XML's dialects, nothing is loaded
					t.Errorf("%s names %s", path, address)
				}
			}
		}
	}
	html := body["/"]
	for _, pattern := range []string{`<style`, `style=`, ` on[a-z]+=`, `<script[^>]*>[^<]`, `javascript:`} {
		if found := regexp.MustCompile(pattern).FindString(html); found != "" {
			t.Errorf("the document has %q, which the policy refuses", found)
		}
	}
	if strings.Count(html, "<script") != 1 || strings.Count(html, `rel="stylesheet"`) != 1 {
		t.Error("not one script and one style")
	}
	for _, forbidden := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"} {
		if strings.Contains(body["/page.js"], forbidden) {
			t.Errorf("the script uses %s: a topic's name could become markup", forbidden)
		}
	}
}
