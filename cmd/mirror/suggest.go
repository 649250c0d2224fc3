package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknownCommand names the commands that may have been meant.
func unknownCommand(root *cobra.Command, name string) error {
	text := fmt.Sprintf("there is no command %q", name)
	if near := root.SuggestionsFor(name); len(near) > 0 {
		text += fmt.Sprintf(": did you mean %s?", strings.Join(near, " or "))
	}
	return &usageError{text: text}
}

// explainFlag makes a usageError of what the flag parser says, with the nearest
// flag where one was misspelt.
func explainFlag(cmd *cobra.Command, err error) error {
	if !cmd.HasParent() && cmd.Flags().NArg() > 0 {
		// The command was not known, and so its flags were taken for ours.
		return unknownCommand(cmd, cmd.Flags().Arg(0))
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return &usageError{text: err.Error()}
	}
	name := unknown.GetSpecifiedName()
	text := fmt.Sprintf("%s has no flag --%s", cmd.CommandPath(), name)
	if unknown.GetSpecifiedShortnames() != "" {
		text = fmt.Sprintf("%s has no flag -%s", cmd.CommandPath(), name)
	} else if near := nearestFlag(cmd, name); near != "" {
		text += ": did you mean --" + near + "?"
	}
	return &usageError{text: text}
}

// nearestFlag returns the flag that takes the fewest edits, or "" when none is
// near.
func nearestFlag(cmd *cobra.Command, name string) string {
	best, distance := "", max(len(name)/3, 1)+1
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		d := editDistance(name, flag.Name)
		if strings.HasPrefix(flag.Name, name) {
			d = min(d, 1)
		}
		if d < distance {
			best, distance = flag.Name, d
		}
	})
	return best
}

// editDistance is Levenshtein's: insertions, deletions and replacements of bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, replace)
		}
	}
	return row[len(b)]
}
