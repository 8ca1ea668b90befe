package permit

import (
	"fmt"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

// sources mirrors the first half of util/argo ValidatePermissions; false when Argo CD stops there.
func (c *check) sources(spec *v1alpha1.ApplicationSpec) bool {
	if spec.SourceHydrator != nil {
		return c.hydrator(spec.SourceHydrator)
	}
	if !spec.HasMultipleSources() {
		return c.source(spec.GetSource(), "spec.source", false)
	}
	for index, source := range spec.Sources {
		if !c.source(source, fmt.Sprintf("spec.sources[%d]", index), true) {
			return false
		}
	}
	return true
}

func (c *check) source(source v1alpha1.ApplicationSource, path string, oneOfMany bool) bool {
	if problem := incomplete(source, oneOfMany); problem != "" {
		c.add(path, problem)
		return false
	}
	if !c.project.IsSourcePermitted(source) {
		c.notPermitted(path+".repoURL", "application repo", source)
	}
	return true
}

func (c *check) notPermitted(path, what string, source v1alpha1.ApplicationSource) {
	c.add(path, fmt.Sprintf("%s %s is not permitted in project '%s'", what, source.RepoURL, c.project.Name))
}

// incomplete mirrors util/argo validateSourcePermissions.
func incomplete(source v1alpha1.ApplicationSource, oneOfMany bool) string {
	nowhere := source.Path == "" && source.Chart == ""
	switch {
	case oneOfMany && (source.RepoURL == "" || nowhere && source.Ref == ""):
		return fmt.Sprintf("spec.source.repoURL and either source.path, source.chart, or source.ref are required for source %s", source)
	case !oneOfMany && (source.RepoURL == "" || nowhere):
		return "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
	case source.Chart != "" && source.TargetRevision == "":
		return "spec.source.targetRevision is required if the manifest source is a helm chart"
	}
	return ""
}

// hydrator mirrors util/argo validateSourceHydrator and what follows it.
func (c *check) hydrator(hydrator *v1alpha1.SourceHydrator) bool {
	before := len(c.problems)
	if hydrator.DrySource.RepoURL == "" {
		c.add("spec.sourceHydrator.drySource", "spec.sourceHydrator.drySource.repoURL is required")
	}
	if hydrator.SyncSource.TargetBranch == "" {
		c.add("spec.sourceHydrator.syncSource", "spec.sourceHydrator.syncSource.targetBranch is required")
	}
	if hydrator.HydrateTo != nil && hydrator.HydrateTo.TargetBranch == "" {
		c.add("spec.sourceHydrator.hydrateTo",
			"when spec.sourceHydrator.hydrateTo is set, spec.sourceHydrator.hydrateTo.targetBranch is required")
	}
	if len(c.problems) > before {
		return false
	}
	if dry := hydrator.GetDrySource(); !c.project.IsSourcePermitted(dry) {
		c.notPermitted("spec.sourceHydrator.drySource.repoURL", "application repo", dry)
	}
	target := hydrator.GetSyncSource()
	if target.RepoURL != hydrator.DrySource.RepoURL && !c.project.IsSourcePermitted(target) {
		c.notPermitted("spec.sourceHydrator.syncSource.repoURL", "sync source repo", target)
	}
	return true
}
