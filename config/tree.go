package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

const (
	maxFile   = 4 << 20 // bytes; a file of 10,000 topics has half a megabyte
	maxValues = 200_000 // values in a file; each costs some hundred bytes once parsed
)

// parseTree turns the text into YAML nodes and reports what makes it unusable
// as a whole. It returns nil when there is nothing to decode.
func (d *decoder) parseTree(data []byte) *yaml.Node {
	if why := tooBig(data); why != "" {
		d.src.lines = nil // not worth showing
		d.at(1, 1, 1, why, "")
		return nil
	}
	if line, col, what := unreadable(data); what != "" {
		d.src.maskText()
		d.at(line, col, 1, what, "save the file as plain text in UTF-8, without such characters")
		return nil
	}
	d.src.maskAddresses()
	first, second, err := documents(data)
	if err != nil {
		d.src.maskText()
		d.syntax(data, err)
		return nil
	}
	if first == nil || first.Content[0].Kind == yaml.ScalarNode && first.Content[0].Tag == "!!null" {
		d.src.lines = nil // comments at most
		d.at(1, 1, 1, "the file says nothing: it needs at least clusters and routes", "")
		return nil
	}
	d.src.maskTree(first)
	if second != nil {
		d.src.maskTree(second)
		d.fault(second, "a second YAML document begins here; the file must be one document", "remove the --- line before it")
	}
	d.src.maskRest()
	return first.Content[0]
}

// tooBig guards the parser, whose memory grows with the number of values.
func tooBig(data []byte) string {
	if len(data) > maxFile {
		return fmt.Sprintf("the file is larger than %d MiB, which no configuration is", maxFile>>20)
	}
	n := 0
	for _, c := range data {
		switch c {
		case '\n', ',', ':', '[', '{', '?', '&', '*', '!':
			n++
		}
	}
	if n += bytes.Count(data, []byte("- ")); n > maxValues {
		return fmt.Sprintf("the file has more than %d values, which no configuration has", maxValues)
	}
	return ""
}

// unreadable finds the first character that cannot be in a YAML file.
func unreadable(data []byte) (line, col int, what string) {
	line, col = 1, 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return line, col, fmt.Sprintf("the byte 0x%02x is not UTF-8", data[i])
		case unicode.IsControl(r) && r != '\t' && r != '\n' && !bytes.HasPrefix(data[i:], []byte("\r\n")), r == '\u2028', r == '\u2029':
			// Some of these end a line for YAML and for nobody else, which would
			// put faults, and the masks of secrets, into the wrong lines.
			return line, col, fmt.Sprintf("the control character %U cannot be in a configuration", r)
		}
		i, col = i+size, col+1
		if r == '\n' {
			line, col = line+1, 1
		}
	}
	return 0, 0, ""
}

// documents parses the text. The YAML parser panics on some broken input;
// that is an error like any other here.
func documents(data []byte) (first, second *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the YAML parser cannot make sense of it")
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*yaml.Node
	for len(docs) < 2 {
		n := new(yaml.Node)
		if err := dec.Decode(n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, err
		}
		if len(n.Content) == 0 {
			break
		}
		docs = append(docs, n)
	}
	docs = append(docs, nil, nil)
	return docs[0], docs[1], nil
}

// structure reports what YAML allows and a configuration does not need:
// anchors and aliases, with which a small file can mean a gigantic one, and
// explicit types.
func (d *decoder) structure(n *yaml.Node) {
	const way, enough = "write the value out at each place", 5
	if len(d.faults.List) >= enough {
		return
	}
	switch {
	case n.Kind == yaml.AliasNode:
		d.fault(n, "YAML aliases (*name) are not supported", way+"; a text that begins with * needs quotes")
		return
	case n.Anchor != "":
		d.fault(n, "YAML anchors (&name) are not supported", way+"; a text that begins with & needs quotes")
	case n.Style&yaml.TaggedStyle != 0:
		d.fault(n, "YAML tags (!type) are not supported", "remove it; a text that begins with ! needs quotes")
	}
	for _, child := range n.Content {
		d.structure(child)
	}
}
