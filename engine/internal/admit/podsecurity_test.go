package admit

import (
	"encoding/json"
	"reflect"
	"testing"
)

func secured(t testing.TB, params, manifest string) [][4]string {
	t.Helper()
	known, err := newSettings(json.RawMessage(params))
	if err != nil {
		t.Fatal(err)
	}
	verdict := known.object(asJSON(t, manifest), "shop")
	if len(verdict.Errors) > 0 || verdict.Undecided != "" {
		t.Fatalf("%+v", verdict)
	}
	return verdict.PodSecurity
}

const (
	restricted = `{"namespaces":[{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}]}`
	careful    = "securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}"
	twice      = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {" +
		"volumes: [{name: vx, emptyDir: {}}, {name: vy, hostPath: {path: /}}], hostNetwork: true, " +
		"containers: [{name: one, image: a, " + careful + "}, {name: two, image: a, securityContext: {privileged: true}}]}}}}"
)

func TestPodSecurityNamesTheFieldAtFault(t *testing.T) {
	const at = "spec.template.spec."
	want := [][4]string{
		{"enforce", "restricted:latest", at + "containers[1].securityContext.privileged", `privileged (container "two" must not set securityContext.privileged=true)`},
		{"enforce", "restricted:latest", at + "containers[1].securityContext.allowPrivilegeEscalation", `allowPrivilegeEscalation != false (container "two" must set securityContext.allowPrivilegeEscalation=false)`},
		{"enforce", "restricted:latest", at + "containers[1].securityContext.capabilities", `unrestricted capabilities (container "two" must set securityContext.capabilities.drop=["ALL"])`},
		{"enforce", "restricted:latest", at + "containers[1].securityContext.runAsNonRoot", `runAsNonRoot != true (pod or container "two" must set securityContext.runAsNonRoot=true)`},
		{"enforce", "restricted:latest", at + "containers[1].securityContext.seccompProfile", `seccompProfile (pod or container "two" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`},
		{"enforce", "restricted:latest", at + "volumes[1]", `restricted volume types (volume "vy" uses restricted volume type "hostPath")`},
		{"enforce", "restricted:latest", at + "hostNetwork", "host namespaces (hostNetwork=true)"},
	}
	got := secured(t, restricted, twice)
	if !reflect.DeepEqual(sortedRows(want), sortedRows(got)) {
		t.Errorf("want %q\ngot  %q", want, got)
	}
}

func sortedRows(rows [][4]string) map[[4]string]bool {
	set := map[[4]string]bool{}
	for _, row := range rows {
		set[row] = true
	}
	return set
}

func TestPodSecurityGoesByTheNamespacesLabels(t *testing.T) {
	const pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: one, image: a, ports: [{containerPort: 80, hostPort: 80}]}]}}"
	cases := map[string]struct {
		params string
		modes  []string
	}{
		"nothing is said":           {`{}`, nil},
		"no labels":                 {`{"namespaces":[{"name":"shop"}]}`, nil},
		"another namespace":         {`{"namespaces":[{"name":"b","labels":{"pod-security.kubernetes.io/enforce":"baseline"}}]}`, nil},
		"baseline":                  {`{"namespaces":[{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"baseline"}}]}`, []string{"enforce baseline:latest"}},
		"a version of before":       {`{"namespaces":[{"name":"shop","labels":{"pod-security.kubernetes.io/warn":"baseline","pod-security.kubernetes.io/warn-version":"v1.29"}}]}`, []string{"warn baseline:v1.29"}},
		"the default":               {`{"pod_security":{"audit":"baseline","version":"v1.34"}}`, []string{"audit baseline:v1.34"}},
		"a label against a default": {`{"namespaces":[{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"privileged"}}],"pod_security":{"enforce":"baseline"}}`, nil},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) {
			var modes []string
			for _, row := range secured(t, each.params, pod) {
				modes = append(modes, row[0]+" "+row[1])
			}
			if !reflect.DeepEqual(each.modes, modes) {
				t.Errorf("want %q, got %q", each.modes, modes)
			}
		})
	}
}

func TestACarefulPodIsRestrictedInEveryKind(t *testing.T) {
	for _, manifest := range []string{
		"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: one, image: a, " + careful + "}]}}",
		"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: '@daily', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: one, image: a, " + careful + "}]}}}}}}",
	} {
		if got := secured(t, restricted, manifest); len(got) > 0 {
			t.Errorf("%q", got)
		}
	}
}

func TestPodsOfEveryKindAreLookedAt(t *testing.T) {
	known, err := newSettings(json.RawMessage(`{"pod_security":{"enforce":"restricted"}}`))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, manifest := range documents(t, "testdata/accepted.yaml") {
		kind := kindOf(t, manifest)
		if len(known.object(manifest, "").PodSecurity) > 0 {
			found[kind.Kind] = true
		}
	}
	for kind := range podSpecs {
		if !found[kind.Kind] {
			t.Errorf("no pod of %s was looked at", kind)
		}
	}
}

func TestLabelsThatPodSecurityCannotReadAreRefused(t *testing.T) {
	got := judge(t, "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {pod-security.kubernetes.io/enforce: strict}}}")
	want := [][2]string{{"metadata.labels[pod-security.kubernetes.io/enforce]", `Invalid value: "strict": must be one of privileged, baseline, restricted`}}
	if !reflect.DeepEqual(want, got.Errors) {
		t.Errorf("got %q", got.Errors)
	}
}
