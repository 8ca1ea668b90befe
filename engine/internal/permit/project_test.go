package permit

import (
	"encoding/json"
	"strings"
	"testing"
)

// validate asks about the project `payments` with a spec in YAML.
func validate(t *testing.T, spec string) []Problem {
	t.Helper()
	answer, err := Run(nil, toJSON(t, "project: {metadata: {name: payments}, spec: "+spec+"}"))
	if err != nil {
		t.Fatal(err)
	}
	return answer.(Answer).Problems
}

const policy = "p, proj:payments:deployer, applications, sync, payments/*, allow"

func deployer(policies, groups string) string {
	return "{roles: [{name: deployer, policies: " + policies + ", groups: " + groups + "}]}"
}

func window(fields string) string {
	return "{syncWindows: [{kind: deny, schedule: '0 22 * * 5', duration: 8h, applications: ['*']}, {applications: ['*'], " + fields + "}]}"
}

func TestAProjectIsJudgedAsArgoCDsServerDoes(t *testing.T) {
	cases := map[string]struct {
		spec string
		want []Problem
	}{
		"nothing is wrong": {"{sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}], " + strings.Trim(deployer("['"+policy+"']", "[team]"), "{}") + "}", nil},
		"a schedule has an hour 25": {window("kind: deny, schedule: '0 25 * * 5', duration: 8h"),
			[]Problem{{Path: "spec.syncWindows[1].schedule", Message: "cannot parse schedule '0 25 * * 5': end of range (25) above maximum (23): 25"}}},
		"a duration has words": {window("kind: deny, schedule: '0 2 * * 5', duration: 8 hours"),
			[]Problem{{Path: "spec.syncWindows[1].duration", Message: `cannot parse duration '8 hours': time: unknown unit " hours" in duration "8 hours"`}}},
		"a kind and a duration are wrong": {window("kind: block, schedule: '0 2 * * 5', duration: 8 days"), []Problem{
			{Path: "spec.syncWindows[1].kind", Message: "kind 'block' mismatch: can only be allow or deny"},
			{Path: "spec.syncWindows[1].duration", Message: `cannot parse duration '8 days': time: unknown unit " days" in duration "8 days"`},
		}},
		"a schedule has a time zone":            {window("kind: deny, schedule: 'CRON_TZ=Europe/Berlin 0 2 * * 5', duration: 8h"), nil},
		"an unknown time zone counts as UTC":    {window("kind: deny, schedule: '0 2 * * 5', duration: 8h, timeZone: Mars"), nil},
		"a window is about nothing":             {"{syncWindows: [{kind: deny, schedule: '0 2 * * 5', duration: 8h}]}", []Problem{{Path: "spec.syncWindows[0]", Message: "window 'deny':'0 2 * * 5':'8h' requires one of application, cluster or namespace"}}},
		"a policy is about another project":     {deployer("['"+strings.Replace(policy, "payments/*", "shop/*", 1)+"']", "[]"), []Problem{{Path: "spec.roles[0].policies[0]", Message: "invalid policy rule 'p, proj:payments:deployer, applications, sync, shop/*, allow': object must be of form 'payments/*', 'payments[/<NAMESPACE>]/<APPNAME>' or 'payments/<APPNAME>', not 'shop/*'"}}},
		"a policy is for another role":          {deployer("['"+policy+"', '"+strings.Replace(policy, ":deployer", ":admin", 1)+"']", "[]"), []Problem{{Path: "spec.roles[0].policies[1]", Message: "invalid policy rule 'p, proj:payments:admin, applications, sync, payments/*, allow': policy subject must be: 'proj:payments:deployer', not 'proj:payments:admin'"}}},
		"a group stands twice":                  {deployer("[]", "[a, b, a]"), []Problem{{Path: "spec.roles[0].groups[2]", Message: "group 'a' already exists for role 'deployer'"}}},
		"a role's name has a space":             {"{roles: [{name: a b, policies: [x]}]}", []Problem{{Path: "spec.roles[0].name", Message: "invalid role name 'a b'. Must consist of alphanumeric characters, '-' or '_', and must start and end with an alphanumeric character"}}},
		"a role stands twice":                   {"{roles: [{name: a}, {name: a}]}", []Problem{{Path: "spec.roles[1].name", Message: "role 'a' already exists"}}},
		"every repository is denied":            {"{sourceRepos: [a, '!*']}", []Problem{{Path: "spec.sourceRepos[1]", Message: "source repository has an invalid format, '!*'"}}},
		"every namespace is denied":             {"{destinations: [{server: '*', namespace: '!*'}]}", []Problem{{Path: "spec.destinations[0].namespace", Message: "namespace has an invalid format, '!*'"}}},
		"a destination stands twice":            {"{destinations: [{name: a, namespace: b}, {name: a, namespace: b}]}", []Problem{{Path: "spec.destinations[1]", Message: "destination 'a/b' already added"}}},
		"a namespace of Applications, twice":    {"{sourceNamespaces: [a, a]}", []Problem{{Path: "spec.sourceNamespaces[1]", Message: "source namespace 'a' already added"}}},
		"a service account has a slash":         {"{destinationServiceAccounts: [{server: a, namespace: b, defaultServiceAccount: c/d}]}", []Problem{{Path: "spec.destinationServiceAccounts[0].defaultServiceAccount", Message: "defaultServiceAccount has an invalid format, 'c/d'"}}},
		"problems of two parts are both told":   {"{sourceNamespaces: [a, a], sourceRepos: ['!*']}", []Problem{{Path: "spec.sourceNamespaces[1]", Message: "source namespace 'a' already added"}, {Path: "spec.sourceRepos[0]", Message: "source repository has an invalid format, '!*'"}}},
		"a policy is no line that Casbin reads": {deployer(`['p, proj:payments:deployer, applications, action/"a, payments/*, allow']`, "[]"), []Problem{{Path: "spec.roles[0]", Message: `policy syntax error: p, proj:payments:deployer, projects, get, payments, allow; p, proj:payments:deployer, applications, action/"a, payments/*, allow`}}},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) { same(t, each.want, validate(t, each.spec)) })
	}
}

func TestAWindowThatStandsTwiceIsToldOnce(t *testing.T) {
	got := validate(t, window("kind: deny, schedule: '0 22 * * 5', duration: 8h"))
	if len(got) != 1 || got[0].Path != "spec.syncWindows[1]" || !strings.Contains(got[0].Message, "already exists (hash=") {
		t.Errorf("got %v", got)
	}
}

func TestAProjectThatCannotBeReadIsAProblem(t *testing.T) {
	got := validate(t, "{roles: 1}")
	if len(got) != 1 || !strings.HasPrefix(got[0].Message, "the AppProject cannot be read: ") {
		t.Errorf("got %v", got)
	}
}

func TestAnItemIsAboutAnApplicationOrAProject(t *testing.T) {
	for _, item := range []string{`{}`, `{"application": {}, "project": {}}`} {
		if _, err := Run(nil, json.RawMessage(item)); err == nil || !strings.HasPrefix(err.Error(), "bad-request: ") {
			t.Errorf("%s gives %v", item, err)
		}
	}
}
