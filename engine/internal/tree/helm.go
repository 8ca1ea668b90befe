package tree

import (
	"fmt"
	"path/filepath"

	"sealock.dev/engine/internal/failure"
)

func helmDisabled(file string, place Ref) error {
	return &failure.Error{
		Code: failure.HelmDisabled, File: file, Line: place.Line, Column: place.Column,
		Message: fmt.Sprintf("%s runs the helm program, which is off", place.Field),
		Hint:    "turn Helm on with the path of the helm program, or commit the rendered chart",
	}
}

func (t *Tree) checkHelm(n *Node) error {
	if n.k.helm == nil {
		return nil
	}
	if !t.helm {
		return helmDisabled(n.File, *n.k.helm)
	}
	return t.checkCharts(n, n.k, n.File)
}

// checkCharts makes sure that helm needs no network: every chart is in the repository, with no link out of it.
func (t *Tree) checkCharts(n *Node, k *kustomization, file string) error {
	if k.configHome != nil {
		return &failure.Error{
			Code: failure.HelmFailed, File: file, Line: k.configHome.Line, Column: k.configHome.Column,
			Message: "configHome would let the repository configure helm, plugins included", Hint: "remove configHome",
		}
	}
	for _, chart := range k.charts {
		if !t.fs.OnDisk() {
			return &failure.Error{
				Code: failure.HelmFailed, File: file, Line: chart.Line, Column: chart.Column,
				Message: fmt.Sprintf("chart %q cannot be inflated from a Git revision: helm reads files on disk", chart.Name),
				Hint:    "check out the revision and render that folder",
			}
		}
		t.Helm = true
		if err := t.checkChart(n, chart, file); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tree) checkChart(n *Node, chart Chart, file string) error {
	home := chart.Home
	if !filepath.IsAbs(home) {
		home = filepath.Join(n.Dir, home)
	}
	if chart.Version != "" && chart.Repo != "" {
		home = filepath.Join(home, chart.Name+"-"+chart.Version)
	}
	path := filepath.Join(home, chart.Name)
	place := Ref{Field: "helmCharts", Path: chart.Name, Line: chart.Line, Column: chart.Column}
	real, isDir, err := t.fs.Find(path)
	if outside := asOutside(err); outside != nil {
		return t.refused(&Node{File: file}, place, outside)
	}
	if err != nil || !isDir {
		return &failure.Error{
			Code: failure.HelmFailed, File: file, Line: place.Line, Column: place.Column,
			Message: fmt.Sprintf("chart %q is not in the repository at %s; nothing is fetched during a render", chart.Name, t.fs.Relative(path)),
			Hint:    "charts must be vendored: helm pull --untar, and commit the result",
		}
	}
	err = t.fs.CheckLinks(real)
	if outside := asOutside(err); outside != nil {
		return t.refused(&Node{File: file}, place, outside)
	}
	return err
}
