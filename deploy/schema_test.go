package deploy_test

import (
	"fmt"
	"slices"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// schemaFaults compares a manifest with Kubernetes' own OpenAPI schema: types, what is
// required, and what has a list of values. Fields that are newer than the schema are
// left to the decoding into Kubernetes' types, which refuses unknown ones.
func schemaFaults(manifest string) ([]string, error) {
	node, err := yaml.Parse(manifest)
	if err != nil {
		return nil, err
	}
	meta, err := node.GetMeta()
	if err != nil {
		return nil, err
	}
	schema := openapi.SchemaForResourceType(meta.TypeMeta)
	if schema.IsMissingOrNull() {
		return nil, fmt.Errorf("there is no schema of %s %s", meta.APIVersion, meta.Kind)
	}
	return faultsOf(node.YNode(), schema, meta.Kind), nil
}

func faultsOf(node *yaml.Node, schema *openapi.ResourceSchema, at string) (faults []string) {
	if schema.IsMissingOrNull() {
		return nil
	}
	if kind, is := kindOf(node), schema.Schema.Type; len(is) > 0 && schema.Schema.Format != "int-or-string" && !slices.Contains(is, kind) && !(kind == "integer" && is.Contains("number")) {
		return []string{fmt.Sprintf("%s is a %s, want %v", at, kind, is)}
	}
	switch node.Kind {
	case yaml.MappingNode:
		named := map[string]*yaml.Node{}
		for i := 0; i < len(node.Content); i += 2 {
			named[node.Content[i].Value] = node.Content[i+1]
		}
		for _, name := range schema.Schema.Required {
			if named[name] == nil {
				faults = append(faults, fmt.Sprintf("%s lacks %s", at, name))
			}
		}
		for name, value := range named {
			faults = append(faults, faultsOf(value, schema.Field(name), at+"."+name)...)
		}
	case yaml.SequenceNode:
		for i, value := range node.Content {
			faults = append(faults, faultsOf(value, schema.Elements(), fmt.Sprintf("%s[%d]", at, i))...)
		}
	case yaml.ScalarNode:
		if values := schema.Schema.Enum; len(values) > 0 && !slices.Contains(values, any(node.Value)) {
			faults = append(faults, fmt.Sprintf("%s is %q, want one of %v", at, node.Value, values))
		}
	}
	return faults
}

// kindOf is the type of a node in the words of a schema.
func kindOf(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "object"
	case yaml.SequenceNode:
		return "array"
	}
	switch node.ShortTag() {
	case "!!int":
		return "integer"
	case "!!bool":
		return "boolean"
	case "!!float":
		return "number"
	}
	return "string"
}

// What the schema says is found in manifests that are wrong.
func TestSchemaFaults(t *testing.T) {
	for manifest, want := range map[string]string{
		"apiVersion: apps/v1\nkind: StatefulSet\nspec: {serviceName: m, template: {}}":                                     "StatefulSet.spec lacks selector",
		"apiVersion: apps/v1\nkind: StatefulSet\nspec: {serviceName: m, selector: {}, template: {}, replicas: three}":      "StatefulSet.spec.replicas is a string, want [integer]",
		"apiVersion: v1\nkind: Service\nspec: {ports: [{name: web}]}":                                                      "Service.spec.ports[0] lacks port",
		"apiVersion: v1\nkind: Service\nspec: {ports: {name: web}}":                                                        "Service.spec.ports is a object, want [array]",
		"apiVersion: policy/v1\nkind: PodDisruptionBudget\nspec: {maxUnavailable: 1, selector: {matchLabels: {app: [x]}}}": "PodDisruptionBudget.spec.selector.matchLabels.app is a array, want [string]",
	} {
		faults, err := schemaFaults(manifest)
		if err != nil || !slices.Contains(faults, want) {
			t.Errorf("got %q (%v), want %q in\n%s", faults, err, want, manifest)
		}
	}
}
