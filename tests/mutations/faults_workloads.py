"""Faults of workloads that the API server, or the Pod Security of a namespace, refuses or warns about."""

from __future__ import annotations

# ruff: noqa: E501 - edits quote the files as they are
from tests.mutations.mutation import KINDS, KUBERNETES, PLATFORM, Edit, Mutation, Swap

LEDGER = "services/ledger/base/deployment.yaml"
WEB = "apps/web/base/deployment.yaml"
DATABASE = "apps/database/base/stateful-set.yaml"
CRON = "apps/reports/base/cron-job.yaml"
JOB = "apps/reports/base/migrate.yaml"

_DEPLOYMENT = f"{KUBERNETES}/concepts/workloads/controllers/deployment/"
_STATEFUL = f"{KUBERNETES}/concepts/workloads/controllers/statefulset/"
_CRON = f"{KUBERNETES}/concepts/workloads/controllers/cron-jobs/"
_JOB = f"{KUBERNETES}/concepts/workloads/controllers/job/"
_PROBES = f"{KUBERNETES}/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"
_RESOURCES = f"{KUBERNETES}/concepts/configuration/manage-resources-containers/"
_QUANTITY = f"{KUBERNETES}/reference/kubernetes-api/common-definitions/quantity/"
_POD = f"{KUBERNETES}/reference/kubernetes-api/workload-resources/pod-v1/"
_VOLUMES = f"{KUBERNETES}/concepts/storage/volumes/"
_STRICT = f"{KUBERNETES}/reference/using-api/api-concepts/#field-validation"
_NAMES = f"{KUBERNETES}/concepts/overview/working-with-objects/names/"
_LABELS = f"{KUBERNETES}/concepts/overview/working-with-objects/labels/"
_STANDARDS = f"{KUBERNETES}/concepts/security/pod-security-standards/"
_SPREAD = f"{KUBERNETES}/concepts/scheduling-eviction/topology-spread-constraints/"
_TAINTS = f"{KUBERNETES}/concepts/scheduling-eviction/taint-and-toleration/"
_ENVIRONMENT = f"{KUBERNETES}/tasks/inject-data-application/define-environment-variable-container/"
_WHOLE_CPU = "            limits:\n              cpu: 500m\n"
_REFUSED = "api-server-refuses"


def _fault(  # noqa: PLR0913 - each is named in Mutation
    name: str, what: str, source: str, rule: str, *edits: Edit, at: tuple[str, ...] = (), gap: str = ""
) -> Mutation:
    repository = PLATFORM if edits[0].path.startswith("services") else KINDS
    return Mutation(name, "Workloads", what, source, rule, edits, repository, at, gap=gap)


_FIELDS = (
    _fault(
        "selector-misses-template",
        "the selector does not match the template's labels",
        _DEPLOYMENT,
        _REFUSED,
        Swap(
            LEDGER,
            "    matchLabels:\n      app.kubernetes.io/name: ledger",
            "    matchLabels:\n      app.kubernetes.io/name: ledgr",
        ),
    ),
    _fault(
        "selector-misspelt",
        "`matchLabel` in the singular: an empty selector",
        _STRICT,
        _REFUSED,
        Swap(LEDGER, "    matchLabels:\n", "    matchLabel:\n"),
    ),
    _fault(
        "probe-misspelt",
        "`readynessProbe`: dropped in silence without strict validation",
        _STRICT,
        _REFUSED,
        Swap(LEDGER, "readinessProbe:", "readynessProbe:"),
    ),
    _fault(
        "field-in-another-case",
        "`imagepullpolicy` in lower case",
        _STRICT,
        _REFUSED,
        Swap(LEDGER, "          envFrom:\n", "          imagepullpolicy: Always\n          envFrom:\n"),
    ),
    _fault(
        "ports-beside-the-container",
        "`volumeMounts` are indented as the Pod's, not the container's",
        _STRICT,
        _REFUSED,
        Swap(
            LEDGER,
            "          volumeMounts:\n            - name: tmp\n              mountPath: /tmp\n",
            "      volumeMounts:\n        - name: tmp\n          mountPath: /tmp\n",
        ),
    ),
    _fault(
        "replicas-in-the-template",
        "`replicas` are indented into the template",
        _STRICT,
        _REFUSED,
        Swap(
            LEDGER,
            "    spec:\n      serviceAccountName",
            "    spec:\n      replicas: 2\n      serviceAccountName",
        ),
    ),
    _fault(
        "container-in-a-mapping",
        "`containers` is a mapping, not a list",
        _POD,
        _REFUSED,
        Swap(
            JOB,
            '        - name: migrate\n          image: ghcr.io/acme/reports\n          command: ["/bin/migrate"]\n',
            '        name: migrate\n        image: ghcr.io/acme/reports\n        command: ["/bin/migrate"]\n',
        ),
        Swap(
            JOB,
            "          resources:\n            requests: {cpu: 100m, memory: 128Mi}\n"
            "            limits: {cpu: 500m, memory: 256Mi}\n",
            "",
        ),
    ),
    _fault(
        "replicas-are-text",
        "`replicas` is a text",
        _DEPLOYMENT,
        _REFUSED,
        Swap("services/ledger/overlays/dev/replica-patch.yaml", "replicas: 1", 'replicas: "1"'),
    ),
    _fault(
        "replicas-are-negative",
        "`replicas` is below zero",
        _DEPLOYMENT,
        _REFUSED,
        Swap("services/ledger/overlays/dev/replica-patch.yaml", "replicas: 1", "replicas: -1"),
    ),
    _fault(
        "port-is-text",
        "`containerPort` is a text",
        _POD,
        _REFUSED,
        Swap(LEDGER, "containerPort: 9000", 'containerPort: "9000"'),
    ),
    _fault(
        "port-too-high",
        "a port beyond 65535",
        _POD,
        _REFUSED,
        Swap(LEDGER, "containerPort: 9000", "containerPort: 90000"),
    ),
    _fault(
        "port-name-too-long",
        "a port's name has more than 15 characters",
        _POD,
        _REFUSED,
        Swap(DATABASE, "- name: sql\n", "- name: postgres-protocol\n"),
    ),
    _fault(
        "ports-of-one-name",
        "two ports of a container have one name",
        _POD,
        _REFUSED,
        Swap(LEDGER, "            - name: http\n", "            - name: grpc\n"),
    ),
    _fault(
        "variable-is-a-number",
        "an environment variable's value is a number",
        _ENVIRONMENT,
        _REFUSED,
        Swap(DATABASE, "value: primary", "value: 1"),
    ),
    _fault(
        "variable-is-a-boolean",
        "an environment variable's value is `true` without quotes",
        _ENVIRONMENT,
        _REFUSED,
        Swap(DATABASE, "value: primary", "value: true"),
    ),
    _fault(
        "variable-twice",
        "an environment variable stands twice: the last one counts",
        _ENVIRONMENT,
        "api-server-warns",
        Swap(
            CRON,
            "                - name: TITLE\n",
            "                - {name: TITLE, value: none}\n                - name: TITLE\n",
        ),
    ),
    _fault(
        "variable-with-two-values",
        "an environment variable has a value and a source",
        _ENVIRONMENT,
        _REFUSED,
        Swap(
            DATABASE,
            "            - name: PASSWORD\n",
            "            - name: PASSWORD\n              value: secret\n",
        ),
    ),
    _fault(
        "containers-of-one-name",
        "two containers have one name",
        _POD,
        _REFUSED,
        Swap(DATABASE, "        - name: permissions\n", "        - name: database\n"),
    ),
    _fault(
        "container-name-invalid",
        "a container's name has an underscore",
        _NAMES,
        _REFUSED,
        Swap(CRON, "            - name: reports\n", "            - name: daily_reports\n"),
    ),
    _fault(
        "command-is-text",
        "`command` is one text, not a list",
        _POD,
        _REFUSED,
        Swap(JOB, 'command: ["/bin/migrate"]', "command: /bin/migrate"),
    ),
    _fault("argument-is-a-number", "an argument is a number", _POD, _REFUSED, Swap(CRON, '"24h"]', "24]")),
    _fault(
        "pull-policy-unknown",
        "`imagePullPolicy` in lower case",
        f"{KUBERNETES}/concepts/containers/images/",
        _REFUSED,
        Swap(LEDGER, "          envFrom:\n", "          imagePullPolicy: always\n          envFrom:\n"),
    ),
    _fault(
        "deployment-restarts-never",
        "a Deployment's Pods must always restart",
        _DEPLOYMENT,
        _REFUSED,
        Swap(
            LEDGER,
            "      serviceAccountName: ledger\n",
            "      serviceAccountName: ledger\n      restartPolicy: OnFailure\n",
        ),
    ),
    _fault(
        "label-with-blank",
        "a label's value has a blank",
        _LABELS,
        _REFUSED,
        Swap(
            WEB,
            "  labels:\n    app: web\n  annotations",
            "  labels:\n    app: web\n    team: web front\n  annotations",
        ),
    ),
    _fault(
        "label-too-long",
        "a label's value has more than 63 characters",
        _LABELS,
        _REFUSED,
        Swap(
            WEB,
            "  labels:\n    app: web\n  annotations",
            f"  labels:\n    app: web\n    commit: {'a' * 64}\n  annotations",
        ),
    ),
    _fault(
        "label-is-a-number",
        "a label's value is a number",
        _LABELS,
        _REFUSED,
        Swap(
            WEB,
            "  labels:\n    app: web\n  annotations",
            "  labels:\n    app: web\n    build: 17\n  annotations",
        ),
    ),
    _fault(
        "name-in-capitals",
        "an object's name is no DNS name",
        _NAMES,
        _REFUSED,
        Swap("apps/reports/base/config-map.yaml", "  name: reports\n", "  name: Reports_Settings\n"),
    ),
    _fault(
        "surge-and-unavailable-zero",
        "a rolling update that can neither add nor remove a Pod",
        _DEPLOYMENT,
        _REFUSED,
        Swap(WEB, "      maxSurge: 1\n", "      maxSurge: 0\n"),
    ),
    _fault(
        "strategy-misspelt",
        "`RollingUpdates`",
        _DEPLOYMENT,
        _REFUSED,
        Swap(WEB, "    type: RollingUpdate\n", "    type: RollingUpdates\n"),
    ),
    _fault(
        "grace-is-text",
        "a grace period with a unit",
        _POD,
        _REFUSED,
        Swap(DATABASE, "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 60s"),
    ),
)

_RESOURCES_AND_PROBES = (
    _fault(
        "memory-in-megabytes",
        "`256MB`: no suffix of quantities",
        _QUANTITY,
        _REFUSED,
        Swap(WEB, "memory: 256Mi}", "memory: 256MB}"),
    ),
    _fault(
        "memory-in-thousandths",
        "`256m` of memory is a quarter of a byte",
        _RESOURCES,
        "api-server-warns",
        Swap(WEB, "memory: 256Mi}", "memory: 256m}"),
        Swap(WEB, "requests: {cpu: 100m, memory: 128Mi}", "requests: {cpu: 100m}"),
    ),
    _fault(
        "cpu-with-blank",
        "`500 m`: a quantity has no blank",
        _QUANTITY,
        _REFUSED,
        Swap(WEB, "limits: {cpu: 500m,", "limits: {cpu: 500 m,"),
    ),
    _fault(
        "request-above-limit",
        "a request exceeds its limit",
        _RESOURCES,
        _REFUSED,
        Swap(WEB, "requests: {cpu: 100m,", "requests: {cpu: 600m,"),
    ),
    _fault(
        "request-of-the-patch-above-limit",
        "an overlay lowers a limit below the base's request",
        _RESOURCES,
        _REFUSED,
        Swap("apps/database/overlays/dev/memory-patch.yaml", "memory: 2Gi", "memory: 256Mi"),
        at=("apps/database/overlays/dev/memory-patch.yaml", DATABASE),
    ),
    _fault(
        "limited-resource-misspelt",
        "`memmory`: no resource",
        _RESOURCES,
        _REFUSED,
        Swap(WEB, "limits: {cpu: 500m, memory: 256Mi}", "limits: {cpu: 500m, memmory: 256Mi}"),
    ),
    _fault(
        "limit-in-singular",
        "`limit` in the singular",
        _STRICT,
        _REFUSED,
        Swap(WEB, "            limits: {cpu: 500m", "            limit: {cpu: 500m"),
    ),
    _fault(
        "probe-with-two-handlers",
        "a probe asks by HTTP and by TCP",
        _PROBES,
        _REFUSED,
        Swap(
            DATABASE,
            "            tcpSocket:\n              port: sql\n",
            "            httpGet: {path: /, port: 80}\n            tcpSocket:\n              port: sql\n",
        ),
    ),
    _fault(
        "probe-without-handler",
        "a probe only says how often",
        _PROBES,
        _REFUSED,
        Swap(DATABASE, "            tcpSocket:\n              port: sql\n", ""),
    ),
    _fault(
        "probe-counts-successes",
        "a liveness probe needs exactly one success",
        _PROBES,
        _REFUSED,
        Swap(
            LEDGER,
            "            periodSeconds: 10\n",
            "            periodSeconds: 10\n            successThreshold: 2\n",
        ),
    ),
    _fault(
        "probe-period-negative",
        "a probe's delay is below zero",
        _PROBES,
        _REFUSED,
        Swap(WEB, "            timeoutSeconds: 2\n", "            timeoutSeconds: -2\n"),
    ),
    _fault(
        "probe-port-too-high",
        "a probe's port is beyond 65535",
        _PROBES,
        _REFUSED,
        Swap(WEB, "              port: http\n", "              port: 80808\n"),
    ),
    _fault(
        "probe-port-unknown",
        "a probe names a port that the container does not declare",
        _PROBES,
        "service-port-unknown",
        Swap(WEB, "              port: http\n", "              port: metrics\n"),
    ),
    _fault(
        "hook-handler-unknown",
        "`preStop` with a bare command",
        f"{KUBERNETES}/concepts/containers/container-lifecycle-hooks/",
        _REFUSED,
        Swap(DATABASE, "              exec:\n                command:", "              command:"),
    ),
)

_VOLUMES_AND_PLACES = (
    _fault(
        "mount-without-volume",
        "a container mounts a volume that is not there",
        _VOLUMES,
        _REFUSED,
        Swap(
            WEB,
            "            - name: scratch\n              mountPath: /tmp\n",
            "            - name: scratsh\n              mountPath: /tmp\n",
        ),
    ),
    _fault(
        "volumes-of-one-name",
        "two volumes have one name",
        _VOLUMES,
        _REFUSED,
        Swap(WEB, "        - name: scratch\n          emptyDir", "        - name: pages\n          emptyDir"),
    ),
    _fault(
        "mounts-at-one-path",
        "two volumes are mounted at one path",
        _VOLUMES,
        _REFUSED,
        Swap(WEB, "mountPath: /tmp", "mountPath: /pages"),
    ),
    _fault(
        "volume-without-source",
        "a volume's source is indented beside it",
        _VOLUMES,
        _REFUSED,
        Swap(
            WEB,
            "          configMap:\n            name: pages\n",
            "          configmap:\n            name: pages\n",
        ),
    ),
    _fault(
        "mode-in-decimal",
        "a file mode in decimal digits is beyond 0777",
        _VOLUMES,
        _REFUSED,
        Swap(DATABASE, "defaultMode: 0555", "defaultMode: 555"),
    ),
    _fault(
        "claim-template-renamed",
        "a claim template is renamed, and its mounts are not",
        _STATEFUL,
        _REFUSED,
        Swap(DATABASE, "    - metadata:\n        name: data\n", "    - metadata:\n        name: storage\n"),
    ),
    _fault(
        "access-mode-unknown",
        "`ReadWriteonce`",
        f"{KUBERNETES}/concepts/storage/persistent-volumes/#access-modes",
        _REFUSED,
        Swap(DATABASE, "ReadWriteOnce", "ReadWriteonce"),
    ),
    _fault(
        "claim-without-size",
        "a claim template requests no storage",
        f"{KUBERNETES}/concepts/storage/persistent-volumes/",
        _REFUSED,
        Swap(DATABASE, "        resources:\n          requests:\n            storage: 10Gi\n", ""),
    ),
    _fault(
        "stateful-strategy-of-deployments",
        "a StatefulSet with a Deployment's strategy",
        _STATEFUL,
        _REFUSED,
        Swap(DATABASE, "  podManagementPolicy: OrderedReady\n", "  strategy: {type: RollingUpdate}\n"),
    ),
    _fault(
        "management-policy-misspelt",
        "`podManagementPolicy: Ordered`",
        _STATEFUL,
        _REFUSED,
        Swap(DATABASE, "OrderedReady", "Ordered"),
    ),
    _fault(
        "spread-unsatisfiable-misspelt",
        "`whenUnsatisfiable: ScheduleAnyways`",
        _SPREAD,
        _REFUSED,
        Swap(WEB, "ScheduleAnyway", "ScheduleAnyways"),
    ),
    _fault(
        "spread-without-skew", "`maxSkew` is zero", _SPREAD, _REFUSED, Swap(WEB, "maxSkew: 1", "maxSkew: 0")
    ),
    _fault(
        "affinity-weight-too-high",
        "a weight beyond 100",
        f"{KUBERNETES}/concepts/scheduling-eviction/assign-pod-node/",
        _REFUSED,
        Swap(WEB, "weight: 100", "weight: 1000"),
    ),
    _fault(
        "affinity-without-topology",
        "an anti-affinity without topologyKey",
        f"{KUBERNETES}/concepts/scheduling-eviction/assign-pod-node/",
        _REFUSED,
        Swap(WEB, "                topologyKey: kubernetes.io/hostname\n", ""),
    ),
    _fault(
        "toleration-exists-with-value",
        "`operator: Exists` takes no value",
        _TAINTS,
        _REFUSED,
        Swap(WEB, "          operator: Exists\n", "          operator: Exists\n          value: front\n"),
    ),
    _fault(
        "toleration-effect-unknown",
        "`effect: NoScheduling`",
        _TAINTS,
        _REFUSED,
        Swap(WEB, "effect: NoSchedule", "effect: NoScheduling"),
    ),
    _fault(
        "node-selector-boolean",
        "a node selector's value is a boolean",
        f"{KUBERNETES}/concepts/scheduling-eviction/assign-pod-node/",
        _REFUSED,
        Swap(WEB, "      tolerations:\n", "      nodeSelector: {ssd: true}\n      tolerations:\n"),
    ),
    _fault(
        "image-in-capitals",
        "an image's name has capitals: InvalidImageName on the node",
        "https://github.com/distribution/reference",
        "image-name-invalid",
        Swap(
            "apps/web/overlays/dev/kustomization.yaml",
            "  - name: ghcr.io/acme/web\n",
            "  - name: ghcr.io/acme/web\n    newName: ghcr.io/Acme/Web\n",
        ),
    ),
    _fault(
        "digest-cut-off",
        "a digest lost its last digits when it was copied: InvalidImageName on the node",
        "https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests",
        "missing-digest-in-production",
        Swap("services/ledger/overlays/production/kustomization.yaml", "b0f00a08", "b0f0"),
    ),
    _fault(
        "digest-in-the-tag",
        "a digest stands in newTag: name:sha256:… is no image",
        "https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests",
        "image-name-invalid",
        Swap(
            "services/ledger/overlays/production/kustomization.yaml",
            "    digest: sha256",
            "    newTag: sha256",
        ),
        at=("services/ledger/overlays/production/kustomization.yaml", LEDGER),
    ),
)

_JOBS = (
    _fault(
        "schedule-with-seconds",
        "a schedule of six fields",
        _CRON,
        _REFUSED,
        Swap(CRON, "30 5 * * 1-5", "0 30 5 * * 1-5"),
    ),
    _fault("schedule-misspelt", "`@dayly`", _CRON, _REFUSED, Swap(CRON, "30 5 * * 1-5", "@dayly")),
    _fault(
        "schedule-out-of-range",
        "an hour that there is not",
        _CRON,
        _REFUSED,
        Swap(CRON, "30 5 * * 1-5", "30 25 * * 1-5"),
    ),
    _fault(
        "time-zone-in-the-schedule",
        "`TZ=` in a schedule is refused",
        f"{_CRON}#unsupported-timezone-specification",
        _REFUSED,
        Swap(CRON, "30 5 * * 1-5", "TZ=UTC 30 5 * * 1-5"),
    ),
    _fault(
        "time-zone-unknown",
        "a time zone that there is not",
        f"{_CRON}#time-zones",
        _REFUSED,
        Swap(CRON, "Europe/Berlin", "Europe/Bonn"),
    ),
    _fault(
        "cron-job-restarts-always",
        "a CronJob's Pods may not always restart",
        _CRON,
        _REFUSED,
        Swap(CRON, "restartPolicy: OnFailure", "restartPolicy: Always"),
    ),
    _fault(
        "job-without-restart-policy",
        "a Job's Pod must say how it restarts",
        _JOB,
        _REFUSED,
        Swap(JOB, "      restartPolicy: Never\n", ""),
    ),
    _fault(
        "concurrency-misspelt",
        "`concurrencyPolicy: Forbidden`",
        _CRON,
        _REFUSED,
        Swap(CRON, "Forbid\n", "Forbidden\n"),
    ),
    _fault(
        "cron-job-template-short",
        "`template` directly under the CronJob's spec",
        _CRON,
        _REFUSED,
        Swap(CRON, "  jobTemplate:\n    spec:\n", "  template:\n    spec:\n"),
    ),
    _fault(
        "back-off-limit-misspelt",
        "`backOffLimit`",
        _STRICT,
        _REFUSED,
        Swap(JOB, "backoffLimit", "backOffLimit"),
    ),
    _fault(
        "job-mode-misspelt",
        "`completionMode: indexed` in lower case",
        _JOB,
        _REFUSED,
        Swap(JOB, "  backoffLimit: 1\n", "  backoffLimit: 1\n  completionMode: indexed\n"),
    ),
)

_SECURITY = (
    _fault(
        "root-in-a-restricted-namespace",
        "a Pod runs as root where `restricted` is enforced",
        _STANDARDS,
        "pod-security-violation",
        Swap(WEB, "        runAsNonRoot: true\n        runAsUser: 101\n", ""),
    ),
    _fault(
        "escalation-in-a-restricted-namespace",
        "privileges may escalate where `restricted` is enforced",
        _STANDARDS,
        "pod-security-violation",
        Swap(WEB, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
    ),
    _fault(
        "capabilities-kept",
        "a restricted Pod keeps its capabilities",
        _STANDARDS,
        "pod-security-violation",
        Swap(WEB, '            capabilities:\n              drop: ["ALL"]\n', ""),
    ),
    _fault(
        "no-seccomp-profile",
        "a restricted Pod has no seccomp profile",
        _STANDARDS,
        "pod-security-violation",
        Swap(WEB, "        seccompProfile:\n          type: RuntimeDefault\n", ""),
    ),
    _fault(
        "host-path-under-baseline",
        "a hostPath volume where `baseline` is enforced",
        _STANDARDS,
        "pod-security-violation",
        Swap(
            DATABASE,
            "        - name: scripts\n          configMap:\n",
            "        - {name: host, hostPath: {path: /var/log}}\n"
            "        - name: scripts\n          configMap:\n",
        ),
    ),
    _fault(
        "privileged-under-baseline",
        "a privileged init container where `baseline` is enforced",
        _STANDARDS,
        "pod-security-violation",
        Swap(
            DATABASE,
            '          command: ["/bin/prepare"]\n',
            '          command: ["/bin/prepare"]\n          securityContext: {privileged: true}\n',
        ),
    ),
    _fault(
        "host-network-under-baseline",
        "a Pod uses the node's network where `baseline` is enforced",
        _STANDARDS,
        "pod-security-violation",
        Swap(
            CRON,
            "          restartPolicy: OnFailure\n",
            "          restartPolicy: OnFailure\n          hostNetwork: true\n",
        ),
    ),
    _fault(
        "capability-misspelt-prefix",
        "a capability with the prefix CAP_",
        _STANDARDS,
        "pod-security-violation",
        Swap(WEB, '              drop: ["ALL"]\n', '              drop: ["CAP_ALL"]\n'),
    ),
    _fault(
        "security-context-misplaced",
        "`readOnlyRootFilesystem` on the Pod, where there is none",
        _STRICT,
        _REFUSED,
        Swap(
            WEB,
            "        runAsNonRoot: true\n",
            "        runAsNonRoot: true\n        readOnlyRootFilesystem: true\n",
        ),
    ),
    _fault(
        "level-unknown",
        "a namespace's level that there is not: the label is ignored, or refused",
        f"{KUBERNETES}/concepts/security/pod-security-admission/",
        "api-server-refuses",
        Swap("platform/namespaces.yaml", "enforce: restricted", "enforce: strict"),
    ),
)

FAULTS = (*_FIELDS, *_RESOURCES_AND_PROBES, *_VOLUMES_AND_PLACES, *_JOBS, *_SECURITY)
