package mirror_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logKeys are the keys by the names of their constants.
func logKeys(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config/logkey/logkey.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			key, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			keys[v.Names[0].Name] = key
		}
		return true
	})
	return keys
}

// logCalls are the methods of slog.Logger and the number of their first key.
var logCalls = map[string]int{"Debug": 1, "Info": 1, "Warn": 1, "Error": 1, "With": 0}

func TestLogKeys(t *testing.T) {
	unused := logKeys(t)
	delete(unused, "LeftOut")    // put on lines by the logger itself
	delete(unused, "FranzLevel") // passed on with those of the Kafka client
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
				t.Errorf("%s: a log line has a key that is no constant of config/logkey", path)
			}
			for _, key := range keys {
				delete(unused, key)
			}
			return true
		})
	})
	for name := range unused {
		t.Errorf("no log line has the key logkey.%s", name)
	}
}

// keysOf returns the constants of a call like log.Info("message", logkey.Topic,
// value), and whether all of its keys are such. Keys that are passed on as a list are the
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
		key, ok := call.Args[i].(*ast.SelectorExpr)
		if !ok || !isNamed(key.X, "logkey") {
			all = false
			continue
		}
		keys = append(keys, key.Sel.Name)
	}
	return keys, all
}

func isNamed(x ast.Expr, name string) bool {
	ident, ok := x.(*ast.Ident)
	return ok && ident.Name == name
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
	known := slices.Sorted(maps.Values(logKeys(t)))
	if !slices.Equal(told, known) {
		t.Errorf("docs/operating.md tells the keys\n%q, want\n%q", told, known)
	}
}
