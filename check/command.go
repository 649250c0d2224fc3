package check

import (
	"slices"
	"strings"
)

// namesPerLine bounds how many topics one command line names.
const namesPerLine = 20

// grant is a permission for our principal.
func (c *cluster) grant(operation, resource string, names ...string) *Grant {
	name, _ := principal(c.config)
	return &Grant{Principal: name, Operation: operation, Resource: resource, Names: names, brokers: c.config.Brokers}
}

// lines are the kafka-acls commands that give the permission.
func (g *Grant) lines() []string {
	return grantLines(g.brokers, g.Principal, []string{g.Operation}, g.Resource, g.Names)
}

// grantLines are kafka-acls commands that allow operations on resources. They hold no --command-config: whoever may run
// them knows their own.
func grantLines(brokers []string, principal string, operations []string, resource string, names []string) []string {
	begin := []string{"kafka-acls", "--bootstrap-server", strings.Join(brokers, ","), "--add", "--allow-principal", principal}
	for _, op := range operations {
		begin = append(begin, "--operation", op)
	}
	if resource == "cluster" {
		return []string{shell(append(begin, "--cluster"))}
	}
	var lines []string
	for chunk := range slices.Chunk(names, namesPerLine) {
		line := slices.Clone(begin)
		for _, name := range chunk {
			line = append(line, "--"+resource, name)
		}
		lines = append(lines, shell(line))
	}
	return lines
}

// setTopicConfig is the kafka-configs command that sets a config of a topic. A value with commas is put in brackets, or
// the tool would take it for several configs.
func (c *cluster) setTopicConfig(topic, key, value string) string {
	if strings.Contains(value, ",") {
		value = "[" + value + "]"
	}
	return shell([]string{"kafka-configs", "--bootstrap-server", strings.Join(c.config.Brokers, ","), "--alter",
		"--entity-type", "topics", "--entity-name", topic, "--add-config", key + "=" + value})
}

// shell writes words as a line for a POSIX shell.
func shell(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.,:/=@%+", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
