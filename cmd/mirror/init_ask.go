package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
)

// asker asks a person, where there is one.
type asker struct {
	lines       *bufio.Reader
	out         io.Writer
	person      bool // somebody can answer
	interrupted <-chan struct{}
}

func newAsker(ctx context.Context, in io.Reader, out io.Writer) *asker {
	return &asker{lines: bufio.NewReader(in), out: out, person: isTerminal(in), interrupted: ctx.Done()}
}

// say tells what was found.
func (a *asker) say(format string, args ...any) {
	fmt.Fprintf(a.out, format+"\n", args...)
}

// settle fills in a value that no flag gave: by asking, or with the default. A
// person whose answer does not pass check is asked again; a value of a flag that
// does not is an error.
func (a *asker) settle(value *string, question, standard string, check func(string) error) error {
	if *value != "" || !a.person {
		if *value == "" {
			*value = standard
		}
		return check(*value)
	}
	for {
		answer, err := a.ask(question, standard)
		if err != nil {
			return err
		}
		if err := check(answer); err != nil {
			a.say("  %v", err)
			continue
		}
		*value = answer
		return nil
	}
}

// ask returns one line, or the default for an empty one.
func (a *asker) ask(question, standard string) (string, error) {
	if standard != "" {
		question += " [" + standard + "]"
	}
	fmt.Fprintf(a.out, "%s: ", question)
	answers := make(chan string, 1)
	go func() { // a terminal cannot be told to stop reading; the command ends before that matters
		defer close(answers)
		if line, err := a.lines.ReadString('\n'); err == nil {
			answers <- line
		}
	}()
	select {
	case <-a.interrupted:
		fmt.Fprintln(a.out)
		return "", context.Canceled
	case line, ok := <-answers:
		if !ok {
			fmt.Fprintln(a.out)
			return "", errors.New("the answers have ended; nothing was written")
		}
		return firstOf(strings.TrimSpace(line), standard), nil
	}
}

// splitList takes names apart that somebody typed into one line. A regular
// expression may contain commas and blanks.
func splitList(text string) []string {
	if strings.HasPrefix(text, "/") && strings.HasSuffix(text, "/") && !strings.Contains(text, "/, ") {
		return []string{text}
	}
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
}

// topicList names some topics, and how many there are.
func topicList(topics []string) string {
	const most = 8
	switch n := len(topics); {
	case n == 0:
		return "no topics"
	case n == 1:
		return "1 topic: " + topics[0]
	case n > most:
		return fmt.Sprintf("%d topics: %s and %d more", n, strings.Join(topics[:most], ", "), n-most)
	default:
		return fmt.Sprintf("%d topics: %s", n, strings.Join(topics, ", "))
	}
}

// number is what tells the hosts of a cluster apart.
var number = regexp.MustCompile(`[-_]*[0-9]+$`)

// guessName makes the name of a cluster out of its brokers' addresses: west of
// west-1:9092. It returns "" where they do not tell.
func guessName(brokers []string) string {
	if len(brokers) == 0 {
		return ""
	}
	host, _, err := net.SplitHostPort(brokers[0])
	if err != nil || net.ParseIP(host) != nil {
		return ""
	}
	first, _, _ := strings.Cut(host, ".")
	switch name := number.ReplaceAllString(strings.ToLower(first), ""); name {
	case "localhost", "kafka", "broker", "bootstrap", "b":
		return ""
	default:
		return name
	}
}
