package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// Schema returns the JSON schema (draft 2020-12) of the file, for editors. It is
// made of the tables that the loader reads by, so it knows every key, type and
// default; what depends on several values together, only the loader checks.
func Schema() ([]byte, error) {
	root := mappingSchema("", tables(), referenceNotes())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Configuration of mirror"
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return append(text, '\n'), nil
}

// mappingSchema is the schema of a mapping with a fixed set of keys.
func mappingSchema(path string, fields []field, said notes) map[string]any {
	properties, with, required := map[string]any{}, map[string]any{}, []string{}
	for _, f := range fields {
		properties[f.key] = fieldSchema(strings.TrimPrefix(path+"."+f.key, "."), f, said)
		if f.required != "" {
			required = append(required, f.key)
		}
		if f.with != "" {
			with[f.key] = []string{f.with}
		}
	}
	schema := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	if len(with) > 0 {
		schema["dependentRequired"] = with
	}
	return schema
}

// fieldSchema is the schema of a key's value, with what the reference says of it.
func fieldSchema(path string, f field, said notes) map[string]any {
	of := f.kind.schema
	if f.kind.below != nil {
		if of = mappingSchema(inside(path), f.kind.below(), said); f.kind.wrap != nil {
			of = f.kind.wrap(of)
		}
	}
	schema := maps.Clone(of)
	schema["description"] = said.of(path).text
	if f.standard != nil {
		schema["default"] = f.standard
	}
	return schema
}
