package convert

import (
	"fmt"
	"strings"
	"unicode"
)

// note is a comment of the output about one line of the input that has no equal.
type note struct {
	setting property
	secret  bool // the value must not be shown
	dropped bool // what the line asked for does not happen any more
	why     string
}

// place names the line, with its value unless that could be a secret.
func (n note) place() string {
	text := n.setting.key
	if !n.secret && n.setting.value != "" {
		text += " = " + shown(n.setting.value)
	}
	if n.setting.line > 0 {
		text += fmt.Sprintf(" (line %d)", n.setting.line)
	}
	return text
}

func (n note) text() string {
	if n.dropped {
		return fmt.Sprintf("DROPPED %s: %s", n.place(), n.why)
	}
	return fmt.Sprintf("%s: %s", n.place(), n.why)
}

// oneLine keeps what breaks lines or moves the cursor out of a comment.
func oneLine(value string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, value)
}

// shown makes one short line of a value.
func shown(value string) string {
	const most = 80
	value = oneLine(value)
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return value
}

// notes are the comments of one block of the output.
type notes []note

func (n *notes) unneeded(p property, format string, args ...any) {
	*n = append(*n, note{setting: p, why: fmt.Sprintf(format, args...)})
}

func (n *notes) dropped(p property, format string, args ...any) {
	*n = append(*n, note{setting: p, dropped: true, why: fmt.Sprintf(format, args...)})
}

func (n *notes) secretDropped(p property, format string, args ...any) {
	*n = append(*n, note{setting: p, secret: true, dropped: true, why: fmt.Sprintf(format, args...)})
}

func (n *notes) secret(p property, format string, args ...any) {
	*n = append(*n, note{setting: p, secret: true, why: fmt.Sprintf(format, args...)})
}
