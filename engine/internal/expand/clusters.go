package expand

import (
	"context"
	"fmt"

	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// cluster is what a cluster secret of Argo CD says.
type cluster struct {
	Name        string            `json:"name"`
	Server      string            `json:"server"`
	Project     string            `json:"project"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// reader answers what generators ask of the API server: cluster secrets, and whether a project exists.
type reader struct {
	client.Client // nil: nothing else is asked
	known         *parameters
}

// List gives the declared clusters as secrets.
func (r reader) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	found, ok := list.(*corev1.SecretList)
	if !ok {
		return fmt.Errorf("%T are not known here", list)
	}
	if len(r.known.Clusters) == 0 {
		return &unknown{kind: "clusters", reason: "asks which clusters Argo CD knows, and none are declared"}
	}
	var asked client.ListOptions
	asked.ApplyOptions(options)
	for _, each := range r.known.Clusters {
		secret := each.secret(r.known.Namespace)
		if asked.LabelSelector == nil || asked.LabelSelector.Matches(labels.Set(secret.Labels)) {
			found.Items = append(found.Items, secret)
		}
	}
	return nil
}

func (c cluster) secret(namespace string) corev1.Secret {
	marked := map[string]string{common.LabelKeySecretType: common.LabelValueSecretTypeCluster}
	for key, value := range c.Labels {
		marked[key] = value
	}
	data := map[string][]byte{"name": []byte(c.Name), "server": []byte(c.Server)}
	if c.Project != "" {
		data["project"] = []byte(c.Project)
	}
	return corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: c.Name, Namespace: namespace, Labels: marked, Annotations: c.Annotations},
		Data:       data,
	}
}

// Get gives any AppProject: the git generator asks one for its signature keys. That it exists and
// permits the Application is for the permit operation to say.
func (r reader) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	if project, ok := object.(*v1alpha1.AppProject); ok {
		project.Name, project.Namespace = key.Name, key.Namespace
		return nil
	}
	return fmt.Errorf("%T %s is not known here", object, key)
}
