package main

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// bomSchema is that of CycloneDX 1.6, which lies beside the library that writes it.
func bomSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	const at = "http://cyclonedx.org/schema/"
	compiler := jsonschema.NewCompiler()
	for name, file := range map[string]string{"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json"} {
		text, err := os.Open(filepath.Join(strings.TrimSpace(string(dir)), "schema", file))
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		text.Close() // it was only read
		if err := compiler.AddResource(at+name, document); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile(at + "bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// checkBOM compares the bill of materials with the build information, both ways, and
// with its schema.
func checkBOM(t *testing.T, text []byte, info *buildinfo.BuildInfo) {
	t.Helper()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := bomSchema(t).Validate(document); err != nil {
		t.Errorf("it is not by the schema: %v", err)
	}
	listed := map[string]bool{}
	for _, c := range *bom.Components {
		listed[c.Name+" "+c.Version] = true
		if c.Licenses == nil || len(*c.Licenses) == 0 {
			t.Errorf("%s is without a licence", c.Name)
		}
	}
	if len(listed) != len(info.Deps)+1 {
		t.Errorf("got %d components, want %d modules and the standard library", len(listed), len(info.Deps))
	}
	for _, module := range info.Deps {
		if !listed[module.Path+" "+module.Version] {
			t.Errorf("%s %s is not listed", module.Path, module.Version)
		}
	}
	if got := bom.Metadata.Component.Version; got != testVersion || bom.SpecVersion != cdx.SpecVersion1_6 {
		t.Errorf("it is of version %s, in CycloneDX %v", got, bom.SpecVersion)
	}
}
