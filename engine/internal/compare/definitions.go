package compare

import (
	"encoding/json"
	"strings"
)

// quantityPattern is what code generators write for a resource.Quantity.
const quantityPattern = `^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`

// definition is what is needed of a CustomResourceDefinition.
type definition struct {
	Spec struct {
		Group string `json:"group"`
		Names struct {
			Kind string `json:"kind"`
		} `json:"names"`
		Versions []struct {
			Name   string `json:"name"`
			Schema struct {
				Root *properties `json:"openAPIV3Schema"`
			} `json:"schema"`
		} `json:"versions"`
	} `json:"spec"`
}

// properties is what is needed of a JSONSchemaProps.
type properties struct {
	Properties map[string]*properties `json:"properties"`
	Additional *orBool                `json:"additionalProperties"`
	Items      *properties            `json:"items"`
	Pattern    string                 `json:"pattern"`
	Default    any                    `json:"default"`
	ListType   string                 `json:"x-kubernetes-list-type"`
	ListKeys   []string               `json:"x-kubernetes-list-map-keys"`
}

// orBool is a schema where also true or false may stand.
type orBool struct{ schema *properties }

func (o *orBool) UnmarshalJSON(raw []byte) error {
	if string(raw) == "true" || string(raw) == "false" {
		return nil
	}
	return json.Unmarshal(raw, &o.schema)
}

// definitions are schemas by `group/version kind`.
type definitions map[string]*properties

func index(all []definition) definitions {
	known := definitions{}
	for _, each := range all {
		for _, version := range each.Spec.Versions {
			if version.Schema.Root != nil {
				known[each.Spec.Group+"/"+version.Name+" "+each.Spec.Names.Kind] = version.Schema.Root
			}
		}
	}
	return known
}

func (d definitions) shape(version, kind string) shape {
	if root := d[version+" "+kind]; root != nil && strings.Contains(version, "/") {
		return custom{root, true}
	}
	return nil
}

// custom is a shape that a CustomResourceDefinition describes.
type custom struct {
	schema *properties
	isRoot bool
}

func newCustom(schema *properties) shape {
	if schema == nil {
		return guess{}
	}
	return custom{schema, false}
}

func (c custom) field(name string) shape {
	if c.isRoot && name == "metadata" {
		return builtIn("v1", "ConfigMap").field(name) // every object's is the same
	}
	if found, ok := c.schema.Properties[name]; ok {
		return newCustom(found)
	}
	if c.schema.Additional != nil {
		return newCustom(c.schema.Additional.schema)
	}
	return guess{}
}

func (c custom) element() shape { return newCustom(c.schema.Items) }

// list guesses for lists of no declared type, as most are: that they merge as a whole says little to a reader.
func (c custom) list() (relation, []key) {
	switch c.schema.ListType {
	case "map":
		return keyed, c.keys()
	case "set":
		return set, nil
	case "atomic":
		return ordered, nil
	}
	return guessed, nil
}

func (c custom) keys() []key {
	keys := make([]key, 0, len(c.schema.ListKeys))
	for _, name := range c.schema.ListKeys {
		each := key{name: name}
		if c.schema.Items != nil && c.schema.Items.Properties[name] != nil {
			each.fallback = c.schema.Items.Properties[name].Default
		}
		keys = append(keys, each)
	}
	return keys
}

func (c custom) isQuantity() bool { return c.schema.Pattern == quantityPattern }
