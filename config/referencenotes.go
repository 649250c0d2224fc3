package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// setting recognises a line of the reference that is a setting commented out;
// prose has one space after the #.
var setting = regexp.MustCompile(`(?m)^(\s*)#(- .*|(?: {2,})?[a-z_]+:.*)$`)

// settingLine takes a setting apart: indentation, the dash of a list, the key.
var settingLine = regexp.MustCompile(`^( *)(- )?([A-Za-z_]+):`)

// note is what the reference says about a key.
type note struct {
	text    string
	example string // the setting with what is below it, without comments; empty when that is long
}

// maxExample is how many lines an example has at most.
const maxExample = 9

// notes are those of the reference, by path.
type notes map[string]note

// openKey is a key of the reference whose end has not been read yet.
type openKey struct {
	path  string
	depth int // of its indentation
	lines []string
}

// notesReader goes through the reference line by line. A comment belongs to the
// settings that follow it up to the next comment or empty line.
type notesReader struct {
	notes   notes
	open    []openKey // each below the one before it
	comment []string
	fresh   bool // no setting has followed the comment yet
}

func referenceNotes() notes {
	r := &notesReader{notes: make(notes)}
	for _, line := range strings.Split(setting.ReplaceAllString(reference, "$1$2"), "\n") {
		words := strings.TrimSpace(line)
		switch {
		case words == "":
			r.comment, r.fresh = nil, false
		case strings.HasPrefix(words, "#"):
			if !r.fresh {
				r.comment, r.fresh = nil, true
			}
			r.comment = append(r.comment, strings.TrimSpace(words[1:]))
		default:
			r.fresh = false
			r.setting(line)
		}
	}
	r.close(0)
	return r.notes
}

// setting takes in one line that is no comment.
func (r *notesReader) setting(line string) {
	m := settingLine.FindStringSubmatch(line)
	if m != nil {
		depth := len(m[1]) + len(m[2])
		r.close(depth)
		r.open = append(r.open, openKey{path: r.pathOf(m[3]), depth: depth})
	}
	for i := range r.open {
		r.open[i].lines = append(r.open[i].lines, line)
	}
	if m != nil {
		path := r.open[len(r.open)-1].path
		if _, known := r.notes[path]; !known {
			r.notes[path] = note{text: strings.Join(r.comment, " ")}
		}
	}
}

// pathOf is the path of a key below those that are open.
func (r *notesReader) pathOf(key string) string {
	if len(r.open) == 0 {
		return key
	}
	parent := r.open[len(r.open)-1].path
	if parent == "clusters" {
		key = "*"
	}
	return parent + "." + key
}

// close ends the keys that are not above a depth, and keeps the lines of each as
// its example.
func (r *notesReader) close(depth int) {
	for len(r.open) > 0 && r.open[len(r.open)-1].depth >= depth {
		ended := r.open[len(r.open)-1]
		r.open = r.open[:len(r.open)-1]
		n := r.notes[ended.path]
		if n.example != "" || len(ended.lines) > maxExample {
			continue
		}
		for i, line := range ended.lines {
			ended.lines[i] = line[ended.depth:]
		}
		n.example = strings.Join(ended.lines, "\n")
		r.notes[ended.path] = n
	}
}

// of returns the note of a path. A key that excludes another one of the reference
// is only spoken of there, like "(token_file: /run/secrets/token)"; of what is not
// even that, the note of the key above it speaks.
func (n notes) of(path string) note {
	if own, ok := n[path]; ok && own.text != "" {
		return own
	}
	parent, key := cutLast(path)
	mention := regexp.MustCompile(`\b` + key + `: ([^\s,)]+)`)
	for _, sibling := range slices.Sorted(maps.Keys(n)) {
		other := n[sibling]
		if above, _ := cutLast(sibling); above == parent {
			if m := mention.FindStringSubmatch(other.text); m != nil {
				return note{text: other.text, example: key + ": " + strings.TrimRight(m[1], ".")}
			}
		}
	}
	if parent == "" {
		return n[path]
	}
	above := n.of(parent)
	if own := n[path]; own.example != "" {
		above.example = own.example
	}
	return above
}

// cutLast takes the last word off a path.
func cutLast(path string) (parent, key string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}
