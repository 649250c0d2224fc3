package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mirror/rename"
)

// unknownCommand names the commands that may have been meant.
func unknownCommand(parent *cobra.Command, name string) error {
	text := fmt.Sprintf("there is no command %q", shorten(name))
	if parent.HasParent() {
		text = fmt.Sprintf("%s has no command %q", parent.CommandPath(), shorten(name))
	}
	var names []string
	for _, sub := range parent.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if near := nearest(name, names); near != "" {
		text += ": did you mean " + near + "?"
	}
	return &usageError{text: text}
}

// shorten cuts what somebody typed, or pasted by mistake, to what a message can
// hold.
func shorten(text string) string {
	const most = 100
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// explainFlag makes a usageError of what the flag parser says, with the nearest
// flag where one was misspelt.
func explainFlag(cmd *cobra.Command, err error) error {
	if cmd.HasSubCommands() && cmd.Flags().NArg() > 0 {
		// The command was not known, and so its flags were taken for ours.
		return unknownCommand(cmd, cmd.Flags().Arg(0))
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return &usageError{text: explainValue(err)}
	}
	name := shorten(unknown.GetSpecifiedName())
	text := fmt.Sprintf("%s has no flag --%s", cmd.CommandPath(), name)
	if unknown.GetSpecifiedShortnames() != "" {
		text = fmt.Sprintf("%s has no flag -%s", cmd.CommandPath(), name)
	} else if near := nearestFlag(cmd, name); near != "" {
		text += ": did you mean --" + near + "?"
	}
	return &usageError{text: text}
}

// explainValue says what is wrong with a flag's value, without the parser's words
// for it.
func explainValue(err error) string {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	flag := invalid.GetFlag()
	wanted := map[string]string{
		"duration": "a time like 90s, 5m or 1h30m", "bool": "true or false",
		"int": "a whole number", "int32": "a whole number", "int64": "a whole number", "float64": "a number",
	}[flag.Value.Type()]
	if wanted == "" {
		return err.Error()
	}
	return fmt.Sprintf("--%s %q is not %s", flag.Name, shorten(invalid.GetValue()), wanted)
}

// nearestFlag returns the flag that was probably meant, or "".
func nearestFlag(cmd *cobra.Command, name string) string {
	var flags []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { flags = append(flags, flag.Name) })
	return nearest(name, flags)
}

// nearest returns the only word that begins so, or else the one with the fewest
// slips in it, or "".
func nearest(begun string, words []string) string {
	var longer []string
	for _, word := range words {
		if strings.HasPrefix(word, begun) {
			longer = append(longer, word)
		}
	}
	if len(longer) == 1 {
		return longer[0]
	}
	near, _ := rename.Nearest(begun, words)
	return near
}
