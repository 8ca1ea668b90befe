package tree

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

type refKind int

const (
	resource  refKind = iota // a file, or a directory with a kustomization
	component                // a directory
	data                     // a file
	plugin                   // inline text, a file or a directory
)

// Ref is one input that a kustomization names: the field, the path as written, and where it stands.
type Ref struct {
	Field, Path  string
	Line, Column int
	kind         refKind
	inline       *yaml.Node // a patch's text, or a plugin's, when it is not a path
}

// Chart is one Helm chart that a kustomization inflates.
type Chart struct {
	Name, Version, Repo, Home string
	Line, Column              int
}

// Generated is an object that a generator field creates.
type Generated struct {
	Field, Kind, Name, Namespace string
	Hashed                       bool
	Line                         int
}

// kustomization is what matters in one kustomization file. It never changes, so it is shared between items.
type kustomization struct {
	root           *yaml.Node
	component      bool
	refs           []Ref
	prefix, suffix string
	generated      []Generated
	openapi        bool
	helm           *Ref
	charts         []Chart
	configHome     *Ref
}

// parse reads a kustomization; nil when it is not a YAML mapping, which kustomize will say itself.
func parse(content []byte) *kustomization {
	var document yaml.Node
	if yaml.Unmarshal(content, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	k := &kustomization{root: document.Content[0]}
	k.component = text(k.root, "kind") == "Component"
	k.prefix, k.suffix = text(k.root, "namePrefix"), text(k.root, "nameSuffix")
	each(k.root, k.read)
	return k
}

func (k *kustomization) read(key, value *yaml.Node) {
	name := strings.ToLower(key.Value)
	switch name {
	case "resources", "bases":
		k.list(key.Value, value, resource)
	case "components":
		k.list(key.Value, value, component)
	case "crds", "configurations":
		k.list(key.Value, value, data)
	case "generators", "transformers", "validators":
		k.list(key.Value, value, plugin)
	case "patches", "patchesjson6902":
		k.patches(key.Value, value)
	case "patchesstrategicmerge":
		for _, item := range items(value) {
			k.add(patchText(key.Value, item, data))
		}
	case "replacements":
		for _, item := range items(value) {
			k.path(key.Value, item, "path")
		}
	case "openapi":
		k.openapi = true
		k.path(key.Value, value, "path")
	case "configmapgenerator", "secretgenerator":
		k.generators(key.Value, value)
	case "helmcharts", "helmchartinflationgenerator", "helmglobals":
		k.readHelm(key, value)
	}
}

func items(node *yaml.Node) []*yaml.Node {
	if node = follow(node); node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	found := make([]*yaml.Node, 0, len(node.Content))
	for _, item := range node.Content {
		found = append(found, follow(item))
	}
	return found
}

func (k *kustomization) add(ref Ref) {
	if ref.Path != "" || ref.inline != nil {
		k.refs = append(k.refs, ref)
	}
}

func refAt(fieldName string, node *yaml.Node, kind refKind) Ref {
	return Ref{Field: fieldName, Path: node.Value, Line: node.Line, Column: node.Column, kind: kind}
}

func (k *kustomization) list(fieldName string, value *yaml.Node, kind refKind) {
	for _, item := range items(value) {
		if item.Kind != yaml.ScalarNode {
			continue
		}
		if kind == plugin {
			k.add(patchText(fieldName, item, plugin))
			continue
		}
		k.add(refAt(fieldName, item, kind))
	}
}

// patchText tells inline YAML from a path as kustomize does: what holds an object is inline.
func patchText(fieldName string, item *yaml.Node, kind refKind) Ref {
	ref := refAt(fieldName, item, kind)
	if parsed := nodes([]byte(item.Value)); len(parsed) > 0 && parsed[0].Kind != yaml.ScalarNode {
		ref.inline, ref.Path = item, ""
	}
	return ref
}

func (k *kustomization) path(fieldName string, item *yaml.Node, name string) {
	if value := field(item, name); value != nil && value.Kind == yaml.ScalarNode {
		k.add(refAt(fieldName, value, data))
	}
}

func (k *kustomization) patches(fieldName string, value *yaml.Node) {
	for _, item := range items(value) {
		k.path(fieldName, item, "path")
		if inline := field(item, "patch"); inline != nil && inline.Value != "" {
			ref := refAt(fieldName, inline, data)
			ref.Path, ref.inline = "", inline
			k.add(ref)
		}
	}
}

func (k *kustomization) generators(fieldName string, value *yaml.Node) {
	kind := "ConfigMap"
	if strings.EqualFold(fieldName, "secretGenerator") {
		kind = "Secret"
	}
	shared := text(field(k.root, "generatorOptions"), "disableNameSuffixHash") == "true"
	for _, item := range items(value) {
		for _, name := range []string{"files", "envs", "env"} {
			k.sources(fieldName, field(item, name))
		}
		if behavior := text(item, "behavior"); behavior == "merge" || behavior == "replace" {
			continue
		}
		k.generated = append(k.generated, Generated{
			Field: fieldName, Kind: kind, Name: text(item, "name"), Namespace: text(item, "namespace"),
			Hashed: !shared && text(field(item, "options"), "disableNameSuffixHash") != "true", Line: item.Line,
		})
	}
}

// sources reads `path` and `key=path` entries.
func (k *kustomization) sources(fieldName string, value *yaml.Node) {
	if value == nil {
		return
	}
	list := items(value)
	if value.Kind == yaml.ScalarNode {
		list = []*yaml.Node{value}
	}
	for _, item := range list {
		ref := refAt(fieldName, item, data)
		if _, path, found := strings.Cut(item.Value, "="); found {
			ref.Path = path
		}
		k.add(ref)
	}
}

func (k *kustomization) readHelm(key, value *yaml.Node) {
	if k.helm == nil {
		ref := refAt(key.Value, key, data)
		k.helm = &ref
	}
	if strings.EqualFold(key.Value, "helmGlobals") {
		k.readConfigHome(value)
	}
	home := text(field(k.root, "helmGlobals"), "chartHome")
	for _, item := range items(value) {
		k.readChart(key.Value, item, home)
	}
}

func (k *kustomization) readConfigHome(value *yaml.Node) {
	if node := field(value, "configHome"); node != nil && node.Value != "" {
		ref := refAt("configHome", node, data)
		k.configHome = &ref
	}
}

func (k *kustomization) readChart(fieldName string, item *yaml.Node, home string) {
	chart := Chart{
		Name: text(item, "name"), Version: text(item, "version"), Repo: text(item, "repo"), Home: home,
		Line: item.Line, Column: item.Column,
	}
	if old := text(item, "chartName"); old != "" { // helmChartInflationGenerator's older words
		chart.Name, chart.Version, chart.Repo = old, text(item, "chartVersion"), text(item, "chartRepoUrl")
	}
	if own := text(item, "chartHome"); own != "" {
		chart.Home = own
	}
	if chart.Home == "" {
		chart.Home = "charts"
	}
	k.charts = append(k.charts, chart)
	k.path(fieldName, item, "valuesFile")
	k.path(fieldName, item, "values")
	for _, extra := range items(field(item, "additionalValuesFiles")) {
		k.add(refAt(fieldName, extra, data))
	}
	k.readConfigHome(item)
}

// KeyAt finds a field by name anywhere in the kustomization; 0, 0 when there is none.
func (k *kustomization) keyAt(name string) (line, column int) {
	var search func(node *yaml.Node)
	search = func(node *yaml.Node) {
		if node == nil || line != 0 {
			return
		}
		if node.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == name && line == 0 {
					line, column = node.Content[i].Line, node.Content[i].Column
				}
			}
		}
		for _, child := range node.Content {
			search(child)
		}
	}
	search(k.root)
	return line, column
}
