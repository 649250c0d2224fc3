package main

import (
	"io"

	"github.com/spf13/cobra"

	"mirror/config"
)

func newConfigCommand() *cobra.Command {
	return groupOf(&cobra.Command{
		Use:   "config",
		Short: "Explain the configuration file",
		Long:  "Explain the keys of the configuration file, and describe it to editors.",
		Example: `  mirror config explain routes.rename
  mirror config reference > mirror.yaml
  mirror config schema > mirror.schema.json`,
		Annotations: withExitCodes(exitOK, exitUsage),
	},
		newConfigExplainCommand(),
		newConfigReferenceCommand(),
		newConfigSchemaCommand(),
	)
}

func newConfigReferenceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reference [flags]",
		Short: "Print a file with every key, its meaning and its default",
		Long:  "Print a commented configuration file that has every key with its default. It is itself valid.",
		Example: `  mirror config reference | less
  mirror config reference > mirror.yaml`,
		Annotations: withExitCodes(exitOK, exitFailed, exitUsage),
		Args:        noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(config.Reference())
			return err
		},
	}
}

func newConfigSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [flags]",
		Short: "Print the JSON schema of the configuration file",
		Long: `Print the JSON schema (draft 2020-12) of the configuration file, with which editors complete and check it.
It knows every key, type, default and meaning. What several values mean together, only mirror itself checks.

Editors with the YAML language server take it from a first line in mirror.yaml:
  # yaml-language-server: $schema=mirror.schema.json`,
		Example:     "  mirror config schema > mirror.schema.json",
		Annotations: withExitCodes(exitOK, exitFailed, exitUsage),
		Args:        noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runConfigSchema(cmd.OutOrStdout())
		},
	}
}

func runConfigSchema(out io.Writer) error {
	text, err := config.Schema()
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
