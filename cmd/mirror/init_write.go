package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mirror/config"
	"mirror/offsets"
)

// proposal is a configuration file in the making.
type proposal struct {
	options        *initOptions
	source, target *clusterFacts
}

// yaml writes the file.
func (p *proposal) yaml() ([]byte, error) {
	o := p.options
	mapper, err := o.mapper(o.topics, o.rename)
	if err != nil {
		return nil, usageErrorf("%v", err)
	}
	var taken []string
	example := ""
	for _, d := range mapper.Plan(p.source.topics, nil).Take {
		taken = append(taken, d.Topic)
		example = firstOf(example, fmt.Sprintf("%s is called %s", d.Topic, d.Target))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# The configuration of mirror, written by "mirror init". What is not here has its default:
# "mirror config reference" prints all keys, "mirror config explain KEY" tells of one.

# Name of this mirror, the same for all processes of its fleet.
name: %s

clusters:
  # The source: %s.
  %s:
%s
  # The target: %s.
  %s:
%s
routes:
  - from: %s
    to: %s
%s
`, config.Quote(o.target.name), p.source.describe(), config.Quote(o.source.name), o.source.yaml("    "),
		p.target.describe(), config.Quote(o.target.name), o.target.yaml("    "),
		config.Quote(o.source.name), config.Quote(o.target.name), p.nameYAML())
	b.WriteString(p.routeYAML(taken, example))
	b.WriteString(`
limits:
  # Memory for records on their way. The process needs some more for itself.
  memory: 256MiB

web:
  # Status, health and metrics. An address that other machines reach also needs token_file or
  # tls.client_ca_file.
  listen: "127.0.0.1:8080"
`)
	return []byte(b.String()), nil
}

// nameYAML gives the route another name than its default, when the target has the
// checkpoint topic of a route that is called so: processes with the same route
// would be taken for one fleet.
func (p *proposal) nameYAML() string {
	standard := p.options.source.name + "-to-" + p.options.target.name
	name := standard
	for n := 2; slices.Contains(p.target.all, offsets.TopicName(name)); n++ {
		name = fmt.Sprintf("%s-%d", standard, n)
	}
	if name == standard {
		return ""
	}
	return fmt.Sprintf("\n    # There is a route %s already. With its name this one would share its work and its positions.\n    name: %s\n",
		standard, config.Quote(name))
}

// routeYAML writes what the route says about topics and their names.
func (p *proposal) routeYAML(taken []string, example string) string {
	o := p.options
	var b strings.Builder
	b.WriteString(wrap("Names, or regular expressions between slashes that match the whole name, also of topics that are "+
		"not there yet. Of those that are, this takes "+topicList(taken)+".", "    # "))
	fmt.Fprintf(&b, `
    topics: %s

    # Topics to leave out of these, written the same way. Internal ones are never copied.
    exclude: %s

    # Names in cluster %s: the first rule that matches decides.`+"\n",
		config.QuoteList(o.topics), config.QuoteList(o.exclude), o.target.name)
	if example != "" {
		fmt.Fprintf(&b, "    # As it stands, %s.\n", example)
	}
	b.WriteString("    rename:\n")
	for _, rule := range exampleRules(taken) {
		fmt.Fprintf(&b, "      #- %s\n", rule)
	}
	fmt.Fprintf(&b, `      - {to: %q}

    # Where to begin in the topics that are there at the first start: earliest, latest or a time
    # like 2026-01-31T12:00:00Z. It cannot be changed afterwards.
    start: earliest
`, o.rename)
	return b.String()
}

// exampleRules are rules that could stand before the one that takes all, made of
// topics that are there: of one name, and of the first names with a common
// beginning.
func exampleRules(topics []string) []string {
	if len(topics) == 0 {
		return nil
	}
	rules := []string{fmt.Sprintf("{topic: %s, to: %s}", config.Quote(topics[0]), config.Quote("all-"+topics[0]))}
	for i, topic := range topics[1:] {
		family, _, dotted := strings.Cut(topic, ".")
		if before, _, _ := strings.Cut(topics[i], "."); dotted && family == before && family != "" {
			match := "/" + regexp.QuoteMeta(family+".") + "(.*)/"
			return append(rules, fmt.Sprintf("{match: %q, to: %q}", match, "{source}.{1}."+family))
		}
	}
	return rules
}
