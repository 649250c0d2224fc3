package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// printHelp writes a command's help. It is written out instead of cobra's
// template, so that every help ends with examples and exit codes, and so that
// the linker can leave text/template out of the binary.
func printHelp(cmd *cobra.Command, _ []string) {
	writeHelp(cmd.OutOrStdout(), cmd)
}

func writeHelp(out io.Writer, cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag() // cobra does it only where the flag itself is given
	fmt.Fprintf(out, "%s\n\nUSAGE\n", firstOf(cmd.Long, cmd.Short))
	if !cmd.HasAvailableSubCommands() {
		fmt.Fprintf(out, "  %s\n", cmd.UseLine())
	} else {
		fmt.Fprintf(out, "  %s COMMAND [flags]\n\nCOMMANDS\n", cmd.CommandPath())
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(out, "  %-12s%s\n", sub.Name(), sub.Short)
			}
		}
	}
	if flags := cmd.LocalFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(out, "\nFLAGS\n%s", flags.FlagUsages())
	}
	fmt.Fprintf(out, "\nEXAMPLES\n%s\n", cmd.Example)
	fmt.Fprintf(out, "\nEXIT CODES\n%s\n", cmd.Annotations[exitCodesKey])
}

// commandReference returns the text of docs/commands.md: every command's help.
func commandReference(root *cobra.Command) []byte {
	var b strings.Builder
	b.WriteString("# Commands\n\nThis page is generated (`make docs`). Data goes to stdout, logs and progress to stderr.\n")
	for _, cmd := range allCommands(root) {
		fmt.Fprintf(&b, "\n## %s\n\n```\n", cmd.CommandPath())
		writeHelp(&b, cmd)
		b.WriteString("```\n")
	}
	return []byte(b.String())
}

// allCommands returns the root and everything below it, as the help lists them.
func allCommands(root *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{root}
	for _, sub := range root.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
