package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mirror/config"
)

func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages into a directory",
		Long: `Write the manual pages of all commands (section 1) and of the configuration file (mirror.yaml, section 5) into a
directory, which is created when it is missing. Pages of an earlier version are overwritten.`,
		Example: `  mirror man /usr/local/share/man
  mirror man /tmp/man && man -M /tmp/man mirror-plan`,
		Annotations: withExitCodes(exitOK, exitFailed, exitUsage),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageErrorf("name one directory")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runMan(cmd.Root(), args[0], readBuild().Version, cmd.ErrOrStderr())
		},
	}
}

func runMan(root *cobra.Command, dir, version string, errOut io.Writer) error {
	pages := manPages(root, version)
	for name, text := range pages {
		path := filepath.Join(dir, "man"+name[len(name)-1:], name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write manual: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write manual: %w", err)
		}
	}
	fmt.Fprintf(errOut, "wrote %d pages into %s\n", len(pages), dir)
	return nil
}

// manPages returns all pages by the names of their files, which end with the
// section.
func manPages(root *cobra.Command, version string) map[string]string {
	pages := map[string]string{"mirror.yaml.5": configPage(config.Keys(), version)}
	for _, cmd := range allCommands(root) {
		pages[manName(cmd)+".1"] = commandPage(cmd, version)
	}
	return pages
}

// manName is what a page is called by: mirror-plan for mirror plan.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }
