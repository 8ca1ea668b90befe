"""Faults of objects other than workloads: networking, scaling, access, configuration, custom resources."""

from __future__ import annotations

# ruff: noqa: E501 - edits quote the files as they are
from tests.mutations.mutation import (
    ARGOCD_ISSUE,
    KINDS,
    KUBERNETES,
    PLATFORM,
    Add,
    Append,
    Edit,
    Mutation,
    Swap,
)

SERVICE = "apps/web/base/service.yaml"
INGRESS = "apps/web/base/ingress.yaml"
SCALER = "apps/web/base/autoscaler.yaml"
BUDGET = "apps/web/base/disruption.yaml"
LIMITS = "apps/web/base/limits.yaml"
DEPLOYMENT = "apps/web/base/deployment.yaml"
POLICY = "apps/database/base/network-policy.yaml"
ROLES = "apps/reports/base/roles.yaml"
CONFIG = "apps/reports/base/config-map.yaml"
CLAIM = "apps/reports/base/cache-claim.yaml"
CRON = "apps/reports/base/cron-job.yaml"
REPORTS = "apps/reports/base/kustomization.yaml"
BACKUP = "platform/backup.yaml"
DEFINITION = "platform/backups-definition.yaml"
NAMESPACES = "platform/namespaces.yaml"

_SERVICE = f"{KUBERNETES}/concepts/services-networking/service/"
_INGRESS = f"{KUBERNETES}/concepts/services-networking/ingress/"
_SCALING = f"{KUBERNETES}/tasks/run-application/horizontal-pod-autoscale/"
_BUDGET = f"{KUBERNETES}/tasks/run-application/configure-pdb/"
_NETWORK = f"{KUBERNETES}/concepts/services-networking/network-policies/"
_RBAC = f"{KUBERNETES}/reference/access-authn-authz/rbac/"
_CONFIG = f"{KUBERNETES}/concepts/configuration/configmap/"
_SECRET = f"{KUBERNETES}/concepts/configuration/secret/"
_CUSTOM = f"{KUBERNETES}/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/"
_LIMITS = f"{KUBERNETES}/concepts/policy/limit-range/"
_QUOTA = f"{KUBERNETES}/concepts/policy/resource-quotas/"
_GUIDE = f"{KUBERNETES}/reference/using-api/deprecation-guide/"
_REFUSED = "api-server-refuses"


def _fault(  # noqa: PLR0913 - each is named in Mutation
    name: str, what: str, source: str, rule: str, *edits: Edit, at: tuple[str, ...] = (), gap: str = ""
) -> Mutation:
    repository = PLATFORM if edits[0].path.startswith("services") else KINDS
    return Mutation(name, "Other objects", what, source, rule, edits, repository, at, gap=gap)


def _added(name: str, what: str, source: str, rule: str, manifest: str) -> Mutation:
    """Return the fault of an object that is added to the reports' base."""
    added = Add("apps/reports/base/added.yaml", manifest)
    listed = Swap(REPORTS, "  - roles.yaml\n", "  - roles.yaml\n  - added.yaml\n")
    return _fault(name, what, source, rule, listed, added)


_NETWORKING = (
    _fault(
        "service-port-zero",
        "a Service's port is 0",
        _SERVICE,
        _REFUSED,
        Swap(SERVICE, "port: 80\n", "port: 0\n"),
    ),
    _fault(
        "service-ports-without-names",
        "two ports of a Service, one without a name",
        _SERVICE,
        _REFUSED,
        Append(SERVICE, "    - port: 443\n      targetPort: http\n"),
    ),
    _fault(
        "service-port-twice",
        "two ports of a Service have one number",
        _SERVICE,
        _REFUSED,
        Append(SERVICE, "    - name: again\n      port: 80\n      targetPort: http\n"),
    ),
    _fault(
        "service-type-misspelt",
        "`type: Loadbalancer`",
        _SERVICE,
        _REFUSED,
        Swap(SERVICE, "type: ClusterIP", "type: Loadbalancer"),
    ),
    _fault(
        "node-port-of-a-cluster-ip",
        "a node port on a Service that has none",
        f"{_SERVICE}#type-nodeport",
        _REFUSED,
        Swap(SERVICE, "      port: 80\n", "      port: 80\n      nodePort: 30080\n"),
    ),
    _fault(
        "external-name-missing",
        "`type: ExternalName` without a name",
        f"{_SERVICE}#externalname",
        _REFUSED,
        Swap(SERVICE, "type: ClusterIP", "type: ExternalName"),
    ),
    _fault(
        "service-protocol-http",
        "a Service's protocol is HTTP",
        _SERVICE,
        _REFUSED,
        Swap(SERVICE, "      port: 80\n", "      port: 80\n      protocol: HTTP\n"),
    ),
    _fault(
        "service-selector-as-of-workloads",
        "`matchLabels` in a Service's selector",
        _SERVICE,
        _REFUSED,
        Swap(SERVICE, "  selector:\n    app: web\n", "  selector:\n    matchLabels:\n      app: web\n"),
    ),
    _fault(
        "path-type-missing",
        "an Ingress path without pathType",
        "https://github.com/openshift/openshift-docs/issues/38551",
        _REFUSED,
        Swap(INGRESS, "            pathType: Prefix\n", ""),
    ),
    _fault(
        "path-type-unknown",
        "`pathType: prefix` in lower case",
        f"{_INGRESS}#path-types",
        _REFUSED,
        Swap(INGRESS, "pathType: Prefix", "pathType: prefix"),
    ),
    _fault(
        "path-without-slash",
        "an Ingress path does not begin with a slash",
        f"{_INGRESS}#path-types",
        _REFUSED,
        Swap(INGRESS, "path: /\n", "path: shop\n"),
    ),
    _fault(
        "ingress-of-beta",
        "`serviceName` and `servicePort`, as the beta had them",
        f"{_GUIDE}#ingress-v122",
        _REFUSED,
        Swap(
            INGRESS,
            "              service:\n                name: web\n                port:\n                  name: http\n",
            "              serviceName: web\n              servicePort: http\n",
        ),
    ),
    _fault(
        "ingress-host-with-port",
        "an Ingress host with a port",
        _INGRESS,
        _REFUSED,
        Swap(INGRESS, "www.acme.example", "www.acme.example:8080"),
    ),
    _fault(
        "ingress-host-is-a-url",
        "an Ingress host with https://",
        _INGRESS,
        _REFUSED,
        Swap(INGRESS, "host: www.acme.example", "host: https://www.acme.example"),
    ),
    _fault(
        "ingress-port-by-both",
        "a backend's port by name and by number",
        _INGRESS,
        _REFUSED,
        Swap(
            INGRESS,
            "                  name: http\n",
            "                  name: http\n                  number: 80\n",
        ),
    ),
    _fault(
        "ingress-without-rules",
        "an Ingress with neither rules nor a default",
        _INGRESS,
        _REFUSED,
        Swap(INGRESS, "  rules:\n", "  rule:\n"),
    ),
    _fault(
        "network-protocol-http",
        "a NetworkPolicy's protocol is HTTP",
        _NETWORK,
        _REFUSED,
        Swap(POLICY, "protocol: TCP", "protocol: HTTP"),
    ),
    _fault(
        "network-type-misspelt",
        "`policyTypes: [Ingres]`",
        _NETWORK,
        _REFUSED,
        Swap(POLICY, "policyTypes: [Ingress]", "policyTypes: [Ingres]"),
    ),
    _fault(
        "network-block-wrong",
        "an ipBlock without a mask",
        _NETWORK,
        _REFUSED,
        Swap(POLICY, "        - podSelector: {}\n", "        - ipBlock: {cidr: 10.0.0.0}\n"),
    ),
    _fault(
        "network-block-and-selector",
        "a peer with an ipBlock and a podSelector",
        _NETWORK,
        _REFUSED,
        Swap(
            POLICY,
            "        - podSelector: {}\n",
            "        - ipBlock: {cidr: 10.0.0.0/8}\n          podSelector: {}\n",
        ),
    ),
    _fault(
        "network-exception-outside",
        "an exception outside of its block",
        _NETWORK,
        _REFUSED,
        Swap(
            POLICY,
            "        - podSelector: {}\n",
            "        - ipBlock: {cidr: 10.0.0.0/8, except: [192.168.0.0/16]}\n",
        ),
    ),
)

_SCALING_AND_BUDGETS = (
    _fault(
        "scaler-bounds-crossed",
        "more replicas at least than at most",
        _SCALING,
        _REFUSED,
        Swap(SCALER, "minReplicas: 2", "minReplicas: 8"),
    ),
    _fault(
        "scaler-without-most",
        "an autoscaler without maxReplicas",
        _SCALING,
        _REFUSED,
        Swap(SCALER, "  maxReplicas: 6\n", ""),
    ),
    _fault(
        "scaler-of-version-1",
        "`targetCPUUtilizationPercentage` in autoscaling/v2",
        _SCALING,
        _REFUSED,
        Swap(SCALER, "  metrics:\n", "  targetCPUUtilizationPercentage: 70\n  metrics:\n"),
    ),
    _fault(
        "scaler-target-type-misspelt",
        "`type: Utilisation`",
        _SCALING,
        _REFUSED,
        Swap(SCALER, "type: Utilization", "type: Utilisation"),
    ),
    _fault(
        "scaler-target-of-two-types",
        "a target with a utilization and a value",
        _SCALING,
        _REFUSED,
        Swap(
            SCALER,
            "          averageUtilization: 70\n",
            "          averageUtilization: 70\n          averageValue: 200m\n",
        ),
    ),
    _fault(
        "scaler-to-zero",
        "an autoscaler may go down to zero",
        _SCALING,
        _REFUSED,
        Swap(SCALER, "minReplicas: 2", "minReplicas: 0"),
    ),
    _fault(
        "scaler-and-replicas",
        "a Deployment has replicas, and an autoscaler too: they undo each other",
        f"{ARGOCD_ISSUE}/5105",
        "replicas-beside-autoscaler",
        Swap(
            "services/storefront/base/deployment.yaml",
            "spec:\n  # Each overlay",
            "spec:\n  replicas: 3\n  # Each overlay",
        ),
    ),
    _fault(
        "budget-with-both",
        "a budget with minAvailable and maxUnavailable",
        _BUDGET,
        _REFUSED,
        Swap(BUDGET, "  maxUnavailable: 1\n", "  maxUnavailable: 1\n  minAvailable: 1\n"),
    ),
    _fault(
        "budget-in-text",
        "a budget's number is a text without %",
        _BUDGET,
        _REFUSED,
        Swap(BUDGET, "maxUnavailable: 1", 'maxUnavailable: "1"'),
    ),
    _fault(
        "container-above-the-limit",
        "a container wants more than the LimitRange allows",
        _LIMITS,
        "quota-exceeded",
        Swap(DEPLOYMENT, "limits: {cpu: 500m, memory: 256Mi}", "limits: {cpu: 500m, memory: 4Gi}"),
        at=(DEPLOYMENT, LIMITS),
    ),
    _fault(
        "container-below-the-limit",
        "a container wants less than the LimitRange allows",
        _LIMITS,
        "quota-exceeded",
        Swap(DEPLOYMENT, "requests: {cpu: 100m, memory: 128Mi}", "requests: {cpu: 1m, memory: 128Mi}"),
        at=(DEPLOYMENT, LIMITS),
    ),
    _fault(
        "range-crossed",
        "a LimitRange's least is above its most",
        _LIMITS,
        _REFUSED,
        Swap(LIMITS, "min: {cpu: 10m, memory: 16Mi}", "min: {cpu: 10m, memory: 16Gi}"),
    ),
    _fault(
        "quota-of-requests-exceeded",
        "the Pods request more than the quota grants",
        _QUOTA,
        "quota-exceeded",
        Swap(DEPLOYMENT, "spec:\n  selector:", "spec:\n  replicas: 80\n  selector:"),
        Swap(SCALER, "maxReplicas: 6", "maxReplicas: 90"),
        Swap(SCALER, "minReplicas: 2", "minReplicas: 80"),
        at=(DEPLOYMENT, LIMITS),
    ),
    _fault(
        "quota-of-balancers-exceeded",
        "the quota grants no load balancer",
        _QUOTA,
        "quota-exceeded",
        Swap(SERVICE, "type: ClusterIP", "type: LoadBalancer"),
        at=(SERVICE, LIMITS),
    ),
    _fault(
        "quota-of-nothing",
        "a quota counts a resource that there is not",
        _QUOTA,
        _REFUSED,
        Swap(LIMITS, 'requests.cpu: "4"', 'request.cpus: "4"'),
    ),
)

_ACCESS = (
    _fault(
        "role-without-verbs",
        "a rule of a Role has no verbs",
        _RBAC,
        _REFUSED,
        Swap(ROLES, '    verbs: ["get", "list"]\n', ""),
    ),
    _fault(
        "role-with-urls",
        "a Role, which has a namespace, grants URLs",
        _RBAC,
        _REFUSED,
        Swap(
            ROLES, '    verbs: ["get", "list"]\n', '    verbs: ["get"]\n    nonResourceURLs: ["/metrics"]\n'
        ),
    ),
    _fault(
        "role-reference-with-version",
        "roleRef names a version beside the group",
        _RBAC,
        _REFUSED,
        Swap(ROLES, "  apiGroup: rbac.authorization.k8s.io\n", "  apiGroup: rbac.authorization.k8s.io/v1\n"),
    ),
    _fault(
        "role-reference-without-kind",
        "roleRef has no kind",
        _RBAC,
        _REFUSED,
        Swap(ROLES, "  kind: Role\n  name: reports\n", "  name: reports\n"),
    ),
    _fault(
        "subject-misspelt",
        "a subject of kind `Serviceaccount`",
        _RBAC,
        _REFUSED,
        Swap(ROLES, "  - kind: ServiceAccount\n", "  - kind: Serviceaccount\n"),
    ),
    _fault(
        "subject-with-group",
        "a ServiceAccount subject in the group of RBAC",
        _RBAC,
        _REFUSED,
        Swap(
            ROLES,
            "  - kind: ServiceAccount\n",
            "  - apiGroup: rbac.authorization.k8s.io\n    kind: ServiceAccount\n",
        ),
    ),
    _added(
        "subject-without-namespace",
        "a ClusterRoleBinding's ServiceAccount has no namespace",
        _RBAC,
        _REFUSED,
        """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: reports
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
  - kind: ServiceAccount
    name: collector
""",
    ),
)

_CONFIGURATION = (
    _fault(
        "data-is-a-number",
        "a ConfigMap's value is a number",
        "https://github.com/aws/aws-application-networking-k8s/issues/323",
        _REFUSED,
        Swap(CONFIG, 'retries: "3"', "retries: 3"),
    ),
    _fault(
        "data-is-a-boolean",
        "a ConfigMap's value is a boolean",
        _CONFIG,
        _REFUSED,
        Swap(CONFIG, 'retries: "3"', "retries: true"),
    ),
    _fault(
        "data-is-nested",
        "a ConfigMap's value is a mapping: the `|` is missing",
        _CONFIG,
        _REFUSED,
        Swap(CONFIG, 'retries: "3"', "retries:\n    most: 3"),
    ),
    _fault(
        "key-with-a-slash",
        "a ConfigMap's key is a path",
        _CONFIG,
        _REFUSED,
        Swap(CONFIG, "retries:", "etc/retries:"),
    ),
    _fault(
        "config-with-spec",
        "`spec.data`, as other kinds have it",
        _CONFIG,
        _REFUSED,
        Swap(CONFIG, "\ndata:\n", "\nspec:\n  owner: data\ndata:\n"),
    ),
    _added(
        "secret-not-encoded",
        "a Secret's `data` is not Base64",
        _SECRET,
        _REFUSED,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: added\ndata:\n  host: db.acme.example\n",
    ),
    _added(
        "certificate-without-key",
        "a Secret of type kubernetes.io/tls lacks its key",
        _SECRET,
        _REFUSED,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: added\ntype: kubernetes.io/tls\n"
        "data:\n  tls.crt: YQ==\n",
    ),
    _added(
        "pull-secret-not-json",
        "a pull secret's .dockerconfigjson is no JSON",
        _SECRET,
        _REFUSED,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: added\ntype: kubernetes.io/dockerconfigjson\n"
        "data:\n  .dockerconfigjson: YQ==\n",
    ),
    _fault(
        "claim-in-gigabytes",
        "`1GB` of storage: no suffix of quantities",
        f"{KUBERNETES}/reference/kubernetes-api/common-definitions/quantity/",
        _REFUSED,
        Swap(CLAIM, "storage: 1Gi", "storage: 1GB"),
    ),
    _fault(
        "claim-without-mode",
        "a claim without an access mode",
        f"{KUBERNETES}/concepts/storage/persistent-volumes/#access-modes",
        _REFUSED,
        Swap(CLAIM, '  accessModes: ["ReadWriteOnce"]\n', ""),
    ),
)

_CUSTOM_RESOURCES = (
    _fault(
        "custom-value-not-listed",
        "a custom resource's value is none of those listed",
        _CUSTOM,
        _REFUSED,
        Swap(BACKUP, "method: full", "method: complete"),
    ),
    _fault(
        "custom-field-missing",
        "a custom resource lacks a required field",
        _CUSTOM,
        _REFUSED,
        Swap(BACKUP, "  target: database\n", ""),
    ),
    _fault(
        "custom-field-unknown",
        "a custom resource's field is misspelt: pruned in silence",
        f"{_CUSTOM}#field-pruning",
        _REFUSED,
        Swap(BACKUP, "  method: full\n", "  metod: full\n"),
    ),
    _fault(
        "custom-type-wrong",
        "a custom resource's number is a text",
        _CUSTOM,
        _REFUSED,
        Swap(BACKUP, "keep: 14", 'keep: "14"'),
    ),
    _fault(
        "custom-rule-broken",
        "a custom resource breaks a CEL rule of its definition",
        f"{_CUSTOM}#validation-rules",
        _REFUSED,
        Swap(BACKUP, "keep: 14", "keep: 14\n  keepAtLeast: 30"),
    ),
    _fault(
        "custom-text-too-short",
        "a custom resource's text is too short",
        _CUSTOM,
        _REFUSED,
        Swap(BACKUP, '"0 2 * * *"', '"daily"'),
    ),
    _fault(
        "custom-version-not-served",
        "a version that the definition does not have",
        _CUSTOM,
        _REFUSED,
        Swap(BACKUP, "acme.example/v1", "acme.example/v1beta1"),
    ),
    _fault(
        "custom-kind-misspelt",
        "a kind that the definition does not have",
        _CUSTOM,
        "unknown-kind",
        Swap(BACKUP, "kind: Backup", "kind: BackUp"),
    ),
    _fault(
        "definition-name-wrong",
        "a definition's name is not plural.group",
        _CUSTOM,
        _REFUSED,
        Swap(DEFINITION, "  name: backups.acme.example\n", "  name: backup.acme.example\n"),
    ),
    _fault(
        "definition-without-schema",
        "a definition's version has no schema",
        _CUSTOM,
        _REFUSED,
        Swap(
            DEFINITION,
            "      schema:\n        openAPIV3Schema:\n          type: object\n",
            "      schem:\n        openAPIV3Schema:\n          type: object\n",
        ),
    ),
    _fault(
        "definition-stored-nowhere",
        "no version of a definition is stored",
        _CUSTOM,
        _REFUSED,
        Swap(DEFINITION, "storage: true", "storage: false"),
    ),
    _fault(
        "definition-rule-broken",
        "a definition's CEL rule names a field that there is not",
        f"{_CUSTOM}#validation-rules",
        _REFUSED,
        Swap(DEFINITION, "self.keep >= self.keepAtLeast", "self.keeps >= self.keepAtLeast"),
    ),
    _fault(
        "definition-type-missing",
        "a property of a definition has no type",
        f"{_CUSTOM}#specifying-a-structural-schema",
        _REFUSED,
        Swap(DEFINITION, "schedule: {type: string, minLength: 9}", "schedule: {minLength: 9}"),
    ),
)

_BETA_CRON = Swap(CRON, "batch/v1", "batch/v1beta1")

_VERSIONS = (
    _fault(
        "removed-cron-job",
        "batch/v1beta1 CronJob is not served since 1.25",
        f"{ARGOCD_ISSUE}/7608",
        "removed-api-version",
        _BETA_CRON,
    ),
    _fault(
        "removed-autoscaler",
        "autoscaling/v2beta2 is not served since 1.26",
        f"{ARGOCD_ISSUE}/15711",
        "removed-api-version",
        Swap(SCALER, "autoscaling/v2", "autoscaling/v2beta2"),
    ),
    _fault(
        "removed-budget",
        "policy/v1beta1 is not served since 1.25",
        f"{_GUIDE}#poddisruptionbudget-v125",
        "removed-api-version",
        Swap(BUDGET, "policy/v1", "policy/v1beta1"),
    ),
    _fault(
        "removed-ingress",
        "extensions/v1beta1 Ingress is not served since 1.22",
        f"{ARGOCD_ISSUE}/9626",
        "removed-api-version",
        Swap(INGRESS, "networking.k8s.io/v1", "extensions/v1beta1"),
    ),
    _fault(
        "removed-deployment",
        "apps/v1beta2 is not served since 1.16",
        "https://github.com/argoproj/argo-workflows/issues/2162",
        "removed-api-version",
        Swap(
            DEPLOYMENT,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels",
            "apiVersion: apps/v1beta2\nkind: Deployment\nmetadata:\n  name: web\n  labels",
        ),
    ),
    _fault(
        "removed-definition",
        "apiextensions.k8s.io/v1beta1 is not served since 1.22",
        f"{_GUIDE}#customresourcedefinition-v122",
        "removed-api-version",
        Swap(DEFINITION, "apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"),
    ),
    _added(
        "removed-security-policy",
        "PodSecurityPolicy is gone since 1.25",
        f"{_GUIDE}#psp-v125",
        "removed-api-version",
        "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata:\n  name: added\nspec:\n"
        "  seLinux: {rule: RunAsAny}\n  runAsUser: {rule: RunAsAny}\n"
        "  supplementalGroups: {rule: RunAsAny}\n  fsGroup: {rule: RunAsAny}\n",
    ),
    _added(
        "removed-flow-schema",
        "flowcontrol.apiserver.k8s.io/v1beta3 is not served since 1.32",
        f"{_GUIDE}#flowcontrol-resources-v132",
        "removed-api-version",
        "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\nmetadata:\n  name: added\nspec:\n"
        "  priorityLevelConfiguration: {name: exempt}\n",
    ),
    _added(
        "deprecated-endpoints",
        "Endpoints are deprecated since 1.33, for EndpointSlices",
        "https://kubernetes.io/blog/2025/04/24/endpoints-deprecation/",
        "api-server-warns",
        "apiVersion: v1\nkind: Endpoints\nmetadata:\n  name: added\nsubsets:\n"
        "  - addresses: [{ip: 10.0.0.5}]\n    ports: [{port: 5432}]\n",
    ),
    _added(
        "deprecated-device-class",
        "resource.k8s.io/v1beta1 is deprecated, for v1",
        f"{KUBERNETES}/concepts/scheduling-eviction/dynamic-resource-allocation/",
        "deprecated-api-version",
        "apiVersion: resource.k8s.io/v1beta1\nkind: DeviceClass\nmetadata:\n  name: added\nspec: {}\n",
    ),
    _fault(
        "kind-misspelt",
        "`kind: HorizontalPodAutoscaller`",
        f"{KUBERNETES}/concepts/overview/working-with-objects/",
        "unknown-kind",
        Swap(SCALER, "kind: HorizontalPodAutoscaler", "kind: HorizontalPodAutoscaller"),
    ),
    _fault(
        "group-left-out",
        "a NetworkPolicy in the core group",
        f"{KUBERNETES}/reference/using-api/",
        "unknown-kind",
        Swap(POLICY, "networking.k8s.io/v1", "v1"),
    ),
    _fault(
        "group-of-another-kind",
        "a HorizontalPodAutoscaler in apps/v1",
        f"{KUBERNETES}/reference/using-api/",
        "unknown-kind",
        Swap(SCALER, "apiVersion: autoscaling/v2", "apiVersion: apps/v2"),
    ),
)

_OTHERS = (
    _fault(
        "namespace-in-capitals",
        "a Namespace's name is no DNS label",
        f"{KUBERNETES}/concepts/overview/working-with-objects/namespaces/",
        _REFUSED,
        Append(NAMESPACES, "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: Data_Lake\n"),
    ),
    _fault(
        "annotations-in-a-list",
        "annotations are a list: Kustomize panics",
        f"{KUBERNETES}/concepts/overview/working-with-objects/annotations/",
        "render-failed",
        Swap(SERVICE, "  name: web\nspec", "  name: web\n  annotations:\n    - team: web\nspec"),
        at=(SERVICE, "apps/web/overlays/dev/kustomization.yaml"),
    ),
    _fault(
        "annotation-key-invalid",
        "an annotation's key has two slashes",
        f"{KUBERNETES}/concepts/overview/working-with-objects/annotations/",
        _REFUSED,
        Swap(
            SERVICE, "  name: web\nspec", "  name: web\n  annotations:\n    acme.example/team/name: web\nspec"
        ),
    ),
    _fault(
        "status-of-another-kind",
        "a status with a field that its kind does not have",
        f"{KUBERNETES}/concepts/overview/working-with-objects/#object-spec-and-status",
        _REFUSED,
        Append(SERVICE, "status:\n  readyReplicas: 2\n"),
    ),
)

FAULTS = (
    *_NETWORKING,
    *_SCALING_AND_BUDGETS,
    *_ACCESS,
    *_CONFIGURATION,
    *_CUSTOM_RESOURCES,
    *_VERSIONS,
    *_OTHERS,
)
