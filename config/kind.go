package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// field is a key that a mapping may have. The tables of fields are what the
// loader reads by, and what the schema and the explanations are made of.
type field struct {
	key      string
	kind     kind
	standard any    // the value without the key: string, int, bool or []string; nil: there is none
	derived  string // instead of standard, what follows from other keys, in words
	required string // what the message about a missing key says besides; "-": nothing; empty: the key can be left out
	with     string // another key that must be there with this one
	read     func(entry)
}

// kind says which values a key takes.
type kind struct {
	words  string         // for people, like "a whole number from 1 to 1024"
	values []string       // of a choice
	schema map[string]any // JSON schema of a value that is no mapping
	below  func() []field // keys of a mapping
	// wrap says how such mappings stand in the value; nil: the value is one.
	wrap func(mapping map[string]any) map[string]any
}

// variableSchema is the schema of a value that comes from the environment.
func variableSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": `\$\{[A-Za-z_][A-Za-z0-9_]*\}`}
}

// orVariable is the schema of a value that is no free text: it can also come from
// the environment.
func orVariable(schemas ...map[string]any) map[string]any {
	return map[string]any{"anyOf": append(schemas, variableSchema())}
}

func textKind(words string) kind {
	return kind{words: words, schema: map[string]any{"type": "string", "minLength": 1}}
}

func textsKind(words string, least int) kind {
	schema := map[string]any{"type": "array", "items": textKind("").schema}
	if least > 0 {
		schema["minItems"] = least
	}
	return kind{words: words, schema: schema}
}

// namePattern is what rename.CheckName accepts.
const namePattern = `^[A-Za-z0-9._-]+$`

func nameKind() kind {
	name := map[string]any{"type": "string", "pattern": namePattern, "maxLength": maxRouteName}
	return kind{words: "a name of letters, digits, '.', '_' and '-'", schema: orVariable(name)}
}

func choiceKind(values ...string) kind {
	return kind{words: "one of " + strings.Join(values, ", "), values: values, schema: orVariable(map[string]any{"enum": values})}
}

func mappingKind(below func() []field) kind {
	return kind{words: "a mapping", below: below}
}

// textField is a key whose value is any text.
func (d *decoder) textField(key, words string, into *string) field {
	return field{key: key, kind: textKind(words), standard: given(*into), read: func(e entry) { *into, _ = d.text(e.value) }}
}

// given is a default, unless it is the empty text, which stands for none.
func given(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// secretField is a key whose value no message may show.
func (d *decoder) secretField(key string, into *Secret) field {
	return field{key: key, kind: textKind("a secret, better as ${VARIABLE} than as text"), read: func(e entry) { *into, _ = d.secret(e.value) }}
}

func (d *decoder) choiceField(key string, into *string, values ...string) field {
	return field{key: key, kind: choiceKind(values...), standard: given(*into), read: func(e entry) { d.choice(e.value, into, values...) }}
}

func (d *decoder) boolField(key string, into *bool) field {
	return field{key: key, kind: kind{words: "true or false", schema: orVariable(map[string]any{"type": "boolean"})}, standard: *into,
		read: func(e entry) { d.boolean(e.value, into) }}
}

func (d *decoder) intField(key string, into *int, low, high int) field {
	return field{key: key, standard: *into, read: func(e entry) { d.integer(e.value, into, low, high) }, kind: kind{
		words:  fmt.Sprintf("a whole number from %d to %d", low, high),
		schema: orVariable(map[string]any{"type": "integer", "minimum": low, "maximum": high})}}
}

// sizeField is a number of bytes. lowText is low as people write it.
func (d *decoder) sizeField(key string, into *int64, low int64, lowText string) field {
	names := make([]string, len(units))
	for i, u := range units {
		names[i] = u.name
	}
	return field{key: key, standard: sizeText(*into), read: func(e entry) { d.size(e.value, into, low, lowText) }, kind: kind{
		words: "a size like 256MiB, at least " + lowText,
		schema: orVariable(map[string]any{"type": "integer", "minimum": low},
			map[string]any{"type": "string", "pattern": "^[0-9]+ *(" + strings.Join(names, "|") + ")?$"})}}
}

// sizeText writes a number of bytes in the largest unit that fits it exactly.
func sizeText(n int64) any {
	for _, u := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if size, _ := ParseSize("1" + u); n > 0 && n%size == 0 {
			return strconv.FormatInt(n/size, 10) + u
		}
	}
	return int(n)
}

func (d *decoder) durationField(key string, into *time.Duration, low time.Duration) field {
	return field{key: key, standard: into.String(), read: func(e entry) { d.duration(e.value, into, low) }, kind: kind{
		words: "a duration like 5s, at least " + low.String(),
		schema: orVariable(map[string]any{"type": "string",
			"pattern": `^\+?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`})}}
}

// mappingField is a key with a fixed set of keys below it. path ends with the key.
func (d *decoder) mappingField(path string, fields ...field) field {
	return field{key: path[strings.LastIndexByte(path, '.')+1:], kind: mappingKind(func() []field { return fields }),
		read: func(e entry) { d.mapping(path, e, fields...) }}
}
