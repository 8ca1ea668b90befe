// Package permit asks Argo CD's own code whether an AppProject permits an Application and its objects.
//
// It makes the calls that the controller makes, in its order: the project and the Application's
// namespace (util/argo GetAppProject), sources and destination (ValidatePermissions), the kind and
// the namespace of each object (controller/sync.go validateSyncPermissions). Messages are Argo CD's.
// Of a project alone it answers what Argo CD's API server finds wrong with it (project.go).
//
// Not known here, because they live in a cluster: cluster secrets (see clusters.go), repositories
// and clusters that belong to a project, global projects, and which Application namespaces the
// installation allows.
package permit

import (
	"encoding/json"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sealock.dev/engine/internal/failure"
	kept "sealock.dev/engine/internal/parameters"
)

// Undecided is the path of a problem that says what could not be decided, and why.
const Undecided = "undecided"

// Problem is one thing that is refused: the field of the Application or project at fault, and the object
// (`group/Kind namespace/name`) when one is refused.
type Problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
	Object  string `json:"object"`
}

// Answer is the answer to one item.
type Answer struct {
	Problems []Problem `json:"problems"`
}

type parameters struct {
	Projects []v1alpha1.AppProject `json:"projects"`
	CRDs     []definition          `json:"crds"`
	Clusters []cluster             `json:"clusters"`
}

// Run answers one item of the protocol's permit operation.
func Run(params, item json.RawMessage) (any, error) {
	known, err := last.Of(params, decodeParameters)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "permit: "+err.Error(), "")
	}
	var question struct {
		Application json.RawMessage   `json:"application"`
		Objects     []json.RawMessage `json:"objects"`
		Project     json.RawMessage   `json:"project"`
	}
	if err := json.Unmarshal(item, &question); err != nil {
		return nil, failure.New(failure.BadRequest, "permit: "+err.Error(), "")
	}
	if (len(question.Application) == 0) == (len(question.Project) == 0) {
		return nil, failure.New(failure.BadRequest, "permit: the item needs either an application or a project", "")
	}
	c := &check{parameters: known, problems: []Problem{}}
	if len(question.Project) > 0 {
		c.appProject(question.Project)
		return Answer{c.problems}, nil
	}
	var application v1alpha1.Application
	if err := json.Unmarshal(question.Application, &application); err != nil {
		c.add("", "the Application cannot be read: "+err.Error())
	} else {
		c.application(&application, question.Objects)
	}
	return Answer{c.problems}, nil
}

var last kept.Last[parameters]

func decodeParameters(raw json.RawMessage) (*parameters, error) {
	value := &parameters{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, value); err != nil {
			return nil, err
		}
	}
	return value, nil
}

// check is one Application under examination.
type check struct {
	*parameters
	project  *v1alpha1.AppProject
	problems []Problem
}

func (c *check) add(path, message string) {
	c.problems = append(c.problems, Problem{Path: path, Message: message})
}

// application goes as far as Argo CD could: no objects without a project and a permitted destination.
func (c *check) application(application *v1alpha1.Application, objects []json.RawMessage) {
	c.project = c.projectOf(application)
	if c.project == nil {
		c.add("spec.project", "Application referencing project "+application.Spec.Project+" which does not exist")
		return
	}
	if namespace := installation(c.project); !c.project.IsAppNamespacePermitted(application, namespace) {
		c.add("metadata.namespace", notAllowed(application, c.project))
		return
	}
	if !c.sources(&application.Spec) {
		return
	}
	if targets, ok := c.destination(&application.Spec); ok {
		c.objects(&application.Spec, targets, objects)
	}
}

func notAllowed(application *v1alpha1.Application, project *v1alpha1.AppProject) string {
	return "application '" + application.Name + "' in namespace '" + application.Namespace +
		"' is not allowed to use project " + project.Name
}

// projectOf finds the Application's project, in its own namespace first; nil when there is none.
func (c *check) projectOf(application *v1alpha1.Application) *v1alpha1.AppProject {
	name := application.Spec.GetProject()
	var found *v1alpha1.AppProject
	for i := range c.Projects {
		project := &c.Projects[i]
		if project.Name != name {
			continue
		}
		if found == nil || found.Namespace != application.Namespace && project.Namespace == application.Namespace {
			found = project
		}
	}
	if found == nil && name == v1alpha1.DefaultAppProjectName {
		return defaultProject()
	}
	return found
}

// defaultProject is what Argo CD's server creates at its first start (server.initializeDefaultProject).
func defaultProject() *v1alpha1.AppProject {
	return &v1alpha1.AppProject{
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.DefaultAppProjectName},
		Spec: v1alpha1.AppProjectSpec{
			SourceRepos:              []string{"*"},
			Destinations:             []v1alpha1.ApplicationDestination{{Server: "*", Namespace: "*"}},
			ClusterResourceWhitelist: []v1alpha1.ClusterResourceRestrictionItem{{Group: "*", Kind: "*"}},
		},
	}
}

// installation is the namespace of Argo CD, for AppProjects are read only there.
func installation(project *v1alpha1.AppProject) string {
	if project.Namespace == "" {
		return "argocd"
	}
	return project.Namespace
}
