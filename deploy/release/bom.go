package main

import (
	"debug/buildinfo"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"mirror/deploy/notices"
)

// writeBOM lists the modules that are linked into a binary, as the Go tools have
// written them into it, with their licences, in the JSON of CycloneDX 1.6. A
// module whose licence is not among the parts is an error.
func (r release) writeBOM(out io.Writer, p platform, binary string, parts []notices.Part) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Component: &cdx.Component{Type: cdx.ComponentTypeApplication, BOMRef: "mirror", Name: "mirror", Version: r.version,
		Description: "Copies Kafka topics between clusters exactly once",
		Properties:  &[]cdx.Property{{Name: "go:GOOS", Value: p.os}, {Name: "go:GOARCH", Value: p.arch}}}}
	components := []cdx.Component{library("std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, module := range info.Deps {
		components = append(components, component(module))
	}
	licences := map[string]*cdx.Licenses{}
	for _, part := range parts {
		licences[part.Path] = licencesOf(part)
	}
	refs := make([]string, 0, len(components))
	for i, c := range components {
		if components[i].Licenses = licences[c.Name]; components[i].Licenses == nil {
			return fmt.Errorf("the licence of %s is not known", c.Name)
		}
		refs = append(refs, c.BOMRef)
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: "mirror", Dependencies: &refs}}
	encoder := cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON)
	encoder.SetPretty(true)
	return encoder.EncodeVersion(bom, cdx.SpecVersion1_6)
}

// component is a module, or what replaces it, with the hash of its go.sum.
func component(module *debug.Module) cdx.Component {
	if module.Replace != nil {
		module = module.Replace
	}
	c := library(module.Path, module.Version)
	if module.Sum != "" {
		c.Properties = &[]cdx.Property{{Name: "go:sum", Value: module.Sum}}
	}
	return c
}

func licencesOf(part notices.Part) *cdx.Licenses {
	var all cdx.Licenses
	for _, id := range part.Licences {
		all = append(all, cdx.LicenseChoice{License: &cdx.License{ID: id}})
	}
	return &all
}

// library names a Go module by its package URL, with which scanners look it up.
func library(path, version string) cdx.Component {
	url := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: url, Name: path, Version: version, PackageURL: url, Scope: cdx.ScopeRequired}
}
