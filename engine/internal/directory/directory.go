// Package directory reads a folder of plain manifests with Argo CD's own code: which files count, what is in them, and
// whether the folder is one at all (reposerver/repository: GetAppSourceType, GenerateManifests).
//
// Argo CD reads from disk. What it may see is copied through the trace into a folder of its own, so that a Git tree
// reads like a checkout, nothing outside of the repository counts, and all that decided is recorded.
package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/reposerver/repository"
	"github.com/argoproj/argo-cd/v3/util/git"
	utilio "github.com/argoproj/argo-cd/v3/util/io"
	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/api/resource"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/trace"
	"sealock.dev/engine/internal/tree"
)

// Options are those of an Application's `source.directory`. Application is its name where a
// `.argocd-source-<name>.yaml` may change them.
type Options struct {
	Recurse bool   `json:"recurse"`
	Include string `json:"include"`
	Exclude string `json:"exclude"`
	// Explicit says that the source has a `directory`, as any of the above does: even a kustomization is a plain file.
	Explicit    bool   `json:"explicit"`
	Application string `json:"application"`
}

// Contents are the objects of a folder, each with its file, in Argo CD's order.
type Contents struct {
	Objects [][]byte
	Origins []tree.Origin
}

// ErrKustomize says that Argo CD builds the folder with kustomize.
var ErrKustomize = errors.New("a kustomization")

// limit is what the repo server takes by default (reposerver.max.combined.directory.manifests.size).
var limit = resource.MustParse("10M")

var quiet = sync.OnceFunc(func() {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.PanicLevel)
})

// Read returns what Argo CD would deploy of dir, an absolute path. It returns ErrKustomize, or *failure.Error.
func Read(fs *trace.FS, dir string, options Options) (Contents, error) {
	quiet()
	real, isDir, err := fs.Find(dir)
	if fs.Outside != nil {
		return Contents{}, failure.New(failure.OutsideRepository, fs.Outside.Error(), "name a folder inside the repository")
	}
	if err != nil || !isDir {
		return Contents{}, failure.New(failure.NotFound, "there is no folder at "+fs.Relative(dir), "correct the path")
	}
	root, err := os.MkdirTemp("", "sealock-folder-")
	if err != nil {
		return Contents{}, err
	}
	defer os.RemoveAll(root)
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return Contents{}, err
	}
	r := &reader{fs: fs, top: dir, root: filepath.Join(root, "all"), single: filepath.Join(root, "one"), name: options.Application}
	if err := r.copyAll(real, options.Recurse); err != nil {
		return Contents{}, err
	}
	return r.read(options)
}

// file is a copied file: its path in the folder, its real path in the repository, and what was copied.
type file struct {
	inside, real string
	content      []byte
}

type reader struct {
	fs *trace.FS
	// top is the folder as it was asked for. root and single stand for the repository: with the whole folder, and with
	// one file at a time, to know which file an object came from.
	top, root, single string
	name              string
	files             []file
}

func (r *reader) read(options Options) (Contents, error) {
	source := v1alpha1.ApplicationSource{Path: r.fs.Relative(r.top)}
	directory := v1alpha1.ApplicationSourceDirectory{
		Recurse: options.Recurse, Include: options.Include, Exclude: options.Exclude,
	}
	if options.Explicit || options.Recurse || options.Include != "" || options.Exclude != "" {
		source.Directory = &directory
	}
	kind, err := repository.GetAppSourceType(context.Background(), &source, r.at(r.root), r.root, r.name, nil, nil, nil)
	if err != nil {
		return Contents{}, r.refused("", err)
	}
	switch kind {
	case v1alpha1.ApplicationSourceTypeKustomize:
		return Contents{}, ErrKustomize
	case v1alpha1.ApplicationSourceTypeHelm:
		return Contents{}, failure.New(failure.HelmDisabled, "the folder is a Helm chart, which is not rendered", "")
	case v1alpha1.ApplicationSourceTypePlugin:
		return Contents{}, failure.New(failure.ExecPlugin, "the folder is made by a plugin, which is not run", "")
	}
	if source.Directory == nil {
		source.Directory = &v1alpha1.ApplicationSourceDirectory{}
	}
	_, refusal := r.manifests(r.root, source)
	found, err := r.each(source)
	if err != nil {
		return Contents{}, err
	}
	if refusal != nil {
		return Contents{}, r.refused("", refusal)
	}
	return found, nil
}

// each reads one file after the other.
func (r *reader) each(source v1alpha1.ApplicationSource) (Contents, error) {
	var found Contents
	for _, each := range r.files {
		copied := filepath.Join(r.at(r.single), filepath.FromSlash(each.inside))
		if err := write(copied, each.content); err != nil {
			return found, err
		}
		manifests, err := r.manifests(r.single, source)
		if err != nil {
			return found, r.refusedFile(each, err)
		}
		if err := os.Remove(copied); err != nil {
			return found, err
		}
		if len(manifests) > 0 && strings.HasSuffix(each.inside, ".jsonnet") {
			f := failure.New(failure.Jsonnet, "the folder holds jsonnet, which is not evaluated",
				"render it beforehand and commit the manifests")
			f.File, f.Line, f.Column = r.fs.Relative(each.real), 1, 1
			return found, f
		}
		for _, manifest := range manifests {
			found.Objects = append(found.Objects, []byte(manifest))
			found.Origins = append(found.Origins, r.origin(each, manifest))
		}
	}
	return found, nil
}

func (r *reader) origin(from file, manifest string) tree.Origin {
	var object struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	// What is no object in this way has no name; the API server's code says what is wrong with it.
	_ = json.Unmarshal([]byte(manifest), &object)
	return tree.Origin{File: r.fs.Relative(from.real), Kind: object.Kind, Name: object.Metadata.Name}
}

// manifests returns the objects of the folder below root as JSON, as the repo server does.
func (r *reader) manifests(root string, source v1alpha1.ApplicationSource) ([]string, error) {
	question := &apiclient.ManifestRequest{Repo: &v1alpha1.Repository{}, ApplicationSource: source.DeepCopy()}
	answer, err := repository.GenerateManifests(context.Background(), r.at(root), root, "", question, true,
		git.NoopCredsStore{}, limit, utilio.NewRandomizedTempPaths(root))
	if err != nil {
		return nil, err
	}
	return answer.Manifests, nil
}

func (r *reader) at(root string) string {
	return filepath.Join(root, filepath.FromSlash(r.fs.Relative(r.top)))
}

func (r *reader) refusedFile(from file, err error) *failure.Error {
	f := r.refused(from.inside, err)
	f.File, f.Line, f.Column = r.fs.Relative(from.real), 1, 1
	if line := faultyLine(from.content); line > 0 {
		f.Line = line
	}
	return f
}

// refused words what Argo CD says, without the folders of the copy.
func (r *reader) refused(inside string, err error) *failure.Error {
	message := strings.NewReplacer(r.at(r.root)+"/", "", r.at(r.single)+"/", "", r.root, ".", r.single, ".").Replace(err.Error())
	if inside != "" && !strings.Contains(message, filepath.Base(inside)) {
		message = fmt.Sprintf("%s: %s", inside, message)
	}
	message = strings.TrimPrefix(message, "rpc error: code = FailedPrecondition desc = ")
	return failure.New(failure.BuildFailed, message, "Argo CD refuses the folder too; mend the file, or leave it out with `directory.exclude`")
}
