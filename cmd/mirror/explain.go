package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mirror/config"
)

// textWidth is what paragraphs are wrapped to.
const textWidth = 100

func newConfigExplainCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "explain [KEY] [flags]",
		Short: "Say what a key means, its type, default and example",
		Long: `Say what a key of the configuration file means, which values it takes, its default and an example. Without a key,
list them all. A key is a path like routes.rename, or the end of one: rename.`,
		Example: `  mirror config explain
  mirror config explain routes.rename
  mirror config explain clusters.west.sasl
  mirror config explain lanes -o json`,
		Annotations:       withExitCodes(exitOK, exitFailed, exitUsage),
		ValidArgsFunction: completeKeys,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageErrorf("name one key, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(strings.Join(args, ""), output, cmd.OutOrStdout())
		},
	}
	addOutputFlag(cmd, &output)
	return cmd
}

// keysDocument is the JSON of `mirror config explain -o json`.
type keysDocument struct {
	Keys []config.Key `json:"keys"`
}

func runExplain(name, output string, out io.Writer) error {
	if err := checkOutput(output); err != nil {
		return err
	}
	keys, err := explained(name)
	if err != nil {
		return err
	}
	return writeOutput(out, output, keysDocument{keys}, func(out io.Writer, wide bool) error {
		if name == "" {
			return listKeys(out, keys, wide)
		}
		for i, key := range keys {
			if i > 0 {
				fmt.Fprintln(out)
			}
			explainKey(out, key)
		}
		return nil
	})
}

// explained returns the keys that a name can mean, all of them for none.
func explained(name string) ([]config.Key, error) {
	if name == "" {
		return config.Keys(), nil
	}
	keys, near := config.FindKeys(name)
	switch {
	case len(keys) > 0:
		return keys, nil
	case near != "":
		return nil, usageErrorf("there is no key %q: did you mean %s?", shorten(name), near)
	}
	return nil, usageErrorf("there is no key %q: mirror config explain lists all", shorten(name))
}

// listKeys writes one line for each key; wide adds the first sentence about it.
func listKeys(out io.Writer, keys []config.Key, wide bool) error {
	headings := []string{"KEY", "DEFAULT", "TYPE"}
	if wide {
		headings = append(headings, "MEANING")
	}
	t := newTable(out, headings...)
	for _, key := range keys {
		row := []string{key.Path, defaultOf(key), key.Type}
		if wide {
			sentence, _, _ := strings.Cut(key.Text, ". ")
			row = append(row, strings.TrimSuffix(sentence, "."))
		}
		t.row(row...)
	}
	return t.flush()
}

// defaultOf is what happens without a key.
func defaultOf(key config.Key) string {
	switch {
	case key.Default != "":
		return key.Default
	case key.Required:
		return "required"
	}
	return "-"
}

func explainKey(out io.Writer, key config.Key) {
	fmt.Fprintf(out, "%s: %s\n", key.Path, key.Type)
	switch {
	case key.Required:
		fmt.Fprintln(out, "Required.")
	case key.Default != "":
		fmt.Fprintf(out, "Default: %s\n", key.Default)
	}
	fmt.Fprintf(out, "\n%s\n", wrap(key.Text, "  "))
	if key.Example != "" {
		fmt.Fprintf(out, "\nExample:\n  %s\n", strings.ReplaceAll(key.Example, "\n", "\n  "))
	}
	if len(key.Keys) > 0 {
		fmt.Fprintf(out, "\nKeys below it:\n  %s\n", strings.Join(key.Keys, "\n  "))
	}
}

// wrap breaks a paragraph into lines that begin with indent.
func wrap(text, indent string) string {
	var b strings.Builder
	width := 0
	for _, word := range strings.Fields(text) {
		switch {
		case width == 0:
			b.WriteString(indent + word)
			width = len(indent) + len(word)
		case width+1+len(word) > textWidth:
			b.WriteString("\n" + indent + word)
			width = len(indent) + len(word)
		default:
			b.WriteString(" " + word)
			width += 1 + len(word)
		}
	}
	return b.String()
}

// completeKeys offers the keys of the configuration file.
func completeKeys(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var offers []cobra.Completion
	if len(args) == 0 {
		for _, key := range config.Keys() {
			offers = append(offers, cobra.CompletionWithDesc(key.Path, key.Type))
		}
	}
	offers = slices.DeleteFunc(offers, func(offer string) bool { return !strings.HasPrefix(offer, begun) })
	return offers, cobra.ShellCompDirectiveNoFileComp
}
