package main

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"
)

// formats are what every command that prints data can print. The documents of
// json and yaml are the same and documented; table and wide are for people and
// may change.
var formats = []string{"table", "wide", "json", "yaml"}

// addOutputFlag is for every command that prints data.
func addOutputFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", formats[0], "output `format`: "+strings.Join(formats, ", "))
	completeFlag(cmd, "output", completeWords(formats...))
}

// checkOutput refuses a format that there is not.
func checkOutput(output string) error {
	for _, format := range formats {
		if output == format {
			return nil
		}
	}
	return usageErrorf("--output %q is no format: use %s", output, strings.Join(formats, ", "))
}

// writeOutput writes document as JSON or YAML, or calls table, which prints more
// columns or rows when wide is set.
func writeOutput(out io.Writer, output string, document any, table func(out io.Writer, wide bool) error) error {
	switch output {
	case "json":
		return writeJSON(out, document)
	case "yaml":
		return writeYAML(out, document)
	}
	return table(out, output == "wide")
}

// writeJSON writes one value, indented for people and readable by programs.
func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// writeJSONLine writes one value as one line.
func writeJSONLine(out io.Writer, value any) error {
	return json.NewEncoder(out).Encode(value)
}

// writeYAML writes the very document that writeJSON writes, with its keys in
// their order: JSON is YAML in another style.
func writeYAML(out io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return err
	}
	plainStyle(&document)
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return err
	}
	return encoder.Close()
}

// plainStyle lets the encoder choose how to write each node. What JSON quoted
// stays a string, since its tag says so.
func plainStyle(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		plainStyle(child)
	}
}
