package quota

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// ask gives the answer on the documents of a YAML text.
func ask(t testing.TB, text string) Answer {
	t.Helper()
	var objects []json.RawMessage
	for _, document := range strings.Split(text, "\n---\n") {
		object, err := yaml.YAMLToJSONStrict([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	item, err := json.Marshal(map[string]any{"objects": objects, "namespace": "shop"})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := Run(nil, item)
	if err != nil {
		t.Fatal(err)
	}
	return answer.(Answer)
}

const (
	limits = "\n---\n{apiVersion: v1, kind: LimitRange, metadata: {name: bounds}, spec: {limits: [" +
		"{type: Container, default: {cpu: 500m}, defaultRequest: {cpu: 100m}, max: {cpu: 1}, min: {cpu: 50m}}, " +
		"{type: Pod, max: {cpu: 1500m}}, {type: PersistentVolumeClaim, max: {storage: 5Gi}}]}}"
	compute = "\n---\n{apiVersion: v1, kind: ResourceQuota, metadata: {name: compute}, spec: {hard: {requests.cpu: 1, pods: 10}}}"
	counts  = "\n---\n{apiVersion: v1, kind: ResourceQuota, metadata: {name: counts}, spec: {hard: {services: 1, services.nodeports: 0, " +
		"persistentvolumeclaims: 2, requests.storage: 10Gi, count/deployments.apps: 1, count/shops.example.com: 1, configmaps: 1}}}"
)

func deployment(replicas, containers string) string {
	return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: api}, spec: {replicas: " + replicas +
		", selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [" + containers + "]}}}}"
}

func claim(name, size string) string {
	return "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: " + name + "}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: " + size + "}}}}"
}

func TestWhatTheRulesOfItsNamespaceRefuse(t *testing.T) {
	const containers = "spec.template.spec.containers"
	cases := map[string]struct {
		objects string
		want    []Problem
	}{
		"no rules":     {deployment("100", "{name: main, image: a, resources: {requests: {cpu: 64}}}"), nil},
		"all is right": {deployment("10", "{name: main, image: a}") + limits + compute, nil},
		"other rules":  {deployment("2", "{name: main, image: a, resources: {requests: {cpu: 2}}}") + strings.ReplaceAll(limits+compute, "metadata: {", "metadata: {namespace: other, "), nil},
		"no replicas":  {deployment("0", "{name: main, image: a, resources: {requests: {cpu: 2}}}") + compute, nil},
		"a large limit": {deployment("1", "{name: small, image: a}, {name: large, image: a, resources: {requests: {cpu: 1}, limits: {cpu: 2}}}") + limits, []Problem{
			{0, containers, "maximum cpu usage per Pod is 1500m, but limit is 2500m (LimitRange bounds)"},
			{0, containers + "[1].resources", "maximum cpu usage per Container is 1, but limit is 2 (LimitRange bounds)"},
		}},
		"a small request": {deployment("1", "{name: main, image: a, resources: {requests: {cpu: 1m}}}") + limits, []Problem{
			{0, containers + "[0].resources", "minimum cpu usage per Container is 50m, but request is 1m (LimitRange bounds)"},
		}},
		"a default limit below the request": {deployment("1", "{name: main, image: a, resources: {requests: {cpu: 800m}}}") + limits, []Problem{
			{0, containers + "[0].resources.requests", `Invalid value: "800m": must be less than or equal to cpu limit of 500m (after the defaults of LimitRange bounds)`},
		}},
		"a large claim": {claim("a", "6Gi") + limits, []Problem{
			{0, "spec.resources.requests", "maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi (LimitRange bounds)"},
		}},
		"too many replicas": {deployment("5", "{name: main, image: a, resources: {requests: {cpu: 300m}}}") + compute, []Problem{
			{0, "spec.replicas", "exceeded quota: compute, requested: requests.cpu=300m, used: requests.cpu=900m, limited: requests.cpu=1 (pod 4 of 5)"},
		}},
		"the defaults are counted": {deployment("11", "{name: main, image: a}") + limits + compute, []Problem{
			{0, "spec.replicas", "exceeded quota: compute, requested: pods=1,requests.cpu=100m, used: pods=10,requests.cpu=1, limited: pods=10,requests.cpu=1 (pod 11 of 11)"},
		}},
		"one pod is too many": {deployment("1", "{name: main, image: a, resources: {requests: {cpu: 2}}}") + compute, []Problem{
			{0, containers, "exceeded quota: compute, requested: requests.cpu=2, used: requests.cpu=0, limited: requests.cpu=1"},
		}},
		"an autoscaler goes beyond": {deployment("1", "{name: main, image: a, resources: {requests: {cpu: 300m}}}") + compute +
			"\n---\n{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {minReplicas: 4, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}}}", []Problem{
			{0, "spec.replicas", "exceeded quota: compute, requested: requests.cpu=300m, used: requests.cpu=900m, limited: requests.cpu=1 (pod 4 of 4)"},
		}},
		"a request is missing": {deployment("1", "{name: main, image: a, resources: {requests: {cpu: 10m}}}, {name: side, image: a}") + compute, []Problem{
			{0, containers + "[1].resources", "failed quota: compute: must specify requests.cpu for: side"},
		}},
		"another scope": {deployment("9", "{name: main, image: a}") + "\n---\n{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {scopes: [NotBestEffort], hard: {pods: 1}}}", nil},
		"its scope": {deployment("9", "{name: main, image: a}") + "\n---\n{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {scopes: [BestEffort], hard: {pods: 1}}}", []Problem{
			{0, "spec.replicas", "exceeded quota: a, requested: pods=1, used: pods=1, limited: pods=1 (pod 2 of 9)"},
		}},
		"objects are counted": {"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}\n---\n" +
			"{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {ports: [{port: 80}]}}\n---\n" + deployment("1", "{name: main, image: a}") + "\n---\n" +
			deployment("1", "{name: main, image: a}") + "\n---\n{apiVersion: example.com/v1, kind: Shop, metadata: {name: a}}\n---\n" +
			"{apiVersion: example.com/v1, kind: Shop, metadata: {name: b}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n" +
			"{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}" + counts, []Problem{
			{1, "", "exceeded quota: counts, requested: services=1, used: services=1, limited: services=1"},
			{3, "", "exceeded quota: counts, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1"},
			{5, "", "exceeded quota: counts, requested: count/shops.example.com=1, used: count/shops.example.com=1, limited: count/shops.example.com=1"},
			{7, "", "exceeded quota: counts, requested: configmaps=1, used: configmaps=1, limited: configmaps=1"},
		}},
		"a node port": {"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort, ports: [{port: 80}]}}" + counts, []Problem{
			{0, "", "exceeded quota: counts, requested: services.nodeports=1, used: services.nodeports=0, limited: services.nodeports=0"},
		}},
		"claims of a StatefulSet": {"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 3, serviceName: db, selector: {matchLabels: {a: b}}, " +
			"template: {metadata: {labels: {a: b}}, spec: {containers: [{name: main, image: a}]}}, volumeClaimTemplates: [{metadata: {name: data}, " +
			"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 4Gi}}}}]}}" + counts, []Problem{
			{0, "spec.volumeClaimTemplates[0].spec.resources.requests", "exceeded quota: counts, requested: persistentvolumeclaims=1,requests.storage=4Gi, used: persistentvolumeclaims=2,requests.storage=8Gi, limited: persistentvolumeclaims=2,requests.storage=10Gi"},
		}},
		"too much storage": {claim("a", "6Gi") + "\n---\n" + claim("b", "6Gi") + counts, []Problem{
			{1, "spec.resources.requests", "exceeded quota: counts, requested: requests.storage=6Gi, used: requests.storage=6Gi, limited: requests.storage=10Gi"},
		}},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) {
			want := Answer{Problems: append([]Problem{}, each.want...)}
			got := ask(t, each.objects)
			if len(got.Problems) != len(want.Problems) || !reflect.DeepEqual(asSet(want.Problems), asSet(got.Problems)) || got.Undecided != "" {
				t.Errorf("want %+v\ngot  %+v", want, got)
			}
		})
	}
}

func asSet(problems []Problem) map[Problem]bool {
	set := map[Problem]bool{}
	for _, each := range problems {
		set[each] = true
	}
	return set
}

func TestWhatCannotBeCountedIsSaid(t *testing.T) {
	const template = "template: {metadata: {labels: {a: b}}, spec: {restartPolicy: %, containers: [{name: main, image: a, resources: {requests: {cpu: 1m}}}]}}"
	daemons := "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, " + strings.Replace(template, "%", "Always", 1) + "}}"
	cron := "{apiVersion: batch/v1, kind: CronJob, metadata: {name: b}, spec: {schedule: '@daily', jobTemplate: {spec: {" + strings.Replace(template, "%", "Never", 1) + "}}}}"
	cases := map[string]string{
		daemons + "\n---\n" + cron + compute:    "DaemonSet a has a pod on each node and is counted as one; CronJob b is counted as one run",
		daemons + counts:                        "",
		"{apiVersion: v1, kind: Pod, spec: []}": "object 0 cannot be read and is not counted",
	}
	for objects, want := range cases {
		if got := ask(t, objects); got.Undecided != want || len(got.Problems) > 0 {
			t.Errorf("want %q, got %+v", want, got)
		}
	}
}

func TestAnItemThatIsNoneIsABadRequest(t *testing.T) {
	if _, err := Run(nil, json.RawMessage(`[]`)); err == nil || !strings.HasPrefix(err.Error(), "bad-request: quota: ") {
		t.Errorf("%v", err)
	}
}
