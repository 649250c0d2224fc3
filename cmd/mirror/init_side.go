package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/config"
	"mirror/rename"
)

// side is what the command line says about one cluster.
type side struct {
	role    string // source or target
	brokers []string
	name    string

	tls                                   bool
	caFile, certFile, keyFile, serverName string

	mechanism, username       string
	passwordFile, passwordEnv string
	tokenFile                 string
}

// clusterFacts is what a cluster says about itself.
type clusterFacts struct {
	id      string
	version string // as far as it can be told; empty: unknown
	brokers int
	topics  []string // without internal ones, sorted
	all     []string // with them
}

func addSideFlags(cmd *cobra.Command, s *side) {
	flags, role := cmd.Flags(), s.role
	flags.StringSliceVar(&s.brokers, role, nil, "`addresses` of brokers of the "+role+" cluster, such as kafka-1:9092,kafka-2:9092")
	flags.StringVar(&s.name, role+"-name", "", "`name` of the "+role+" cluster (default from its addresses)")
	flags.BoolVar(&s.tls, role+"-tls", false, "use TLS; without this flag the brokers are tried")
	flags.StringVar(&s.caFile, role+"-ca-file", "", "trust the authorities of this PEM `file`")
	flags.StringVar(&s.certFile, role+"-cert-file", "", "PEM `file` of the mirror's certificate")
	flags.StringVar(&s.keyFile, role+"-key-file", "", "PEM `file` of the mirror's key")
	flags.StringVar(&s.serverName, role+"-server-name", "", "expect this `host` in the brokers' certificates")
	flags.StringVar(&s.mechanism, role+"-sasl", "", "SASL `mechanism`: "+strings.Join(mechanisms(), ", "))
	flags.StringVar(&s.username, role+"-username", "", "user `name` for SASL")
	flags.StringVar(&s.passwordFile, role+"-password-file", "", "`file` with the password")
	flags.StringVar(&s.passwordEnv, role+"-password-env", "", "environment `variable` with the password")
	flags.StringVar(&s.tokenFile, role+"-token-file", "", "`file` with the token for OAUTHBEARER")
	completeFlag(cmd, role+"-sasl", completeWords(mechanisms()...))
	for _, name := range []string{"", "-name", "-username", "-server-name", "-password-env"} {
		completeFlag(cmd, role+name, completeWords())
	}
}

func mechanisms() []string {
	return []string{config.ScramSHA512, config.ScramSHA256, config.Plain, config.OAuthBearer}
}

// look connects to the cluster and asks what it is. What it wants and no flag
// gives is found out or asked for.
func (s *side) look(ctx context.Context, a *asker) (*clusterFacts, error) {
	if err := s.askBrokers(a); err != nil {
		return nil, err
	}
	if _, err := s.cluster(); err != nil { // before anything is dialled
		return nil, err
	}
	if err := s.detect(ctx, a); err != nil {
		return nil, err
	}
	c, err := s.cluster()
	if err != nil {
		return nil, err
	}
	connected, err := connect(ctx, c)
	if err != nil {
		return nil, err
	}
	defer connected.close()
	facts := &clusterFacts{id: connected.id}
	metadata, err := connected.admin.Metadata(ctx)
	if err != nil {
		return nil, clusterError(err, c, "list topics")
	}
	facts.brokers = len(metadata.Brokers)
	facts.all = metadata.Topics.Names()
	for _, topic := range facts.all {
		if _, internal := rename.Internal(topic); !internal {
			facts.topics = append(facts.topics, topic)
		}
	}
	if versions, err := connected.admin.ApiVersions(ctx); err == nil {
		facts.version = releases(versions)
	}
	a.say("%s: %s", s.role, facts.describe())
	return facts, nil
}

// releases names the releases of the brokers, as far as the requests that they
// know tell.
func releases(brokers kadm.BrokersApiVersions) string {
	var all []string
	for _, broker := range brokers.Sorted() {
		if guess := broker.VersionGuess(); strings.HasPrefix(guess, "v") && !slices.Contains(all, guess[1:]) {
			all = append(all, guess[1:])
		}
	}
	slices.Sort(all)
	return strings.Join(all, " and ")
}

func (facts *clusterFacts) describe() string {
	text := fmt.Sprintf("cluster %s, %s", firstOf(facts.id, "without an id"), plural(int64(facts.brokers), "broker"))
	if facts.version != "" {
		text += ", Kafka " + facts.version
	}
	return text + ", " + plural(int64(len(facts.topics)), "topic")
}

func (s *side) askBrokers(a *asker) error {
	if len(s.brokers) > 0 {
		return nil
	}
	if !a.person {
		return usageErrorf("--%s is missing: name some brokers, such as kafka-1:9092,kafka-2:9092", s.role)
	}
	var addresses string
	return a.settle(&addresses, "Brokers of the "+s.role+" cluster, such as kafka-1:9092,kafka-2:9092", "", func(text string) error {
		s.brokers = splitList(text)
		_, err := s.cluster()
		return err
	})
}

// cluster is what the configuration will say, checked by its own loader.
func (s *side) cluster() (*config.Cluster, error) {
	const name = "probed"
	text := fmt.Sprintf("clusters:\n  %s:\n%s  other: {brokers: [other:1]}\nroutes: [{from: %s, to: other, topics: [x]}]\n",
		name, s.yaml("    "), name)
	cfg, err := config.Parse("", []byte(text), os.LookupEnv)
	var faults *config.Faults
	if errors.As(err, &faults) {
		fault := faults.List[0]
		return nil, usageErrorf("%s cluster: %s; %s", s.role, fault.Msg, fault.Hint)
	}
	if err != nil {
		return nil, err
	}
	c := cfg.Clusters[name]
	c.Name = firstOf(s.name, s.role)
	return c, nil
}

// yaml writes the settings of the cluster.
func (s *side) yaml(indent string) string {
	var b strings.Builder
	line := func(depth int, key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s%s%s: %s\n", indent, strings.Repeat("  ", depth), key, value)
		}
	}
	text := func(key, value string) {
		if value != "" {
			line(1, key, config.Quote(value))
		}
	}
	line(0, "brokers", config.QuoteList(s.brokers))
	switch files := []string{s.caFile, s.certFile, s.keyFile, s.serverName}; {
	case !slices.Equal(files, make([]string, len(files))):
		fmt.Fprintf(&b, "%stls:\n", indent)
		text("ca_file", s.caFile)
		text("cert_file", s.certFile)
		text("key_file", s.keyFile)
		text("server_name", s.serverName)
	case s.tls:
		line(0, "tls", "{}")
	}
	if s.mechanism+s.username+s.passwordFile+s.passwordEnv+s.tokenFile != "" {
		fmt.Fprintf(&b, "%ssasl:\n", indent)
		text("mechanism", s.mechanism)
		text("username", s.username)
		text("password_file", s.passwordFile)
		if s.passwordEnv != "" {
			line(1, "password", "${"+s.passwordEnv+"}")
		}
		text("token_file", s.tokenFile)
	}
	return b.String()
}
