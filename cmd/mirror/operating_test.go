package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// section returns what stands under a heading of the operator's guide.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("docs/operating.md has no section %q", heading)
	}
	inside, _, _ := strings.Cut(after, "\n## ")
	return inside
}

// firstCells returns the code in the first column of tables.
func firstCells(text string) []string {
	var cells []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(text, -1) {
		cells = append(cells, m[1])
	}
	return cells
}

// What the guide says about alarms is about metrics that there are.
func TestAlarmsNameMetrics(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\bmirror_[a-z_]+`).FindAllString(section(t, "What each alarm means and what to do"), -1)
	if len(names) < 10 {
		t.Errorf("got %d metrics, want at least 10", len(names))
	}
	for _, name := range names {
		general := strings.Replace(name, "mirror_route_", "mirror_", 1) // the same of a route
		if !strings.Contains(string(page), "`"+name+"`") && !strings.Contains(string(page), "`"+general+"` | ") {
			t.Errorf("there is no metric %s", name)
		}
	}
}

// said are the texts in the code of packages, and those of them that stop a
// partition or a route.
type said struct {
	texts, stops []string
	causes       map[string]bool // of losses
}

func readTexts(t *testing.T, folders ...string) said {
	t.Helper()
	s := said{causes: make(map[string]bool)}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(err, folder)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, s.visit)
		}
	}
	return s
}

func (s *said) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BasicLit:
		if text, ok := literal(n); ok {
			s.texts = append(s.texts, text)
		}
	case *ast.CallExpr:
		if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "stopf" {
			if text, ok := literal(n.Args[0]); ok && text != "%s" { // that one repeats other reasons
				s.stops = append(s.stops, text)
			}
		}
	case *ast.CompositeLit:
		if name, ok := n.Type.(*ast.SelectorExpr); ok && name.Sel.Name == "Loss" {
			for _, part := range n.Elts {
				if pair, ok := part.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Cause" {
					if text, ok := literal(pair.Value); ok {
						s.causes[text] = true
					}
				}
			}
		}
	case *ast.ValueSpec:
		if strings.HasPrefix(n.Names[0].Name, "cause") && len(n.Values) == 1 {
			if text, ok := literal(n.Values[0]); ok {
				s.causes[text] = true
			}
		}
	}
	return true
}

// literal returns the text of a literal, also of one in two lines.
func literal(n ast.Expr) (string, bool) {
	switch n := n.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(n.Value)
		return text, err == nil && n.Kind == token.STRING
	case *ast.BinaryExpr:
		before, ok := literal(n.X)
		after, also := literal(n.Y)
		return before + after, ok && also
	}
	return "", false
}

// Every reason for which something stops is in the guide, and what the guide
// speaks of is what the code says.
func TestReasonsAreExplained(t *testing.T) {
	code := readTexts(t, "replicate", "kafka")
	explained := firstCells(section(t, "What each alarm means and what to do"))
	if len(explained) < 20 || len(code.stops) < 20 {
		t.Fatalf("got %d reasons in the guide and %d in the code", len(explained), len(code.stops))
	}
	for _, reason := range explained {
		if strings.Contains(reason, "mirror_") {
			continue
		}
		if !slices.ContainsFunc(code.texts, func(text string) bool { return strings.Contains(text, reason) }) {
			t.Errorf("nothing in the code says %q", reason)
		}
	}
	for _, stop := range code.stops {
		if !slices.ContainsFunc(explained, func(reason string) bool { return strings.Contains(stop, reason) }) {
			t.Errorf("docs/operating.md does not tell what to do about %q", stop)
		}
	}
}

// The guide has every cause of a loss, and no other.
func TestCausesAreExplained(t *testing.T) {
	code := readTexts(t, "replicate")
	explained := firstCells(section(t, "Losses"))
	slices.Sort(explained)
	if want := slices.Sorted(maps.Keys(code.causes)); !slices.Equal(explained, want) {
		t.Errorf("the guide explains %q, the code has %q", explained, want)
	}
}
