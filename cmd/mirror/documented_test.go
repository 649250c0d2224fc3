package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fenced = regexp.MustCompile("(?ms)^ *```[a-z]*\n(.*?)^ *```")
	inCode = regexp.MustCompile("`(mirror [^`]+)`")
	// A word of a shell: in quotes, or bare. What ends a command is a word, too.
	word = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|[|;&<>]+|[^\s|;&<>"']+`)
)

// documented are the commands that a page tells people to type: in blocks those
// behind a dollar, or all where there is none, and what stands as code in its text.
func documented(page string) []string {
	var commands []string
	for _, block := range fenced.FindAllStringSubmatch(page, -1) {
		prompted := strings.Contains("\n"+block[1], "\n$ ") || strings.Contains(block[1], "\n  $ ")
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			command, behind := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if behind == prompted && strings.HasPrefix(command, "mirror ") {
				commands = append(commands, command)
			}
		}
	}
	for _, code := range inCode.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		commands = append(commands, code[1])
	}
	return commands
}

// wordsOf splits a command line as a shell does, up to its end.
func wordsOf(command string) []string {
	var words []string
	for _, w := range word.FindAllString(command, -1) {
		if strings.HasPrefix(w, "#") || strings.ContainsAny(w[:1], "|;&<>") {
			break
		}
		words = append(words, strings.Trim(w, `"'`))
	}
	return words
}

// What the documents tell people to type, there is: commands, flags, and as many
// arguments as they take.
func TestDocumentedCommands(t *testing.T) {
	seen := 0
	for _, file := range []string{"../../README.md", "../../docs/operating.md", "../../docs/outage.md", "../../docs/ARCHITECTURE.md"} {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range documented(string(page)) {
			if strings.Contains(file, "outage") && !strings.Contains(command, "--") {
				continue // it shows output, of which a line may begin so
			}
			seen++
			if why := misspelt(wordsOf(command)); why != "" {
				t.Errorf("%s has %q: %s", file, command, why)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d commands were found", seen)
	}
}

// misspelt says what is wrong with a command line; "" when nothing is.
func misspelt(words []string) string {
	command, rest, err := newRootCommand().Find(words[1:])
	if err != nil {
		return err.Error()
	}
	if slices.Contains(rest, "help") {
		return ""
	}
	if err := command.ParseFlags(rest); err != nil {
		return err.Error()
	}
	arguments := command.Flags().Args()
	if command.HasSubCommands() && len(arguments) > 0 {
		return "unknown command " + arguments[0]
	}
	if len(arguments) == 0 || command.Args == nil {
		return "" // the name alone, in a sentence about the command
	}
	if err := command.ValidateArgs(arguments); err != nil {
		return err.Error()
	}
	return ""
}

// The test above finds what is wrong.
func TestMisspelt(t *testing.T) {
	for command, want := range map[string]string{
		"mirror chek":               "unknown command",
		"mirror plan --topics a":    "unknown flag",
		"mirror plan orders":        "unknown",
		"mirror rate a b c":         "argument",
		"mirror status -w # live":   "",
		"mirror losses | jq --raw":  "",
		`mirror rate r 10MiB`:       "",
		`mirror plan --topic "a b"`: "",
	} {
		if got := misspelt(wordsOf(command)); (got == "") != (want == "") {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
}
