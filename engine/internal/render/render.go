// Package render builds overlays with kustomize's own code.
package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"

	"sealock.dev/engine/internal/directory"
	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/gittree"
	"sealock.dev/engine/internal/trace"
	"sealock.dev/engine/internal/tree"
)

// Admit gives the API server's verdict on one object as JSON; nil when it is not linked.
var Admit func(object []byte) any

// Params hold for every item of a request.
type Params struct {
	Root           string   `json:"root"`
	Want           []string `json:"want"`
	LoadRestrictor string   `json:"load_restrictor"`
	Helm           string   `json:"helm"`
	// Tree is the id of a Git tree or commit in GitDir that is rendered in place of what is on disk at Root.
	Tree   string `json:"tree,omitempty"`
	GitDir string `json:"git_dir,omitempty"`
	// Isolated says that this process serves this one overlay and ends: kustomize may change its global state.
	Isolated bool `json:"isolated,omitempty"`
}

// Item is one overlay, relative to the root.
type Item struct {
	Overlay string `json:"overlay"`
	// Files have this content in place of what is at their paths, relative to the root.
	Files map[string]string `json:"files,omitempty"`
	// Directory asks for what Argo CD makes of the folder: plain manifests, unless it is a kustomization.
	Directory *directory.Options `json:"directory,omitempty"`
	// Entry is what `matches` asks about.
	Entry *Entry `json:"entry,omitempty"`
}

// Run is the `render` operation.
func Run(params, item json.RawMessage) (any, error) {
	return run(params, item, "render")
}

// Trace is the `trace` operation: a render of which only the trace is kept.
func Trace(params, item json.RawMessage) (any, error) {
	return run(params, item, "trace")
}

func run(rawParams, rawItem json.RawMessage, op string) (any, error) {
	p, i, err := decode(rawParams, rawItem)
	if err != nil {
		return nil, err
	}
	if op == "trace" {
		p.Want = nil
	}
	fs, err := open(p)
	if err != nil {
		return nil, err
	}
	if op == "matches" {
		return matches(fs, p, i)
	}
	if len(i.Files) > 0 {
		if fs, err = fs.With(contents(i.Files)); err != nil {
			return nil, failure.New(failure.BadRequest, "files: "+err.Error(), "name files that are there")
		}
	}
	answer, err := on(fs, p, i, op)
	if fs.Failed != nil {
		// kustomize takes what cannot be read for what is not there.
		return nil, fs.Failed
	}
	if err != nil {
		return nil, traced(err, fs)
	}
	return answer, nil
}

// open returns the files to render from: the disk's, or a Git tree's.
func open(p Params) (*trace.FS, error) {
	if p.Tree != "" {
		return openTree(p)
	}
	fs, err := trace.New(p.Root)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "root: "+err.Error(), "")
	}
	return fs, nil
}

func openTree(p Params) (*trace.FS, error) {
	if !filepath.IsAbs(p.Root) {
		return nil, failure.New(failure.BadRequest, "root: not an absolute path", "")
	}
	source, err := gittree.Open(p.GitDir, p.Tree, p.Root)
	if err != nil {
		return nil, err
	}
	return trace.On(p.Root, source)
}

func contents(files map[string]string) map[string][]byte {
	found := make(map[string][]byte, len(files))
	for path, text := range files {
		found[path] = []byte(text)
	}
	return found
}

func on(fs *trace.FS, p Params, i Item, op string) (any, error) {
	overlay := i.Overlay
	if !filepath.IsAbs(overlay) {
		overlay = filepath.Join(fs.Root(), overlay)
	}
	if i.Directory != nil {
		found, err := directory.Read(fs, overlay, *i.Directory)
		if err == nil {
			return (&job{params: p, fs: fs, overlay: overlay}).write(asJSON(found.Objects), found.Origins)
		}
		if !errors.Is(err, directory.ErrKustomize) {
			return nil, err
		}
	}
	t, err := tree.Read(fs, overlay, p.Helm != "")
	if err != nil {
		return nil, err
	}
	if (t.OpenAPI || t.Helm) && !p.Isolated {
		return isolated(p, i, op)
	}
	j := job{params: p, fs: fs, tree: t, overlay: overlay}
	if op == "matches" {
		return j.holdsMark()
	}
	return j.render()
}

func decode(rawParams, rawItem json.RawMessage) (Params, Item, error) {
	var p Params
	var i Item
	if err := json.Unmarshal(rawParams, &p); err != nil {
		return p, i, failure.New(failure.BadRequest, "params: "+err.Error(), "")
	}
	if err := json.Unmarshal(rawItem, &i); err != nil {
		return p, i, failure.New(failure.BadRequest, "item: "+err.Error(), "")
	}
	for _, want := range p.Want {
		if want != "objects" && want != "yaml" && want != "admission" {
			return p, i, failure.New(failure.BadRequest, "want: unknown "+want, "objects, yaml or admission")
		}
	}
	switch {
	case i.Overlay == "":
		return p, i, failure.New(failure.BadRequest, "item: overlay is missing", "")
	case p.LoadRestrictor != "" && p.LoadRestrictor != "root-only" && p.LoadRestrictor != "none":
		return p, i, failure.New(failure.BadRequest, "load_restrictor: unknown "+p.LoadRestrictor, "root-only or none")
	case p.Helm != "" && !filepath.IsAbs(p.Helm):
		return p, i, failure.New(failure.BadRequest, "helm: not an absolute path", "")
	case slices.Contains(p.Want, "admission") && Admit == nil:
		return p, i, failure.New(failure.BadRequest, "want: admission is not linked into this engine", "")
	}
	return p, i, nil
}

// traced puts what was looked at into an error, so that a failure can be cached too.
func traced(err error, fs *trace.FS) error {
	var f *failure.Error
	if errors.As(err, &f) && f.Trace == nil {
		f.Trace, _ = json.Marshal(fs.Entries())
	}
	return err
}

type job struct {
	params  Params
	fs      *trace.FS
	tree    *tree.Tree
	overlay string
}

func (j *job) wants(what string) bool { return slices.Contains(j.params.Want, what) }

func (j *job) render() (json.RawMessage, error) {
	built, err := j.build()
	if outside := j.fs.Outside; outside != nil {
		return nil, j.left(outside)
	}
	if err != nil {
		return nil, j.failed(err)
	}
	objects := make([]printed, 0, built.Size())
	if len(j.params.Want) > 0 {
		for _, resource := range built.Resources() {
			object, err := printJSON(&resource.RNode)
			if err != nil {
				return nil, j.failed(err)
			}
			objects = append(objects, object)
		}
	}
	return j.answer(built, objects)
}

// build is `kustomize build` as its command line does it: with the legacy order unless sortOptions say otherwise.
func (j *job) build() (resmap.ResMap, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	if j.params.LoadRestrictor == "none" {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	if j.tree.Helm {
		remove, err := useHelm(options, j.params.Helm)
		if err != nil {
			return nil, err
		}
		defer remove()
		j.fs.MarkUncacheable("helm")
	}
	if !j.params.Isolated {
		// A belt: package tree finds every `openapi`, and such overlays never get here.
		defer forgetSchema(openapi.GetSchemaVersion())
	}
	return krusty.MakeKustomizer(options).Run(j.fs, j.overlay)
}

func forgetSchema(before string) {
	if openapi.GetSchemaVersion() != before {
		openapi.ResetOpenAPI()
	}
}

func (j *job) answer(built resmap.ResMap, objects []printed) (json.RawMessage, error) {
	var origins []tree.Origin
	if j.wantsObjects() {
		var err error
		if origins, err = j.origins(built); err != nil {
			return nil, err
		}
	}
	return j.write(objects, origins)
}

func (j *job) wantsObjects() bool { return j.wants("objects") || j.wants("admission") }

// write answers with objects as JSON, and where they came from.
func (j *job) write(objects []printed, origins []tree.Origin) (json.RawMessage, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	if j.wantsObjects() {
		if err := j.writeObjects(&out, objects, origins); err != nil {
			return nil, err
		}
	}
	if j.wants("yaml") {
		text, err := toYAML(objects)
		if err != nil {
			return nil, err
		}
		out.WriteString(`"yaml":`)
		if err := writeJSON(&out, text); err != nil {
			return nil, err
		}
		out.WriteByte(',')
	}
	out.WriteString(`"trace":`)
	if err := writeJSON(&out, j.fs.Entries()); err != nil {
		return nil, err
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func (j *job) writeObjects(out *bytes.Buffer, objects []printed, origins []tree.Origin) error {
	out.WriteString(`"objects":[`)
	for i, object := range objects {
		if i > 0 {
			out.WriteByte(',')
		}
		manifest, err := asRead(object.json)
		if err != nil {
			return err
		}
		out.WriteString(`{"manifest":`)
		out.Write(manifest)
		out.WriteString(`,"origin":`)
		if err := writeJSON(out, origins[i]); err != nil {
			return err
		}
		if j.wants("admission") {
			out.WriteString(`,"admission":`)
			if err := writeJSON(out, Admit(manifest)); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	}
	out.WriteString(`],`)
	return nil
}

// asRead returns the object as Kubernetes reads the emitted YAML. That is the same JSON, except that a negative zero
// loses its sign: where there may be one, the YAML is really read back.
func asRead(object []byte) ([]byte, error) {
	if !negativeZero(object) {
		return object, nil
	}
	text, err := yaml.JSONToYAML(object)
	if err != nil {
		return nil, err
	}
	return yaml.YAMLToJSON(text)
}

func negativeZero(object []byte) bool {
	for _, written := range []string{"-0,", "-0]", "-0}"} {
		if bytes.Contains(object, []byte(written)) {
			return true
		}
	}
	return false
}

func writeJSON(out *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // the encoder's newline
	return nil
}
