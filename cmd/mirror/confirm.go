package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// confirm asks a person before something is written. yes is the --yes flag; where
// nobody can answer and it is not given, the command is refused.
func confirm(in io.Reader, errOut io.Writer, question string, yes bool) error {
	if yes {
		return nil
	}
	if !isTerminal(in) {
		return usageErrorf("this changes something and nobody can be asked: give --yes, or --dry-run to see what it would do")
	}
	fmt.Fprintf(errOut, "%s [y/N] ", question)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("read answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return usageErrorf("not confirmed: nothing was changed")
}
