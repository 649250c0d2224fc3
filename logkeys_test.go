package mirror_test

import (
	"go/ast"
	"go/parser"
	"go/token"
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
			for _, key := range keysOf(n) {
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

// keysOf returns the keys of a call like log.Info("message", "key", value).
func keysOf(n ast.Node) (keys []string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	first, ok := logCalls[method.Sel.Name]
	if !ok || !isLogger(method.X) {
		return nil
	}
	for i := first; i < len(call.Args); i += 2 {
		if text, ok := call.Args[i].(*ast.BasicLit); ok && text.Kind == token.STRING {
			if key, err := strconv.Unquote(text.Value); err == nil {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// isLogger goes by the names that loggers have here: log, and fields named so.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return strings.EqualFold(x.Name, "log")
	case *ast.SelectorExpr:
		return strings.EqualFold(x.Sel.Name, "log")
	}
	return false
}
