//go:build deeponly

package e2e

// deepOnly says that the binary decodes every batch. buildTags are the tags that the binary is built with.
const (
	deepOnly  = true
	buildTags = "deeponly"
)
