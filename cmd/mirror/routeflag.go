package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
)

// completionPatience is how long a shell waits for the names of topics. Who
// pressed the tab key would rather type than wait longer.
const completionPatience = 2 * time.Second

// addRouteFlag is for every command that works on one route.
func addRouteFlag(cmd *cobra.Command, route *string, usage string) {
	cmd.Flags().StringVar(route, "route", "", usage)
	completeFlag(cmd, "route", completeRoutes)
}

// addTopicFlag is for every command that works on one source topic.
func addTopicFlag(cmd *cobra.Command, topic *string, usage string) {
	cmd.Flags().StringVar(topic, "topic", "", usage)
	completeFlag(cmd, "topic", completeTopics)
}

// addTopicsFlag is for every command that works on some source topics: the flag
// may be given several times.
func addTopicsFlag(cmd *cobra.Command, topics *[]string, usage string) {
	cmd.Flags().StringArrayVar(topics, "topic", nil, usage+"; may be given several times")
	completeFlag(cmd, "topic", completeTopics)
}

// completeFlag tells the shells how to complete the value of a flag.
func completeFlag(cmd *cobra.Command, name string, complete cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(name, complete); err != nil {
		panic(err) // the flag was not added, or completed twice: a mistake in this package
	}
}

// completeRoutes offers the routes of the configuration. It can also complete an
// argument.
func completeRoutes(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	cfg, err := configOf(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var offers []cobra.Completion
	for _, route := range cfg.Routes {
		if strings.HasPrefix(route.Name, begun) {
			offers = append(offers, cobra.CompletionWithDesc(route.Name, route.From+" to "+route.To))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// completeTopics offers the source topics that the routes copy, or the one that
// --route names. It asks the source clusters; of one that does not answer in time
// it offers what the configuration spells out. It can also complete an argument.
func completeTopics(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	cfg, err := configOf(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	routes := cfg.Routes
	if named := cmd.Flags().Lookup("route"); named != nil && named.Value.String() != "" {
		if routes, err = findRoutes(cfg, named.Value.String()); err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	copies := copiedTopics(ctx, cfg, routes)
	var offers []cobra.Completion
	for _, topic := range slices.Sorted(maps.Keys(copies)) {
		if strings.HasPrefix(topic, begun) {
			offers = append(offers, cobra.CompletionWithDesc(topic, "to "+copies[topic]))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// configOf reads the configuration that the command line names so far.
func configOf(cmd *cobra.Command) (*config.Config, error) {
	path := ""
	if flag := cmd.Flags().Lookup("config"); flag != nil {
		path = flag.Value.String()
	}
	return loadConfig(path)
}

// copiedTopics returns the topics that the routes copy with their names on the
// target, as far as they are known before ctx ends.
func copiedTopics(ctx context.Context, cfg *config.Config, routes []*config.Route) map[string]string {
	var (
		asking sync.WaitGroup
		mu     sync.Mutex
		copies = make(map[string]string) // guarded by mu
	)
	for _, route := range routes {
		asking.Go(func() {
			topics, err := topicNames(ctx, cfg.Clusters[route.From])
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				for _, known := range route.Mapper.Known() {
					topics = append(topics, known.Topic)
				}
			}
			for _, topic := range topics {
				if d := route.Mapper.Decide(topic); d.Take {
					copies[topic] = d.Target
				}
			}
		})
	}
	asking.Wait()
	return copies
}

// topicNames lists the topics of a cluster with a connection of its own.
func topicNames(ctx context.Context, c *config.Cluster) ([]string, error) {
	asked, err := connect(ctx, c)
	if err != nil {
		return nil, err
	}
	defer asked.close()
	return asked.topicNames(ctx)
}

func (c *cluster) topicNames(ctx context.Context) ([]string, error) {
	details, err := c.admin.ListTopics(ctx)
	if err != nil {
		return nil, err
	}
	return details.Names(), nil
}

// completeWords offers fixed words.
func completeWords(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}
