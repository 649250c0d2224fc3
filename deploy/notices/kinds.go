package notices

import (
	"slices"
	"strings"
)

// kindsOf tells which licences a text holds, as identifiers of SPDX: by sentences
// that each has and no other. A text may hold several, for several files.
func kindsOf(text string) []string {
	words := strings.ToLower(strings.Join(strings.Fields(text), " "))
	var kinds []string
	for _, k := range []struct{ id, sentence string }{
		{"Apache-2.0", "apache license, version 2.0"},
		{"Apache-2.0", "apache license version 2.0, january 2004"},
		{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
		{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy of this software"},
		{"MPL-2.0", "mozilla public license, version 2.0"},
	} {
		if strings.Contains(words, k.sentence) && !slices.Contains(kinds, k.id) {
			kinds = append(kinds, k.id)
		}
	}
	return append(kinds, bsd(words)...)
}

// bsd tells the licences with two and with three clauses apart: the third is that
// about names. Each has the first sentence once.
func bsd(words string) []string {
	count := func(sentence string) int { return strings.Count(words, sentence) }
	all, three := count("redistribution and use in source and binary forms"), 0
	for _, sentence := range []string{"neither the name of", "the names of its contributors may not be used"} {
		three += count(sentence)
	}
	var kinds []string
	if all > three {
		kinds = append(kinds, "BSD-2-Clause")
	}
	if three > 0 {
		kinds = append(kinds, "BSD-3-Clause")
	}
	return kinds
}
