package convert

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"

	"mirror/rename"
)

// topicEntry translates one entry of MirrorMaker's topic lists, a regular
// expression of Java that must match the whole name, into one of ours: an exact
// name where it can only mean one, else an RE2 expression between slashes. loose
// says that the entry has dots which match any character in Java, and which were
// taken for the dots of a name.
func topicEntry(java string) (entry string, loose bool, err error) {
	if rename.CheckName(java) == nil {
		return java, strings.Contains(java, "."), nil
	}
	if err := javaOnly(java); err != nil {
		return "", false, err
	}
	tree, err := syntax.Parse(java, syntax.Perl)
	if err != nil {
		return "", false, noRE2(err)
	}
	if tree.Op == syntax.OpLiteral && tree.Flags&syntax.FoldCase == 0 {
		if name := string(tree.Rune); rename.CheckName(name) == nil {
			return name, false, nil
		}
	}
	if _, err := rename.New(rename.Spec{Source: "a", Target: "b", Topics: []string{"/" + java + "/"}}); err != nil {
		return "", false, err
	}
	return "/" + java + "/", false, nil
}

// noRE2 says which construct Go's regular expressions do not have.
func noRE2(err error) error {
	var s *syntax.Error
	if errors.As(err, &s) {
		return fmt.Errorf("%s: %q", s.Code, s.Expr)
	}
	return err
}

// javaOnly finds constructs that RE2 would take for something else without an
// error: classes within classes and their intersection.
func javaOnly(java string) error {
	inClass := false
	for i := 0; i < len(java); i++ {
		switch c := java[i]; {
		case c == '\\' && strings.HasPrefix(java[i:], `\Q`):
			end := strings.Index(java[i:], `\E`)
			if end < 0 {
				return nil
			}
			i += end + 1
		case c == '\\':
			i++
		case !inClass && c == '[':
			inClass = true
			if strings.HasPrefix(java[i:], "[^") {
				i++
			}
			if strings.HasPrefix(java[i+1:], "]") {
				i++ // the first bracket is a member
			}
		case inClass && c == ']':
			inClass = false
		case inClass && c == '[' && !strings.HasPrefix(java[i:], "[:"):
			return errors.New(`a character class within a character class: "["`)
		case inClass && strings.HasPrefix(java[i:], "&&"):
			return errors.New(`the intersection of character classes: "&&"`)
		}
	}
	return nil
}

// topicList is a translated list of topics.
type topicList struct {
	entries []string
	loose   []string // names whose dots matched any character
	bad     []badPattern
}

type badPattern struct{ text, why string }

// topicPatterns translates a list. MirrorMaker joins its entries by '|' before
// Java sees them, so that a group can reach over several: "(a,b)" is (a|b).
func topicPatterns(value string) topicList {
	var out topicList
	for _, item := range joinGroups(list(value)) {
		entry, loose, err := topicEntry(item)
		if err != nil {
			out.bad = append(out.bad, badPattern{item, err.Error()})
			continue
		}
		if loose {
			out.loose = append(out.loose, entry)
		}
		out.entries = append(out.entries, entry)
	}
	return out
}

// joinGroups puts the entries together that a group reaches over.
func joinGroups(items []string) []string {
	var out []string
	open := 0
	for _, item := range items {
		if open > 0 {
			out[len(out)-1] += "|" + item
		} else {
			out = append(out, item)
		}
		open = max(0, openGroups(out[len(out)-1]))
	}
	return out
}

// openGroups counts the groups that are open at the end of an expression.
func openGroups(java string) (open int) {
	inClass := false
	for i := 0; i < len(java); i++ {
		switch c := java[i]; {
		case c == '\\':
			i++
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		case c == '(' && !inClass:
			open++
		case c == ')' && !inClass:
			open--
		}
	}
	return open
}
