package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/trace"
)

// Entry is one entry of a kustomization's images, patches or patchesJson6902. Through are the folders of the
// components that lead from the overlay to that kustomization, its own last; none where it is the overlay's.
type Entry struct {
	Through []string `json:"through,omitempty"`
	Field   string   `json:"field"`
	Index   int      `json:"index"`
}

// Matching says whether an entry selects anything. Invalid is why its image name is no pattern; kustomize does not
// look whether it compiled, and crashes on the first image.
type Matching struct {
	Matches bool   `json:"matches"`
	Invalid string `json:"invalid,omitempty"`
}

// mark is what a marked entry would leave in each object that it selects.
const mark = "sealock-mark-5f0c1d"

// Matches is the `matches` operation. The overlay is built by kustomize with the entry replaced by one that leaves a
// mark, and without anything that runs after it: what an entry selects is decided by what ran before.
func Matches(params, item json.RawMessage) (any, error) {
	return run(params, item, "matches")
}

func matches(fs *trace.FS, p Params, i Item) (any, error) {
	if i.Entry == nil {
		return nil, failure.New(failure.BadRequest, "item: entry is missing", "")
	}
	marked, answer, err := markedFiles(fs, i)
	if err != nil || answer != nil {
		return answer, err
	}
	with, err := fs.With(marked)
	if err != nil {
		return nil, err
	}
	answered, err := on(with, p, i, "matches")
	if with.Failed != nil {
		return nil, with.Failed
	}
	return answered, err
}

// markedFiles returns the kustomizations on the way to the entry, changed; or the answer where none is needed.
func markedFiles(fs *trace.FS, i Item) (map[string][]byte, *Matching, error) {
	folders := append([]string{i.Overlay}, i.Entry.Through...)
	files := map[string][]byte{}
	for n, folder := range folders {
		file, k, err := read(fs, folder)
		if err != nil {
			return nil, nil, err
		}
		if n+1 < len(folders) {
			err = cutBehind(k, folder, folders[n+1])
		} else if invalid := wrongName(k, i.Entry); invalid != "" {
			return nil, &Matching{Invalid: invalid}, nil
		} else {
			err = putMark(k, i.Entry)
		}
		if err != nil {
			return nil, nil, err
		}
		if files[file], err = yaml.Marshal(k); err != nil {
			return nil, nil, err
		}
	}
	return files, nil, nil
}

func read(fs *trace.FS, folder string) (string, *types.Kustomization, error) {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		file := filepath.Join(folder, name)
		content, err := fs.ReadFile(filepath.Join(fs.Root(), file))
		if err != nil {
			continue
		}
		k := &types.Kustomization{}
		if err := k.Unmarshal(content); err != nil {
			return "", nil, failure.New(failure.BuildFailed, err.Error(), "")
		}
		k.FixKustomization()
		return file, k, nil
	}
	return "", nil, failure.New(failure.NotFound, "there is no kustomization at "+folder, "")
}

// cutBehind leaves what runs in a kustomization up to its component at next.
func cutBehind(k *types.Kustomization, folder, next string) error {
	for n, path := range k.Components {
		if filepath.Join(folder, path) == filepath.Clean(next) {
			k.Components = k.Components[:n+1]
			k.PatchesStrategicMerge, k.Patches, k.PatchesJson6902 = nil, nil, nil
			cutReplicas(k)
			return nil
		}
	}
	return failure.New(failure.BadRequest, fmt.Sprintf("%s has no component %s", folder, next), "")
}

// kustomize's order: patchesStrategicMerge, patches, namespace, names, labels, annotations, patchesJson6902, replicas,
// images, replacements, then transformers (configureBuiltinTransformers in api/internal/target of v0.21.1).
func cutReplicas(k *types.Kustomization) {
	k.Replicas = nil
	k.Images = nil
	cutReplacements(k)
}

func cutReplacements(k *types.Kustomization) {
	k.Replacements, k.Transformers, k.Validators, k.Vars = nil, nil, nil, nil
}

func putMark(k *types.Kustomization, e *Entry) error {
	switch {
	case e.Field == "images" && e.Index < len(k.Images):
		k.Images = k.Images[:e.Index+1]
		k.Images[e.Index] = types.Image{Name: k.Images[e.Index].Name, NewTag: mark}
		cutReplacements(k)
	case e.Field == "patches" && e.Index < len(k.Patches):
		k.Patches = marked(k.Patches, e.Index)
		k.PatchesJson6902 = nil
		cutReplicas(k)
	case e.Field == "patchesJson6902" && e.Index < len(k.PatchesJson6902):
		k.PatchesJson6902 = marked(k.PatchesJson6902, e.Index)
		cutReplicas(k)
	default:
		return failure.New(failure.BadRequest, fmt.Sprintf("entry: there is no %s[%d]", e.Field, e.Index), "")
	}
	return nil
}

// marked returns the patches up to one, which adds a field that no object has.
func marked(patches []types.Patch, index int) []types.Patch {
	patches = patches[:index+1]
	patches[index] = types.Patch{
		Target: patches[index].Target, Patch: `[{"op": "add", "path": "/` + mark + `", "value": true}]`,
	}
	return patches
}

// wrongName says what Go's regexp has against an image's name, put together as kustomize does (IsImageMatched in
// api/internal/image of v0.21.1).
func wrongName(k *types.Kustomization, e *Entry) string {
	if e.Field != "images" || e.Index >= len(k.Images) {
		return ""
	}
	_, err := regexp.Compile("^" + k.Images[e.Index].Name + "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$")
	if err == nil {
		return ""
	}
	return err.Error()
}

func (j *job) holdsMark() (any, error) {
	built, err := j.build()
	if outside := j.fs.Outside; outside != nil {
		return nil, j.left(outside)
	}
	if err != nil {
		return nil, j.failed(err)
	}
	for _, resource := range built.Resources() {
		object, err := resource.MarshalJSON()
		if err != nil {
			return nil, j.failed(err)
		}
		if bytes.Contains(object, []byte(mark)) {
			return Matching{Matches: true}, nil
		}
	}
	return Matching{}, nil
}
