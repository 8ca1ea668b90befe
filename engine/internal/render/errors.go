package render

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/trace"
)

// memoryAddress is how kustomize names a generator: it differs at each run and tells nobody anything.
var memoryAddress = regexp.MustCompile(` &\{0x[0-9a-f]+ <nil>\}`)

// failed gives kustomize's error a code and a place.
func (j *job) failed(err error) error {
	var known *failure.Error
	if errors.As(err, &known) {
		known.File, known.Line, known.Column = j.tree.Top.File, 1, 1
		return known
	}
	message := strings.TrimSpace(err.Error())
	place := j.tree.Locate(message)
	f := &failure.Error{
		Code: failure.BuildFailed, Message: memoryAddress.ReplaceAllString(withoutRoot(message, j.fs.Root()), ""),
		File: place.File, Line: place.Line, Column: place.Column,
		Hint: "kustomize build refuses it too; mend the overlay",
	}
	switch {
	case j.tree.Helm && strings.Contains(message, "unable to run: '"):
		f.Code, f.Hint = failure.HelmFailed, "run helm template on the chart to see why"
	case strings.Contains(message, "external plugins disabled"):
		f.Code, f.Hint = failure.ExecPlugin, "only kustomize's built-in plugins (apiVersion: builtin) are run"
	}
	return f
}

// left is the error for a path out of the repository that only the build itself came to.
func (j *job) left(outside *trace.OutsideError) error {
	path := outside.Path
	if relative, err := filepath.Rel(j.fs.Root(), path); err == nil {
		path = filepath.ToSlash(relative)
	}
	place := j.tree.Locate("'" + path + "'")
	return &failure.Error{
		Code: failure.OutsideRepository, File: place.File, Line: place.Line, Column: place.Column,
		Message: fmt.Sprintf("%s %s", path, outside.Reason),
		Hint:    "move the file into the repository, or replace the link by what it links to",
	}
}

// withoutRoot makes absolute paths relative to the repository.
func withoutRoot(message, root string) string {
	message = strings.ReplaceAll(message, root+"/", "")
	end := regexp.MustCompile(regexp.QuoteMeta(root) + `(['"\s:,;)\]]|$)`)
	return end.ReplaceAllString(message, ".$1")
}
