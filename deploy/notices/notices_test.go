package notices

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const (
	apache = "Apache License\nVersion 2.0, January 2004"
	bsd3   = "Redistribution and use in source and binary\nforms, with or without modification\n * Neither the name of Google Inc. nor the names of"
	bsd2   = "Redistribution and use in source and binary forms, with or without modification"
	mit    = "Permission is hereby granted, free of charge, to any person\nobtaining a copy of this software"
)

func TestKinds(t *testing.T) {
	for text, want := range map[string][]string{
		apache: {"Apache-2.0"},
		"Licensed under the Apache License, Version 2.0 (the \"License\")": {"Apache-2.0"},
		bsd3:                       {"BSD-3-Clause"},
		bsd2:                       {"BSD-2-Clause"},
		mit:                        {"MIT"},
		bsd3 + "\n" + bsd2:         {"BSD-2-Clause", "BSD-3-Clause"},
		bsd3 + "\n" + bsd3:         {"BSD-3-Clause"},
		mit + "\n" + apache:        {"Apache-2.0", "MIT"},
		"GNU GENERAL PUBLIC":       nil,
		"All rights reserved.":     nil,
		"You may do as you please": nil,
	} {
		got := kindsOf(text)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// A package's own licence counts beside its module's; those of other programs in
// the module do not, and code that is called so is none.
func TestGather(t *testing.T) {
	top := t.TempDir()
	for name, text := range map[string]string{"LICENSE": bsd3, "NOTICE": "hello", "a/b/LICENSE.txt": mit, "a/license.go": "package a", "cmd/COPYING": apache, "a/README": ""} {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	papers := map[string]string{}
	for _, dir := range []string{top, filepath.Join(top, "a"), filepath.Join(top, "a/b")} {
		if err := gather(papers, dir, top); err != nil {
			t.Fatal(err)
		}
	}
	part, err := newPart("example.org/m", "v1.0.0", papers)
	if err != nil {
		t.Fatal(err)
	}
	want := []Paper{{"LICENSE", bsd3}, {"NOTICE", "hello"}, {"a/b/LICENSE.txt", mit}}
	if !slices.Equal(part.Papers, want) || !slices.Equal(part.Licences, []string{"BSD-3-Clause", "MIT"}) {
		t.Errorf("got %+v, want %v", part, want)
	}
	if err := gather(papers, filepath.Dir(top), top); err == nil {
		t.Error("a folder outside of its module is taken")
	}
}

// What may not be passed on, or only after somebody has read how, stops a release.
func TestRefused(t *testing.T) {
	for want, papers := range map[string]map[string]string{
		"m v1.0.0 has no licence":                {},
		"has no licence, so":                     {"NOTICE": mit, "PATENTS": apache},
		"COPYING is a licence of a kind that is": {"COPYING": "GNU GENERAL PUBLIC LICENSE"},
		"x/LICENSE is a licence of a kind that":  {"LICENSE": mit, "x/LICENSE": "for the rich only"},
	} {
		if _, err := newPart("m", "v1.0.0", papers); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", papers, err, want)
		}
	}
}

// Equal texts are there once, under the names of all that they belong to.
func TestText(t *testing.T) {
	got := string(Text([]Part{
		{"std", "1.26.0", []string{"BSD-3-Clause"}, []Paper{{"LICENSE", "first\n"}}},
		{"example.org/m", "v1.0.0", []string{"BSD-3-Clause", "MIT"}, []Paper{{"LICENSE", "first"}, {"x/LICENSE", "second"}}},
	}))
	line := strings.Repeat("=", 80)
	want := "std 1.26.0: BSD-3-Clause\nexample.org/m v1.0.0: BSD-3-Clause, MIT\n\n" +
		line + "\nstd 1.26.0, LICENSE\nexample.org/m v1.0.0, LICENSE\n" + line + "\n\nfirst\n\n" +
		line + "\nexample.org/m v1.0.0, x/LICENSE\n" + line + "\n\nsecond\n"
	if !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at the end\n%s", got, want)
	}
}

func TestOwn(t *testing.T) {
	repo := t.TempDir()
	if own, err := Own(repo); err != nil || len(own) != 0 {
		t.Errorf("got %v, %v of a project without papers", own, err)
	}
	for _, name := range []string{"LICENSE", "NOTICE.md", "README.md"} {
		if err := os.WriteFile(filepath.Join(repo, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if own, err := Own(repo); err != nil || len(own) != 2 || own["LICENSE"] != "LICENSE" || own["NOTICE.md"] != "NOTICE.md" {
		t.Errorf("got %v, %v", own, err)
	}
}

// Of the binary as it is, everything can be told. That all modules are there is
// for the test of the release, which has a binary to compare with.
func TestCollect(t *testing.T) {
	parts, err := Collect(Build{Repo: "../..", OS: runtime.GOOS, Arch: runtime.GOARCH})
	if err != nil {
		t.Fatal(err)
	}
	if parts[0].Path != "std" || parts[0].Version != strings.TrimPrefix(runtime.Version(), "go") {
		t.Errorf("the first part is %s %s", parts[0].Path, parts[0].Version)
	}
	if !slices.ContainsFunc(parts, func(p Part) bool { return p.Path == "github.com/twmb/franz-go" }) {
		t.Errorf("the Kafka client is not among the %d parts", len(parts))
	}
	if _, err := Collect(Build{Repo: t.TempDir(), OS: runtime.GOOS, Arch: runtime.GOARCH}); err == nil {
		t.Error("licences were found in an empty folder")
	}
}
