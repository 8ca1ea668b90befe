package render

import (
	"path/filepath"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"sealock.dev/engine/internal/tree"
)

const originAnnotation = "config.kubernetes.io/origin"

// origins finds where each object came from. It never touches the build that is returned: annotations that are put
// in and taken out again could change what patches do. Where names do not tell, a second build has annotations.
func (j *job) origins(built resmap.ResMap) ([]tree.Origin, error) {
	objects := identify(built)
	if found, certain := j.tree.Origins(objects); certain {
		return found, nil
	}
	annotated := j.annotatedBuild()
	for i := range objects {
		objects[i].Annotation = annotated[key(objects[i])]
	}
	return j.tree.AnnotatedOrigins(objects), nil
}

func key(o tree.Object) [3]string { return [3]string{o.Kind, o.Namespace, o.Name} }

func identify(built resmap.ResMap) []tree.Object {
	objects := make([]tree.Object, 0, built.Size())
	for _, r := range built.Resources() {
		objects = append(objects, tree.Object{Kind: r.GetKind(), Name: r.GetName(), Namespace: r.GetNamespace()})
	}
	return objects
}

// annotatedBuild builds again with buildMetadata: [originAnnotations] and returns the annotations by object.
// A build that fails for the annotations' sake gives none: origins then name the overlay's kustomization.
func (j *job) annotatedBuild() map[[3]string]string {
	top := filepath.Join(j.fs.Root(), j.tree.Top.File)
	content, err := j.fs.ReadFile(top)
	if err != nil {
		return nil
	}
	var fields map[string]any
	if yaml.Unmarshal(content, &fields) != nil {
		return nil
	}
	fields["buildMetadata"] = []string{types.OriginAnnotations}
	substitute, err := yaml.Marshal(fields)
	if err != nil {
		return nil
	}
	j.fs.Substitute = map[string][]byte{top: substitute}
	defer func() { j.fs.Substitute = nil }()
	built, err := j.build()
	if err != nil {
		return nil
	}
	found := map[[3]string]string{}
	for i, object := range identify(built) {
		found[key(object)] = built.Resources()[i].GetAnnotations()[originAnnotation]
	}
	return found
}
