package mirror_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logKeys are all keys of log lines. People search and alarm by them, so the same
// thing has the same key everywhere, and a new one is a decision.
func logKeys() []string {
	return strings.Fields(`
		address answer at before broker by bytes cause checkpoint cluster copies detail dropped err flying franz_level from generation go group
		instance lane lanes left_out lost mirror moved_to name offset old_position ordinal partition path process reason
		records revision route routes rule series sink source source_offset target target_end target_offset target_was
		to topic url verb verdict version warning web why wish`)
}

// logCalls are the methods of slog.Logger and the number of their first key.
var logCalls = map[string]int{"Debug": 1, "Info": 1, "Warn": 1, "Error": 1, "With": 0}

func TestLogKeys(t *testing.T) {
	known := logKeys()
	found := 0
	eachGoFile(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "e2e/") || strings.HasPrefix(path, "bench/") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			keys, all := keysOf(n)
			if !all {
				t.Errorf("%s: a log line has a key that is no literal: this test, and people, could not find it", path)
			}
			for _, key := range keys {
				found++
				if !slices.Contains(known, key) {
					t.Errorf("%s: the log key %q is not in the list", path, key)
				}
			}
			return true
		})
	})
	if found < 50 {
		t.Errorf("got %d keys, want those of all log lines", found)
	}
}

// keysOf returns the keys of a call like log.Info("message", "key", value), and
// whether all of them are literals. Keys that are passed on as a list are the
// caller's; here these are only the ones of the Kafka client, at the level debug.
func keysOf(n ast.Node) (keys []string, all bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil, true
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil, true
	}
	first, ok := logCalls[method.Sel.Name]
	if !ok || !isLogger(method) || call.Ellipsis.IsValid() {
		return nil, true
	}
	all = true
	for i := first; i < len(call.Args); i += 2 {
		text, literal := call.Args[i].(*ast.BasicLit)
		if !literal || text.Kind != token.STRING {
			all = false
			continue
		}
		if key, err := strconv.Unquote(text.Value); err == nil {
			keys = append(keys, key)
		}
	}
	return keys, all
}

// isLogger reports whether a method is a logger's. Of the four that write a line
// only http's Error is something else; With has other owners, too, so that the
// logger's are told by the names that loggers have here.
func isLogger(method *ast.SelectorExpr) bool {
	name := ""
	switch x := method.X.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	if method.Sel.Name == "With" {
		return strings.HasSuffix(strings.ToLower(name), "log") || strings.HasSuffix(strings.ToLower(name), "logger")
	}
	return name != "http"
}

// TestLogKeysAreTold compares the list with the one of the operator's guide.
func TestLogKeysAreTold(t *testing.T) {
	text, err := os.ReadFile("docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n### Keys of the log\n")
	section, _, _ = strings.Cut(section, "\n#")
	if !found {
		t.Fatal("docs/operating.md has no section about the keys of the log")
	}
	var told []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for i, part := range strings.Split(strings.Split(line, "|")[1], "`") {
			if i%2 == 1 {
				told = append(told, part)
			}
		}
	}
	slices.Sort(told)
	known := logKeys()
	slices.Sort(known)
	if !slices.Equal(told, known) {
		t.Errorf("docs/operating.md tells the keys\n%q, want\n%q", told, known)
	}
}
