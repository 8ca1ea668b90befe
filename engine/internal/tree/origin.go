package tree

import (
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
	kresource "sigs.k8s.io/kustomize/api/resource"
)

// Origin is where an object came from; its kind and name there, before transformers.
type Origin struct {
	File      string `json:"file"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Generator string `json:"generator"`
}

// Object identifies one object of a render. Annotation is kustomize's own origin annotation, when a build had it.
type Object struct{ Kind, Name, Namespace, Annotation string }

// candidate is an object as some file declares it, with the name that prefixes and suffixes make of it.
type candidate struct {
	origin    Origin
	namespace string
	final     string
	hashed    bool
	used      bool
}

// unprefixed are the kinds whose names kustomize leaves alone.
var unprefixed = map[string]bool{"CustomResourceDefinition": true, "APIService": true, "Namespace": true}

// collect follows kustomize's order: own inputs, generators, components (which see all of these), own prefixes.
func (t *Tree) collect(n *Node, above []*candidate) []*candidate {
	all := above
	for _, child := range n.children {
		if child.Entry.kind == resource {
			all = append(all, t.collect(child, nil)...)
		}
	}
	for _, file := range n.files {
		for _, document := range file.documents {
			all = append(all, &candidate{
				origin:    Origin{File: t.fs.Relative(file.real), Kind: document.Kind, Name: document.Name},
				namespace: document.Namespace, final: document.Name,
			})
		}
	}
	if n.k == nil {
		return all
	}
	for _, g := range n.k.generated {
		all = append(all, &candidate{
			origin:    Origin{File: n.File, Kind: g.Kind, Name: g.Name, Generator: g.Field},
			namespace: g.Namespace, final: g.Name, hashed: g.Hashed,
		})
	}
	for _, child := range n.children {
		if child.Entry.kind == component {
			all = t.collect(child, all)
		}
	}
	for _, c := range all {
		if !unprefixed[c.origin.Kind] {
			c.final = n.k.prefix + c.final + n.k.suffix
		}
	}
	return all
}

var hashSuffix = regexp.MustCompile(`-[a-z0-9]{10}$`)

// Origins pairs objects with what declares them by kind and predicted name. It is certain (true) only when every
// object and every declaration has exactly one partner; else ask kustomize with a second build.
func (t *Tree) Origins(objects []Object) ([]Origin, bool) {
	candidates := t.collect(t.Top, nil)
	if len(candidates) != len(objects) {
		return nil, false
	}
	byKey := map[[2]string][]*candidate{}
	for _, c := range candidates {
		key := [2]string{c.origin.Kind, c.final}
		byKey[key] = append(byKey[key], c)
	}
	found := make([]Origin, len(objects))
	for i, object := range objects {
		c := only(byKey[[2]string{object.Kind, object.Name}], object, false)
		if base := hashSuffix.ReplaceAllString(object.Name, ""); c == nil && base != object.Name {
			c = only(byKey[[2]string{object.Kind, base}], object, true)
		}
		if c == nil {
			return nil, false
		}
		c.used = true
		found[i] = c.origin
	}
	return found, true
}

// only returns the one candidate that fits, by namespace when there are several; nil when that is not certain.
func only(candidates []*candidate, object Object, hashed bool) *candidate {
	var fitting []*candidate
	for _, c := range candidates {
		if !c.used && c.hashed == hashed {
			fitting = append(fitting, c)
		}
	}
	if len(fitting) < 2 {
		return first(fitting)
	}
	var exact []*candidate
	for _, c := range fitting {
		if c.namespace == object.Namespace {
			exact = append(exact, c)
		}
	}
	if len(exact) != 1 {
		return nil
	}
	return exact[0]
}

func first(candidates []*candidate) *candidate {
	if len(candidates) == 0 {
		return nil
	}
	return candidates[0]
}

// AnnotatedOrigins reads kustomize's own origin annotations, and finds each object's kind and name in its file.
// What has no annotation counts as made by the overlay's own kustomization.
func (t *Tree) AnnotatedOrigins(objects []Object) []Origin {
	candidates := t.collect(t.Top, nil)
	found := make([]Origin, len(objects))
	for i, object := range objects {
		found[i] = t.annotated(object)
		if c := best(candidates, found[i], object); c != nil {
			c.used = true
			found[i] = c.origin
		}
	}
	return found
}

func (t *Tree) annotated(object Object) Origin {
	declared := kresource.Origin{}
	origin := Origin{File: t.Top.File, Kind: object.Kind, Name: object.Name}
	if object.Annotation == "" || yaml.Unmarshal([]byte(object.Annotation), &declared) != nil {
		return origin
	}
	path := declared.Path
	if declared.ConfiguredIn != "" {
		path, origin.Generator = declared.ConfiguredIn, generatorField(declared.ConfiguredBy.Kind)
		if name := declared.ConfiguredBy.Name; name != "" {
			origin.Name = name
		}
	}
	path = filepath.Join(t.Top.Dir, path)
	if real, _, err := t.fs.Find(path); err == nil {
		path = real
	}
	origin.File = t.fs.Relative(path)
	return origin
}

func generatorField(kind string) string {
	switch kind {
	case "ConfigMapGenerator", "SecretGenerator":
		return strings.ToLower(kind[:1]) + kind[1:]
	case "HelmChartInflationGenerator":
		return "helmCharts"
	}
	return kind
}

// best chooses among the declarations of one file: the predicted name, else the longest name that the final one has
// in it, else the first of the kind.
func best(candidates []*candidate, origin Origin, object Object) *candidate {
	var chosen *candidate
	score := -1
	for _, c := range candidates {
		if c.used || c.origin.File != origin.File || (c.origin.Generator == "") != (origin.Generator == "") {
			continue
		}
		points := 0
		if c.origin.Kind == object.Kind {
			points = 1000
		}
		switch {
		case c.final == object.Name || (c.hashed && c.final == hashSuffix.ReplaceAllString(object.Name, "")):
			points += 900
		case strings.Contains(object.Name, c.origin.Name):
			points += len(c.origin.Name)
		}
		if c.namespace == object.Namespace {
			points++
		}
		if points > score {
			chosen, score = c, points
		}
	}
	return chosen
}
