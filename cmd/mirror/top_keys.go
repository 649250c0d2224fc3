package main

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// key is what somebody pressed: a printable character, or one of those below.
type key rune

// Keys that are no characters; they lie outside of Unicode.
const (
	keyUp key = unicode.MaxRune + 1 + iota
	keyDown
	keyPageUp
	keyPageDown
	keyHome
	keyEnd
	keyEnter
	keyEscape
	keyBackspace
	keyInterrupt // Ctrl-C
	keySuspend   // Ctrl-Z
	keyRedraw    // Ctrl-L
	keyNone      // anything else
)

// sequences are what terminals send for keys that are no characters.
func sequences() map[string]key {
	return map[string]key{
		"\x1b[A": keyUp, "\x1b[B": keyDown, "\x1bOA": keyUp, "\x1bOB": keyDown,
		"\x1b[5~": keyPageUp, "\x1b[6~": keyPageDown,
		"\x1b[H": keyHome, "\x1b[F": keyEnd, "\x1bOH": keyHome, "\x1bOF": keyEnd, "\x1b[1~": keyHome, "\x1b[4~": keyEnd,
	}
}

// parseKeys reads what a terminal sent in one go. A sequence that it cuts in two
// becomes an escape and characters; that is rare, and no key that does harm.
func parseKeys(sent []byte) []key {
	var keys []key
	for len(sent) > 0 {
		k, n := parseKey(sent)
		keys = append(keys, k)
		sent = sent[n:]
	}
	return keys
}

func parseKey(sent []byte) (k key, n int) {
	if sent[0] == 0x1b {
		return parseSequence(sent)
	}
	switch sent[0] {
	case '\r', '\n':
		return keyEnter, 1
	case 0x7f, '\b':
		return keyBackspace, 1
	case 3:
		return keyInterrupt, 1
	case 26:
		return keySuspend, 1
	case 12:
		return keyRedraw, 1
	}
	r, n := utf8.DecodeRune(sent)
	if r == utf8.RuneError || !unicode.IsPrint(r) {
		return keyNone, n
	}
	return key(r), n
}

// parseSequence reads an escape sequence (ECMA-48: parameters, then one final
// byte), or a bare escape.
func parseSequence(sent []byte) (k key, n int) {
	if len(sent) < 2 || sent[1] != '[' && sent[1] != 'O' {
		return keyEscape, 1
	}
	final := bytes.IndexFunc(sent[2:], func(r rune) bool { return r >= 0x40 && r <= 0x7e })
	if final < 0 {
		return keyEscape, len(sent)
	}
	n = 2 + final + 1
	if known, ok := sequences()[string(sent[:n])]; ok {
		return known, n
	}
	return keyNone, n
}
