package permit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/rbac"
	"github.com/sirupsen/logrus"
	"google.golang.org/grpc/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// quiet keeps Argo CD from logging to the user's terminal.
var quiet = sync.OnceFunc(func() { logrus.SetOutput(io.Discard) })

// appProject asks what Argo CD's API server asks of a project before it stores it
// (server/project validateProject). That stops at the first problem; here each part of a project is
// asked about on its own, so that each problem is found and has a place.
func (c *check) appProject(raw json.RawMessage) {
	quiet()
	project := &v1alpha1.AppProject{}
	if err := json.Unmarshal(raw, project); err != nil {
		c.add("", "the AppProject cannot be read: "+err.Error())
		return
	}
	c.project = project
	message := c.refusal(project.Spec)
	if message == "" {
		c.policies()
		return
	}
	c.parts(&project.Spec)
	if len(c.problems) == 0 {
		c.add("spec", message)
	}
}

func (c *check) parts(spec *v1alpha1.AppProjectSpec) {
	type partial = v1alpha1.AppProjectSpec
	grow(c, "spec.destinations", spec.Destinations, nil,
		func(some []v1alpha1.ApplicationDestination) partial { return partial{Destinations: some} })
	grow(c, "spec.sourceNamespaces", spec.SourceNamespaces, nil,
		func(some []string) partial { return partial{SourceNamespaces: some} })
	grow(c, "spec.sourceRepos", spec.SourceRepos, nil,
		func(some []string) partial { return partial{SourceRepos: some} })
	c.roles(spec.Roles)
	grow(c, "spec.syncWindows", spec.SyncWindows, mend,
		func(some []*v1alpha1.SyncWindow) partial { return partial{SyncWindows: some} })
	grow(c, "spec.destinationServiceAccounts", spec.DestinationServiceAccounts, nil,
		func(some []v1alpha1.ApplicationDestinationServiceAccount) partial {
			return partial{DestinationServiceAccounts: some}
		})
}

func (c *check) roles(roles []v1alpha1.ProjectRole) {
	with := func(some ...v1alpha1.ProjectRole) v1alpha1.AppProjectSpec {
		return v1alpha1.AppProjectSpec{Roles: some}
	}
	var named []v1alpha1.ProjectRole
	for _, role := range roles {
		named = append(named, v1alpha1.ProjectRole{Name: role.Name})
	}
	grow(c, "spec.roles", named, nil, func(some []v1alpha1.ProjectRole) v1alpha1.AppProjectSpec { return with(some...) })
	for index, role := range roles {
		if c.refusal(with(named[index])) != "" {
			continue // all of it would be refused for its name
		}
		path := fmt.Sprintf("spec.roles[%d]", index)
		grow(c, path+".policies", role.Policies, nil, func(some []string) v1alpha1.AppProjectSpec {
			return with(v1alpha1.ProjectRole{Name: role.Name, Policies: some})
		})
		grow(c, path+".groups", role.Groups, nil, func(some []string) v1alpha1.AppProjectSpec {
			return with(v1alpha1.ProjectRole{Name: role.Name, Groups: some})
		})
	}
}

// policies asks whether Casbin can read the roles, one at a time, for Argo CD's message quotes all that it was given.
func (c *check) policies() {
	for index, role := range c.project.Spec.Roles {
		alone := c.named(v1alpha1.AppProjectSpec{Roles: []v1alpha1.ProjectRole{role}})
		alone.NormalizePolicies()
		if err := rbac.ValidatePolicy(alone.ProjectPoliciesString()); err != nil {
			c.add(fmt.Sprintf("spec.roles[%d]", index), strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
}

// grow adds the items of one list one by one and keeps those that Argo CD takes beside the others.
// With mend it asks again, about the item alone, once the field at fault is mended.
func grow[T any](c *check, path string, items []T, mend func(T, string) bool, with func([]T) v1alpha1.AppProjectSpec) {
	var taken []T
	for index, item := range items {
		message := c.refusal(with(append(taken, item)))
		if message == "" {
			taken = append(taken, item)
		}
		for message != "" {
			field := fieldOf(message)
			c.add(fmt.Sprintf("%s[%d]%s", path, index, field), message)
			if mend == nil || !mend(item, field) {
				break
			}
			message = c.refusal(with([]T{item}))
		}
	}
}

// mend puts something valid into a field of a window; false when that is no field that can be mended.
func mend(window *v1alpha1.SyncWindow, field string) bool {
	switch field {
	case ".kind":
		window.Kind = "allow"
	case ".schedule":
		window.Schedule = "* * * * *"
	case ".duration":
		window.Duration = "1h"
	case ".description":
		window.Description = ""
	default:
		return false
	}
	return true
}

// fieldOf reads from Argo CD's message which field of an item is at fault; empty when it does not say.
func fieldOf(message string) string {
	for _, each := range [][2]string{
		{"name has an invalid format", ".name"},
		{"server has an invalid format", ".server"},
		{"namespace has an invalid format", ".namespace"},
		{"defaultServiceAccount has an invalid format", ".defaultServiceAccount"},
		{"invalid role name ", ".name"},
		{"role '", ".name"},
		{"kind '", ".kind"},
		{"cannot parse schedule ", ".schedule"},
		{"cannot parse duration ", ".duration"},
		{"description must not exceed ", ".description"},
	} {
		if strings.HasPrefix(message, each[0]) {
			return each[1]
		}
	}
	return ""
}

// refusal is why Argo CD refuses the project with this spec; empty when it does not.
func (c *check) refusal(spec v1alpha1.AppProjectSpec) string {
	err := c.named(spec).ValidateProject()
	if err == nil {
		return ""
	}
	if known, ok := status.FromError(err); ok {
		err = errors.New(known.Message())
	}
	return err.Error()
}

// named returns a copy, for Argo CD writes time zones into the windows that it looks at.
func (c *check) named(spec v1alpha1.AppProjectSpec) *v1alpha1.AppProject {
	return &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: c.project.Name}, Spec: *spec.DeepCopy()}
}
