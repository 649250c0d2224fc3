package web

import (
	"bytes"
	"embed"
	"fmt"
	"net/http"
	"strings"
)

//go:embed page
var pageFiles embed.FS

// The parts of the script, in the order in which they are put together: each may
// use what is before it when it is loaded, and everything later.
const scripts = "format dom store graph feed map table lists actions pages clusters copies clusterpages main"

// newPage returns the handlers of the page: one document, one style, one script,
// one icon. The script's parts lie in files of their own and are one when a
// browser asks.
func newPage() (map[string]http.HandlerFunc, error) {
	var script []byte
	for name := range strings.FieldsSeq(scripts) {
		part, err := pageFiles.ReadFile("page/" + name + ".js")
		if err != nil {
			return nil, fmt.Errorf("put the page together: %w", err)
		}
		script = appendCode(script, part)
	}
	page := map[string]http.HandlerFunc{"/page.js": fixed("text/javascript; charset=utf-8", script)}
	for path, file := range map[string]struct{ name, kind string }{
		"/":         {"index.html", "text/html; charset=utf-8"},
		"/page.css": {"page.css", "text/css; charset=utf-8"},
		"/icon.svg": {"icon.svg", "image/svg+xml"},
	} {
		content, err := pageFiles.ReadFile("page/" + file.name)
		if err != nil {
			return nil, fmt.Errorf("put the page together: %w", err)
		}
		page[path] = fixed(file.kind, content)
	}
	return page, nil
}

// appendCode leaves out lines that are comments alone, which no browser reads.
func appendCode(script, part []byte) []byte {
	for line := range bytes.Lines(part) {
		if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("//")) {
			script = append(script, line...)
		}
	}
	return script
}

// fixed always answers the same.
func fixed(kind string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write(content) // the client may be gone: there is nobody to tell
	}
}
