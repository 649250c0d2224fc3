package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// compiled is the schema as a validator that shares nothing with this package
// understands it.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mirror.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("mirror.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON reads YAML as an editor does that checks it by a JSON schema.
func asJSON(n *yaml.Node) any {
	switch {
	case n.Kind == yaml.DocumentNode:
		return asJSON(n.Content[0])
	case n.Kind == yaml.MappingNode:
		object := make(map[string]any)
		for i := 0; i+1 < len(n.Content); i += 2 {
			object[n.Content[i].Value] = asJSON(n.Content[i+1])
		}
		return object
	case n.Kind == yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, asJSON(item))
		}
		return list
	case n.Tag == "!!int", n.Tag == "!!float":
		return json.Number(n.Value)
	case n.Tag == "!!bool":
		return n.Value == "true"
	case n.Tag == "!!null":
		return nil
	}
	return n.Value
}

func validate(schema *jsonschema.Schema, text string) error {
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	return schema.Validate(asJSON(&n))
}

// yamlBlock finds the examples of a page.
var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Whatever the documents show, the loader and the schema accept.
func TestExamplesAreValid(t *testing.T) {
	schema := compiled(t)
	examples := map[string]string{
		"reference":                      string(Reference()),
		"reference with all it mentions": setting.ReplaceAllString(string(Reference()), "$1$2"),
		"minimal":                        minimal,
	}
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(block[1], "clusters:") {
				examples[fmt.Sprintf("%s, example %d", page, i+1)] = block[1]
			}
		}
	}
	if len(examples) < 4 {
		t.Errorf("got %d examples, want that of the README at least", len(examples))
	}
	for name, text := range examples {
		if _, err := Parse(name, []byte(text), environment); err != nil {
			t.Errorf("%s: the loader refuses it: %v", name, err)
		}
		if err := validate(schema, text); err != nil {
			t.Errorf("%s: the schema refuses it: %v", name, err)
		}
	}
}

// The schema finds what one value alone shows. What it leaves to the loader is
// listed here, so that a weaker schema is noticed.
func TestSchemaRefuses(t *testing.T) {
	schema := compiled(t)
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var accepted []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(schema, string(text)); err == nil {
			accepted = append(accepted, strings.TrimSuffix(filepath.Base(file), ".yaml"))
		}
	}
	want := []string{ // keys twice, variables, and what several values together mean
		"collision", "duplicate-cluster", "duplicate-key", "env", "goes-home", "literal-loop", "monitor-off-2", "monitor-off", "rename-order", "route-ends",
		"same-target", "secret-env", "secret-second-document", "secret-url", "two-documents", "web-actions", "web-listen-2", "web-open"}
	if !slices.Equal(accepted, want) {
		t.Errorf("the schema accepts %q, want %q", accepted, want)
	}
}

func TestKeys(t *testing.T) {
	keys := Keys()
	if len(keys) < 60 {
		t.Errorf("got %d keys, want all of about 60", len(keys))
	}
	for _, key := range keys {
		if key.Text == "" || key.Type == "" {
			t.Errorf("%s: nothing is said about it", key.Path)
		}
		if key.Default != "" && key.Required {
			t.Errorf("%s is required and has a default", key.Path)
		}
	}
}

func TestFindKeys(t *testing.T) {
	tests := []struct{ name, want, near string }{
		{"routes.rename", "routes.rename", ""},
		{"rename", "routes.rename", ""},
		{"routes[0].rename[2].match", "routes.rename.match", ""},
		{"clusters.west.sasl.token_file", "clusters.*.sasl.token_file", ""},
		{"clusters.*.tls", "clusters.*.tls", ""},
		{"tls.ca_file", "clusters.*.tls.ca_file", ""},
		{"tls", "clusters.*.tls web.tls", ""},
		{"limits", "limits", ""},
		{"lans", "", "lanes"},
		{"routes.isolaton", "", "routes.isolation"},
		{"clusters.a.b.brokers", "", "clusters.*.brokers"},
		{"", "", ""},
		{"([*", "", ""},
	}
	for _, test := range tests {
		found, near := FindKeys(test.name)
		var paths []string
		for _, key := range found {
			paths = append(paths, key.Path)
		}
		if got := strings.Join(paths, " "); got != test.want || near != test.near {
			t.Errorf("%s: got %q, near %q, want %q, near %q", test.name, got, near, test.want, test.near)
		}
	}
}

// What the reference says is found for keys of each kind: set, commented out,
// spoken of, and without a comment of its own.
func TestNotes(t *testing.T) {
	tests := []struct{ path, text, example string }{
		{"name", "Name of this mirror.", "name: mirror"},
		{"clusters.*.rack", "Fetch from replicas in this rack", "rack: eu-1a"},
		{"clusters.*.tls.key_file", "Certificate and key of the mirror", "key_file: /etc/mirror/mirror.key"},
		{"clusters.*.sasl.password", "better kept in a file", "password: ${WEST_PASSWORD}"},
		{"clusters.*.sasl.client_secret", "client credentials", "client_secret: ${SECRET}"},
		{"routes.rename.match", "a regular expression between slashes", ""},
		{"routes.topics", "Topics to copy", `topics: [orders, "/clicks\\..*/"]`},
		{"log.level", "debug, info", "level: info"},
	}
	for _, test := range tests {
		found, _ := FindKeys(test.path)
		if len(found) != 1 || !strings.Contains(found[0].Text, test.text) || !strings.Contains(found[0].Example, test.example) {
			t.Errorf("%s: got %+v, want %q and %q", test.path, found, test.text, test.example)
		}
	}
}
