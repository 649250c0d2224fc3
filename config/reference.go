package config

import _ "embed" // for the reference file

//go:embed reference.yaml
var reference string

// Reference returns the commented file that documents every key and its
// default. It is itself a valid configuration.
func Reference() []byte { return []byte(reference) }
