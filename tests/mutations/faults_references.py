"""Faults between objects: what one names, and the other is not; and secrets that are none."""

from __future__ import annotations

from tests.mutations.mutation import (
    KINDS,
    KUBERNETES,
    KUSTOMIZE_ISSUE,
    PLATFORM,
    Add,
    Append,
    Edit,
    Mutation,
    Swap,
)

LEDGER = "services/ledger/base"
WEB = "apps/web/base"
DATABASE = "apps/database/base"
REPORTS = "apps/reports/base"
OVERLAYS = tuple(
    f"apps/database/overlays/{each}/kustomization.yaml" for each in ("dev", "staging", "production")
)

_SERVICE = f"{KUBERNETES}/concepts/services-networking/service/"
_DEBUG = f"{KUBERNETES}/tasks/debug/debug-application/debug-service/"
_INGRESS = f"{KUBERNETES}/concepts/services-networking/ingress/"
_SCALING = f"{KUBERNETES}/tasks/run-application/horizontal-pod-autoscale/"
_CONFIG = f"{KUBERNETES}/tasks/configure-pod-container/configure-pod-configmap/#restrictions"
_SECRET = f"{KUBERNETES}/concepts/configuration/secret/"
_GOOD_SECRETS = f"{KUBERNETES}/concepts/security/secrets-good-practices/"
_BUDGET = f"{KUBERNETES}/tasks/run-application/configure-pdb/"
_ACCOUNT = f"{KUBERNETES}/tasks/configure-pod-container/configure-service-account/"
_RBAC = f"{KUBERNETES}/reference/access-authn-authz/rbac/"


def _fault(  # noqa: PLR0913 - each is named in Mutation
    name: str, what: str, source: str, rule: str, *edits: Edit, at: tuple[str, ...] = (), gap: str = ""
) -> Mutation:
    repository = PLATFORM if edits[0].path.startswith("services") else KINDS
    return Mutation(name, "References", what, source, rule, edits, repository, at, gap=gap)


_SERVICES = (
    _fault(
        "selector-of-another-app",
        "a Service selects labels that no Pod has",
        _DEBUG,
        "service-selects-nothing",
        Swap(f"{WEB}/service.yaml", "    app: web\n", "    app: website\n"),
    ),
    _fault(
        "selector-with-one-label-more",
        "a Service selects a label that the Pods lost",
        _DEBUG,
        "service-selects-nothing",
        Swap(f"{LEDGER}/service.yaml", "  selector:\n", "  selector:\n    tier: backend\n"),
    ),
    _fault(
        "pods-labelled-anew",
        "the Pods and their selector are renamed, the Service is not",
        _DEBUG,
        "service-selects-nothing",
        Swap(
            f"{LEDGER}/deployment.yaml",
            "    matchLabels:\n      app.kubernetes.io/name: ledger\n",
            "    matchLabels:\n      app.kubernetes.io/name: ledger-api\n",
        ),
        Swap(
            f"{LEDGER}/deployment.yaml",
            "      labels:\n        app.kubernetes.io/name: ledger\n",
            "      labels:\n        app.kubernetes.io/name: ledger-api\n",
        ),
        at=(f"{LEDGER}/service.yaml", f"{LEDGER}/deployment.yaml"),
    ),
    _fault(
        "target-port-misspelt",
        "a Service's targetPort names a port that no container has",
        _SERVICE,
        "service-port-unknown",
        Swap(f"{WEB}/service.yaml", "targetPort: http", "targetPort: htpp"),
    ),
    _fault(
        "container-port-renamed",
        "a container's port is renamed, the Service's targetPort is not",
        _SERVICE,
        "service-port-unknown",
        Swap(f"{DATABASE}/stateful-set.yaml", "            - name: sql\n", "            - name: postgres\n"),
        Swap(f"{DATABASE}/stateful-set.yaml", "              port: sql\n", "              port: postgres\n"),
        at=(f"{DATABASE}/service.yaml", f"{DATABASE}/stateful-set.yaml"),
    ),
    _fault(
        "ingress-to-no-service",
        "an Ingress names a Service that is not there",
        _INGRESS,
        "reference-missing",
        Swap(f"{WEB}/ingress.yaml", "                name: web\n", "                name: website\n"),
    ),
    _fault(
        "ingress-to-no-port",
        "an Ingress names a port that its Service does not have",
        _INGRESS,
        "service-port-unknown",
        Swap(f"{WEB}/ingress.yaml", "                  name: http\n", "                  number: 8080\n"),
    ),
    _fault(
        "governing-service-missing",
        "a StatefulSet's serviceName names no Service",
        f"{KUBERNETES}/concepts/workloads/controllers/statefulset/#stable-network-id",
        "reference-missing",
        Swap(f"{DATABASE}/stateful-set.yaml", "serviceName: database", "serviceName: database-headless"),
    ),
    _fault(
        "scaler-of-nothing",
        "an autoscaler's target is not there",
        _SCALING,
        "autoscaler-target-missing",
        Swap(
            f"{WEB}/autoscaler.yaml",
            "    kind: Deployment\n    name: web\n",
            "    kind: Deployment\n    name: website\n",
        ),
    ),
    _fault(
        "scaler-of-another-kind",
        "an autoscaler's target is of another kind",
        _SCALING,
        "autoscaler-target-missing",
        Swap(f"{WEB}/autoscaler.yaml", "    kind: Deployment\n", "    kind: StatefulSet\n"),
    ),
    _fault(
        "scaler-of-another-version",
        "an autoscaler's target is of a group that its kind does not have",
        _SCALING,
        "autoscaler-target-missing",
        Swap(f"{WEB}/autoscaler.yaml", "    apiVersion: apps/v1\n", "    apiVersion: extensions/v1beta1\n"),
    ),
)

_CONFIGURATION = (
    _fault(
        "config-misspelt",
        "envFrom names a ConfigMap that is not there",
        _CONFIG,
        "reference-missing",
        Swap(
            f"{LEDGER}/deployment.yaml",
            "            - configMapRef:\n                name: ledger\n",
            "            - configMapRef:\n                name: ledger-config\n",
        ),
    ),
    _fault(
        "config-deleted",
        "a ConfigMap is deleted, and a Deployment still reads it",
        _CONFIG,
        "reference-missing",
        Swap(f"{LEDGER}/kustomization.yaml", "  - config-map.yaml\n", ""),
        Swap("services/ledger/overlays/production/kustomization.yaml", "  - path: config-patch.yaml\n", ""),
        at=(f"{LEDGER}/deployment.yaml", f"{LEDGER}/kustomization.yaml"),
    ),
    _fault(
        "config-key-missing",
        "a variable reads a key that the ConfigMap does not have",
        _CONFIG,
        "reference-missing",
        Swap(f"{REPORTS}/cron-job.yaml", "key: title", "key: heading"),
    ),
    _fault(
        "config-key-renamed",
        "a key of the ConfigMap is renamed",
        _CONFIG,
        "reference-missing",
        Swap(f"{REPORTS}/config-map.yaml", "  title:", "  Title:"),
        at=(f"{REPORTS}/cron-job.yaml", f"{REPORTS}/config-map.yaml"),
    ),
    _fault(
        "config-volume-missing",
        "a volume's ConfigMap is not there",
        _CONFIG,
        "reference-missing",
        Swap(f"{WEB}/deployment.yaml", "            name: pages\n", "            name: page\n"),
    ),
    _fault(
        "config-volume-item-missing",
        "a volume takes a key that the ConfigMap does not have",
        _CONFIG,
        "reference-missing",
        Swap(
            f"{WEB}/deployment.yaml",
            "            name: pages\n",
            "            name: pages\n            items: [{key: footer, path: footer}]\n",
        ),
    ),
    _fault(
        "generated-config-elsewhere",
        "only the base sets a namespace: its references do not get the generated name",
        f"{KUSTOMIZE_ISSUE}/1301",
        "reference-missing",
        Append(f"{WEB}/kustomization.yaml", "namespace: web\n"),
        Swap("apps/web/overlays/dev/kustomization.yaml", "namespace: web\n", ""),
        at=(f"{WEB}/deployment.yaml",),
    ),
    _fault(
        "claim-missing",
        "a volume's claim is not there",
        f"{KUBERNETES}/concepts/storage/persistent-volumes/",
        "reference-missing",
        Swap(f"{REPORTS}/cron-job.yaml", "claimName: reports-cache", "claimName: cache"),
    ),
    _fault(
        "account-missing",
        "a Pod's ServiceAccount is not there",
        _ACCOUNT,
        "service-account-missing",
        Swap(f"{LEDGER}/deployment.yaml", "serviceAccountName: ledger", "serviceAccountName: ledger-api"),
    ),
    _fault(
        "account-removed",
        "a ServiceAccount is removed, and Pods still run under it",
        _ACCOUNT,
        "service-account-missing",
        Swap("services/mailer/base/kustomization.yaml", "  - service-account.yaml\n", ""),
        at=("services/mailer/base/deployment.yaml", "services/mailer/base/kustomization.yaml"),
    ),
    _fault(
        "role-missing",
        "a RoleBinding's Role is not there",
        f"{_RBAC}#rolebinding-and-clusterrolebinding",
        "reference-missing",
        Swap(
            f"{REPORTS}/roles.yaml",
            "  kind: Role\n  name: reports\nsubjects",
            "  kind: Role\n  name: report\nsubjects",
        ),
    ),
    _fault(
        "subject-missing",
        "a RoleBinding's ServiceAccount is not there",
        f"{_RBAC}#referring-to-subjects",
        "service-account-missing",
        Swap(
            f"{REPORTS}/roles.yaml",
            "  - kind: ServiceAccount\n    name: reports\n",
            "  - kind: ServiceAccount\n    name: reporter\n",
        ),
    ),
)

_BUDGETS = (
    _fault(
        "budget-of-none",
        "maxUnavailable is 0: no node can be drained",
        _BUDGET,
        "disruption-budget-blocks-evictions",
        Swap(f"{LEDGER}/pod-disruption-budget.yaml", "maxUnavailable: 1", "maxUnavailable: 0"),
    ),
    _fault(
        "budget-of-no-percent",
        "maxUnavailable is 0%",
        _BUDGET,
        "disruption-budget-blocks-evictions",
        Swap(f"{LEDGER}/pod-disruption-budget.yaml", "maxUnavailable: 1", "maxUnavailable: 0%"),
    ),
    _fault(
        "budget-of-all",
        "minAvailable is 100%",
        _BUDGET,
        "disruption-budget-blocks-evictions",
        Swap(f"{LEDGER}/pod-disruption-budget.yaml", "maxUnavailable: 1", "minAvailable: 100%"),
    ),
    _fault(
        "budget-of-as-many",
        "minAvailable is as many as there are replicas",
        "https://github.com/helm/charts/pull/7098",
        "disruption-budget-blocks-evictions",
        Swap(f"{DATABASE}/disruption.yaml", "minAvailable: 1", "minAvailable: 3"),
    ),
    _fault(
        "budget-of-the-fewest",
        "minAvailable is the autoscaler's minReplicas",
        "https://github.com/nais/naiserator/pull/268",
        "disruption-budget-blocks-evictions",
        Swap(f"{WEB}/disruption.yaml", "maxUnavailable: 1", "minAvailable: 2"),
    ),
    _fault(
        "budget-of-one-replica",
        "one replica must be there, and an overlay has only one",
        "https://github.com/devantler-tech/platform/issues/1880",
        "disruption-budget-blocks-evictions",
        Swap(OVERLAYS[0], "    count: 2\n", "    count: 1\n"),
        at=(OVERLAYS[0], f"{DATABASE}/disruption.yaml"),
    ),
    _fault(
        "budget-of-nothing",
        "a budget selects no Pod: it protects nothing",
        _BUDGET,
        "service-selects-nothing",
        Swap(f"{WEB}/disruption.yaml", "      app: web\n", "      app: website\n"),
    ),
    _fault(
        "network-policy-of-nothing",
        "a NetworkPolicy selects no Pod: it protects nothing",
        f"{KUBERNETES}/concepts/services-networking/network-policies/",
        "service-selects-nothing",
        Swap(f"{DATABASE}/network-policy.yaml", "      app: database\n", "      app: databse\n"),
    ),
)

_KEY = "-----BEGIN RSA PRIVATE " + "KEY-----"
_SECRETS = (
    _fault(
        "secret-in-git",
        "a Secret with its password stands in Git",
        _GOOD_SECRETS,
        "literal-secret",
        Add(
            f"{LEDGER}/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: ledger\n"
            "stringData:\n  password: f3Qz8wLr0pXk\n",
        ),
        Swap(f"{LEDGER}/kustomization.yaml", "  - service.yaml\n", "  - service.yaml\n  - secret.yaml\n"),
    ),
    _fault(
        "secret-encoded-in-git",
        "a Secret in Base64 is taken for an encrypted one",
        _SECRET,
        "literal-secret",
        Add(
            f"{LEDGER}/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: ledger\ndata:\n  password: ZjNRejh3THIwcFhr\n",
        ),
        Swap(f"{LEDGER}/kustomization.yaml", "  - service.yaml\n", "  - service.yaml\n  - secret.yaml\n"),
    ),
    _fault(
        "secret-generated",
        "a secretGenerator has its literals in Git",
        "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/secretgenerator/",
        "literal-secret",
        Append(
            "services/ledger/overlays/dev/kustomization.yaml",
            "secretGenerator:\n  - name: ledger\n    literals: [password=f3Qz8wLr0pXk]\n",
        ),
    ),
    _fault(
        "key-in-a-config-map",
        "a private key stands in a ConfigMap",
        _GOOD_SECRETS,
        "literal-secret",
        Append(
            f"{LEDGER}/config-map.yaml",
            f"  tls.key: |\n    {_KEY}\n    MIIEpAIBAAKCAQEA7bq2\n    {_KEY.replace('BEGIN', 'END')}\n",
        ),
    ),
    _fault(
        "access-key-in-a-config-map",
        "an access key of a cloud stands in a ConfigMap",
        "https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns",
        "literal-secret",
        Append(f"{LEDGER}/config-map.yaml", "  AWS_ACCESS_KEY_ID: AKIA" + "Q3EGSW5PJ7NLZ2TK\n"),
    ),
    _fault(
        "token-in-a-variable",
        "a token stands in an environment variable",
        "https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns",
        "literal-secret",
        Swap(
            f"{WEB}/deployment.yaml",
            "            - name: ORIGIN\n",
            "            - {name: TOKEN, value: ghp_" + "x7Kq2mWz9LrT4vBn8YcJ5hDf3GsP6aEu1RoX}\n"
            "            - name: ORIGIN\n",
        ),
    ),
)

FAULTS = (*_SERVICES, *_CONFIGURATION, *_BUDGETS, *_SECRETS)
