package permit

import (
	"errors"
	"fmt"
	"strings"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

// cluster is one that the caller knows: what a cluster secret of Argo CD says.
type cluster struct {
	Name   string `json:"name"`
	Server string `json:"server"`
}

// An AppProject may permit a cluster by name or by server, an Application names it by one of the
// two, and only cluster secrets tell which belongs to which. Known are those in params.clusters and
// in-cluster. Of any other the missing half is unknown, so each value that makes a difference to the
// project is tried; when they disagree, the answer is undecided.
type targets []*v1alpha1.Cluster

// Stand for a name or a server that no rule of a project spells out.
const (
	otherServer = "https://cluster.invalid"
	otherName   = "cluster.invalid"
)

// resolve mirrors util/argo GetDestinationCluster.
func (c *check) resolve(destination v1alpha1.ApplicationDestination) (targets, error) {
	server := strings.TrimRight(destination.Server, "/")
	switch {
	case destination.Name != "" && destination.Server != "":
		return nil, fmt.Errorf("application destination can't have both name and server defined: %s %s", destination.Name, destination.Server)
	case destination.Server != "":
		if found := c.known(func(each cluster) bool { return strings.TrimRight(each.Server, "/") == server }); len(found) > 0 {
			return found[:1], nil
		}
		return c.guessNames(server)
	case destination.Name != "":
		found := c.known(func(each cluster) bool { return each.Name == destination.Name })
		if len(found) > 1 {
			return nil, fmt.Errorf("there are %d clusters with the same name: [%s]", len(found), strings.Join(found.servers(), " "))
		}
		if len(found) == 1 {
			return found, nil
		}
		return c.guessServers(destination.Name)
	}
	return nil, errors.New("Destination server missing from app spec") //nolint:staticcheck // Argo CD's words
}

func (t targets) servers() []string {
	var servers []string
	for _, each := range t {
		servers = append(servers, each.Server)
	}
	return servers
}

// known returns the clusters that match; in-cluster is Argo CD's own cluster unless a secret renames it.
func (c *check) known(matches func(cluster) bool) targets {
	var found targets
	renamed := false
	for _, each := range c.Clusters {
		renamed = renamed || strings.TrimRight(each.Server, "/") == v1alpha1.KubernetesInternalAPIServerAddr
		if matches(each) {
			found = append(found, &v1alpha1.Cluster{Name: each.Name, Server: each.Server})
		}
	}
	local := cluster{v1alpha1.KubernetesInClusterName, v1alpha1.KubernetesInternalAPIServerAddr}
	if !renamed && matches(local) {
		found = append(found, &v1alpha1.Cluster{Name: local.Name, Server: local.Server})
	}
	return found
}

func (c *check) guessNames(server string) (targets, error) {
	var patterns []string
	for _, item := range c.project.Spec.Destinations {
		patterns = append(patterns, item.Name)
	}
	names, err := examples(patterns, otherName)
	var all targets
	for _, name := range names {
		all = append(all, &v1alpha1.Cluster{Name: name, Server: server})
	}
	return all, err
}

func (c *check) guessServers(name string) (targets, error) {
	var patterns []string
	for _, item := range c.project.Spec.Destinations {
		patterns = append(patterns, item.Server)
	}
	servers, err := examples(patterns, otherServer)
	var all targets
	for _, server := range servers {
		all = append(all, &v1alpha1.Cluster{Name: name, Server: server})
	}
	return all, err
}

// errTooManyPatterns: with two patterns, one example of each need not show every combination.
var errTooManyPatterns = undecidedError("whether the project permits this cluster depends on its name and server in Argo CD's cluster secrets")

type undecidedError string

func (e undecidedError) Error() string { return string(e) }

// examples returns one value for each way in which patterns can match: the literals, one value
// that fits the only true pattern, and one that no rule spells out.
func examples(patterns []string, other string) ([]string, error) {
	values, globs := []string{other}, map[string]bool{}
	for _, pattern := range patterns {
		pattern = strings.TrimPrefix(pattern, "!")
		switch {
		case pattern == "" || pattern == "*":
		case strings.ContainsAny(pattern, `?[{\`):
			return nil, errTooManyPatterns
		case strings.Contains(pattern, "*"):
			globs[pattern] = true
			values = append(values, strings.ReplaceAll(pattern, "*", "x"))
		default:
			values = append(values, pattern)
		}
	}
	if len(globs) > 1 {
		return nil, errTooManyPatterns
	}
	return values, nil
}

type answer int

const (
	refused answer = iota
	permitted
	undecided
)

// permits asks Argo CD about every cluster that the target may be.
func (c *check) permits(all targets, namespace string) answer {
	yes, no := false, false
	for _, each := range all {
		ok, err := c.project.IsDestinationPermitted(each, namespace, clustersOfProject)
		if err != nil {
			return undecided
		}
		yes, no = yes || ok, no || !ok
	}
	switch {
	case yes && no:
		return undecided
	case yes:
		return permitted
	}
	return refused
}

// clustersOfProject is asked only for projects that permit nothing but clusters of their own.
func clustersOfProject(string) ([]*v1alpha1.Cluster, error) {
	return nil, errors.New("the clusters of a project are known to Argo CD alone")
}

// destination mirrors the second half of util/argo ValidatePermissions; false when nothing can be deployed there.
func (c *check) destination(spec *v1alpha1.ApplicationSpec) (targets, bool) {
	all, err := c.resolve(spec.Destination)
	if cause, ok := err.(undecidedError); ok {
		c.add(Undecided, "spec.destination: "+cause.Error())
		return nil, false
	}
	if err != nil {
		c.add("spec.destination", err.Error())
		return nil, false
	}
	where := strings.TrimRight(spec.Destination.Server, "/")
	if spec.Destination.Name != "" {
		where = spec.Destination.Name
	}
	switch c.permits(all, spec.Destination.Namespace) {
	case refused:
		c.add("spec.destination", fmt.Sprintf(
			"application destination server '%s' and namespace '%s' do not match any of the allowed destinations in project '%s'",
			where, spec.Destination.Namespace, c.project.Name))
		return nil, false
	case undecided:
		c.add(Undecided, "spec.destination: "+c.whyUndecided(where))
		return nil, false
	}
	return all, true
}

func (c *check) whyUndecided(where string) string {
	if c.project.Spec.PermitOnlyProjectScopedClusters {
		return fmt.Sprintf("project '%s' permits only its own clusters, and only Argo CD's cluster secrets tell whether '%s' is one", c.project.Name, where)
	}
	return fmt.Sprintf("project '%s' and the Application call clusters by name and by server, and only Argo CD's cluster secrets tell which '%s' is", c.project.Name, where)
}
