"""Faults of Argo CD Applications and of the annotations that Argo CD reads."""

from __future__ import annotations

# ruff: noqa: E501 - edits quote the files as they are
from tests.mutations.mutation import (
    ARGOCD,
    ARGOCD_ISSUE,
    KINDS,
    KUBERNETES,
    Add,
    Append,
    Mutation,
    Swap,
)

DEV = "applications/ledger-dev.yaml"
STAGING = "applications/ledger-staging.yaml"
PRODUCTION = "applications/ledger-production.yaml"
WAVED = "applications/storefront-dev.yaml"
METRICS = "argocd/applications/metrics.yaml"
NOTES = "argocd/applications/notes.yaml"
HOOK = "apps/reports/base/migrate.yaml"

_TOPIC = "Applications"
_SPEC = f"{ARGOCD}/user-guide/application-specification/"
_OPTIONS = f"{ARGOCD}/user-guide/sync-options/"
_AUTO = f"{ARGOCD}/user-guide/auto_sync/"
_SOURCES = f"{ARGOCD}/user-guide/multiple_sources/"
_WAVES = f"{ARGOCD}/user-guide/sync-waves/"
_BEST = f"{ARGOCD}/user-guide/best_practices/"
_DIFFING = f"{ARGOCD}/user-guide/diffing/"
_PROJECTS = f"{ARGOCD}/user-guide/projects/"
_AUTOMATED = "    automated:\n      prune: true\n      selfHeal: true\n"
_OPTION = "      - ServerSideApply=true\n"

# Where Argo CD looks for what.
_PLACES = (
    Mutation(
        "path-misspelt",
        _TOPIC,
        "the path names a folder that is not there",
        f"{ARGOCD}/user-guide/directory/",
        "application-path-missing",
        (Swap(DEV, "overlays/dev", "overlay/dev"),),
    ),
    Mutation(
        "path-absolute",
        _TOPIC,
        "the path begins with a slash: app path is absolute",
        _SPEC,
        "application-path-missing",
        (Swap(DEV, "path: services", "path: /services"),),
    ),
    Mutation(
        "path-leaves-the-repository",
        _TOPIC,
        "the path leads out of the repository",
        _SPEC,
        "application-path-missing",
        (Swap(DEV, "path: services/ledger/overlays/dev", "path: ../other/overlays/dev"),),
    ),
    Mutation(
        "path-to-a-folder-of-folders",
        _TOPIC,
        "the path stops one folder too early: nothing to deploy there",
        f"{ARGOCD}/user-guide/directory/",
        "application-path-missing",
        (Swap(DEV, "overlays/dev", "overlays"),),
    ),
    Mutation(
        "path-in-other-case",
        _TOPIC,
        "the path is in another case than the folder",
        f"{ARGOCD}/user-guide/directory/",
        "application-path-missing",
        (Swap(DEV, "overlays/dev", "overlays/Dev"),),
    ),
    Mutation(
        "application-outside-of-argocd",
        _TOPIC,
        "the Application stands in the namespace of its workloads",
        f"{ARGOCD}/operator-manual/app-any-namespace/",
        "application-namespace",
        (Swap(DEV, "namespace: argocd", "namespace: payments"),),
    ),
    Mutation(
        "destination-name-and-server",
        _TOPIC,
        "the cluster is named twice, by name and by URL",
        _SPEC,
        "destination-name-and-server",
        (
            Swap(
                DEV,
                "    server: https://kubernetes.default.svc\n",
                "    name: in-cluster\n    server: https://kubernetes.default.svc\n",
            ),
        ),
    ),
    Mutation(
        "destination-namespace-not-permitted",
        _TOPIC,
        "the project does not permit the namespace",
        _PROJECTS,
        "project-not-permitted",
        (Swap(DEV, "    namespace: payments", "    namespace: ledger"),),
    ),
    Mutation(
        "destination-server-not-permitted",
        _TOPIC,
        "the project does not permit the cluster",
        f"{ARGOCD_ISSUE}/21538",
        "project-not-permitted",
        (Swap(DEV, "https://kubernetes.default.svc", "https://10.0.0.7:6443"),),
    ),
    Mutation(
        "destination-server-is-a-name",
        _TOPIC,
        "`server` has the cluster's name in place of its URL",
        _SPEC,
        "project-not-permitted",
        (Swap(DEV, "server: https://kubernetes.default.svc", "server: in-cluster"),),
    ),
    Mutation(
        "repository-not-permitted",
        _TOPIC,
        "the project does not permit the repository",
        _PROJECTS,
        "project-not-permitted",
        (Swap(DEV, "acme/platform-manifests", "acme-labs/platform-manifests"),),
    ),
    Mutation(
        "project-of-another-team",
        _TOPIC,
        "copied from another team, with its project",
        _PROJECTS,
        "project-not-permitted",
        (Swap(DEV, "project: payments", "project: shop"),),
    ),
    Mutation(
        "kind-not-permitted",
        _TOPIC,
        "an overlay renders a kind that the project does not permit",
        f"{ARGOCD}/operator-manual/project-specification/",
        "project-not-permitted",
        (
            Add(
                "services/ledger/base/role.yaml",
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: ledger\n"
                'rules:\n  - apiGroups: [""]\n    resources: [configmaps]\n    verbs: [get]\n',
            ),
            Swap(
                "services/ledger/base/kustomization.yaml",
                "  - service.yaml\n",
                "  - service.yaml\n  - role.yaml\n",
            ),
        ),
        at=("services/ledger/base/role.yaml", DEV, STAGING, PRODUCTION, "projects/payments.yaml"),
    ),
    Mutation(
        "cluster-kind-not-permitted",
        _TOPIC,
        "an overlay renders a cluster-scoped kind; none is permitted",
        f"{ARGOCD}/operator-manual/project-specification/",
        "project-not-permitted",
        (
            Add(
                "services/ledger/base/priority.yaml",
                "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata:\n  name: ledger\n"
                "value: 1000\n",
            ),
            Swap(
                "services/ledger/base/kustomization.yaml",
                "  - service.yaml\n",
                "  - service.yaml\n  - priority.yaml\n",
            ),
        ),
        at=("services/ledger/base/priority.yaml", DEV, STAGING, PRODUCTION, "projects/payments.yaml"),
    ),
    Mutation(
        "two-applications-on-one-cluster",
        _TOPIC,
        "staging is deployed to production's cluster",
        f"{ARGOCD_ISSUE}/11838",
        "object-owned-twice",
        (Swap(STAGING, "name: staging-eu", "name: prod-eu"),),
        at=(STAGING, PRODUCTION),
    ),
    Mutation(
        "application-copied",
        _TOPIC,
        "a copy under another name deploys the same overlay",
        f"{ARGOCD_ISSUE}/2600",
        "object-owned-twice",
        (
            Add(
                "applications/ledger-dev-copy.yaml",
                """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ledger-dev-copy
  namespace: argocd
spec:
  project: payments
  source:
    repoURL: https://github.com/acme/platform-manifests.git
    targetRevision: HEAD
    path: services/ledger/overlays/dev
  destination:
    server: https://kubernetes.default.svc
    namespace: payments
""",
            ),
        ),
        at=("applications/ledger-dev-copy.yaml", DEV),
    ),
    Mutation(
        "create-namespace-elsewhere",
        _TOPIC,
        "CreateNamespace creates another namespace than Kustomize sets",
        f"{ARGOCD_ISSUE}/6997",
        "create-namespace-elsewhere",
        (Swap("notes/kustomization.yaml", "namespace: notes", "namespace: handbook"),),
        KINDS,
        (NOTES,),
    ),
)

# Sources.
_OF_SOURCES = (
    Mutation(
        "source-beside-sources",
        _TOPIC,
        "`source` stands beside `sources`, and is ignored",
        _SOURCES,
        "source-beside-sources",
        (
            Swap(
                METRICS,
                "  sources:\n",
                "  source:\n    repoURL: https://github.com/acme/data-manifests.git\n    path: notes\n  sources:\n",
            ),
        ),
        KINDS,
    ),
    Mutation(
        "ref-with-chart",
        _TOPIC,
        "a chart is named as the source of value files",
        _SOURCES,
        "ref-source-with-chart",
        (Swap(METRICS, "      targetRevision: 1.4.2\n", "      targetRevision: 1.4.2\n      ref: chart\n"),),
        KINDS,
    ),
    Mutation(
        "chart-without-version",
        _TOPIC,
        "a chart has no targetRevision",
        f"{ARGOCD}/user-guide/helm/",
        "chart-without-target-revision",
        (Swap(METRICS, "      targetRevision: 1.4.2\n", ""),),
        KINDS,
    ),
    Mutation(
        "unknown-value-source",
        _TOPIC,
        "a value file names a source that there is not",
        _SOURCES,
        "value-file-missing",
        (Swap(METRICS, "$values/", "$vals/"),),
        KINDS,
    ),
    Mutation(
        "value-file-missing",
        _TOPIC,
        "a value file of this repository is not there",
        _SOURCES,
        "value-file-missing",
        (Swap(METRICS, "metrics-values.yaml", "metrics.yaml"),),
        KINDS,
    ),
)

# What a sync does.
_SYNC = (
    Mutation(
        "option-true-in-capitals",
        _TOPIC,
        "a sync option's value is `True`: silently ignored",
        f"{ARGOCD_ISSUE}/17759",
        "unknown-sync-option",
        (Swap(DEV, "ServerSideApply=true", "ServerSideApply=True"),),
    ),
    Mutation(
        "option-misspelt",
        _TOPIC,
        "a sync option is misspelt: stored, shown, and without effect",
        f"{ARGOCD_ISSUE}/17759",
        "unknown-sync-option",
        (Swap(DEV, "ServerSideApply=true", "ServerSideAply=true"),),
    ),
    Mutation(
        "option-without-value",
        _TOPIC,
        "a sync option lacks its `=true`",
        _OPTIONS,
        "unknown-sync-option",
        (Swap(DEV, "CreateNamespace=true", "CreateNamespace"),),
    ),
    Mutation(
        "option-in-lower-case",
        _TOPIC,
        "a sync option begins with a small letter",
        _OPTIONS,
        "unknown-sync-option",
        (Swap(DEV, "CreateNamespace=true", "createNamespace=true"),),
    ),
    Mutation(
        "option-with-unknown-policy",
        _TOPIC,
        "a propagation policy that there is not",
        _OPTIONS,
        "unknown-sync-option",
        (Swap(DEV, _OPTION, f"{_OPTION}      - PrunePropagationPolicy=cascade\n"),),
    ),
    Mutation(
        "option-as-a-mapping",
        _TOPIC,
        "a sync option is written as `Key: value`",
        _OPTIONS,
        "invented-field",
        (Swap(DEV, "CreateNamespace=true", "CreateNamespace: true"),),
    ),
    Mutation(
        "annotation-option-misspelt",
        _TOPIC,
        "the annotation of one object has an option that there is not",
        _OPTIONS,
        "unknown-sync-option",
        (
            Swap(
                "services/ledger/base/service.yaml",
                "  name: ledger\n  labels:",
                "  name: ledger\n  annotations:\n    argocd.argoproj.io/sync-options: Prune=no\n  labels:",
            ),
        ),
    ),
    Mutation(
        "replace-beside-server-side-apply",
        _TOPIC,
        "Replace=true wins over ServerSideApply=true",
        f"{ARGOCD_ISSUE}/11573",
        "replace-with-server-side-apply",
        (Swap(DEV, _OPTION, f"{_OPTION}      - Replace=true\n"),),
    ),
    Mutation(
        "namespace-labels-without-effect",
        _TOPIC,
        "managedNamespaceMetadata without CreateNamespace=true",
        _OPTIONS,
        "managed-namespace-metadata-inert",
        (Swap(METRICS, "    syncOptions:\n      - CreateNamespace=true\n", ""),),
        KINDS,
    ),
    Mutation(
        "production-prunes",
        _TOPIC,
        "production deletes by itself what left Git",
        _AUTO,
        "production-auto-prune",
        (Swap(PRODUCTION, "prune: false", "prune: true"),),
    ),
    Mutation(
        "production-finalizer",
        _TOPIC,
        "deleting production's Application deletes its workloads",
        f"{ARGOCD}/user-guide/app_deletion/",
        "production-cascade-finalizer",
        (
            Swap(
                PRODUCTION,
                "  namespace: argocd\n",
                "  namespace: argocd\n  finalizers:\n    - resources-finalizer.argocd.argoproj.io\n",
            ),
        ),
    ),
    Mutation(
        "production-foreground-finalizer",
        _TOPIC,
        "the same, by the finalizer that deletes in the foreground",
        f"{ARGOCD}/user-guide/app_deletion/",
        "production-cascade-finalizer",
        (
            Swap(
                PRODUCTION,
                "  namespace: argocd\n",
                "  namespace: argocd\n  finalizers:\n"
                "    - resources-finalizer.argocd.argoproj.io/foreground\n",
            ),
        ),
    ),
    Mutation(
        "production-does-not-heal",
        _TOPIC,
        "sealock.yaml promises self-healing, the Application has none",
        _AUTO,
        "sync-policy-contradicts-environment",
        (Swap(PRODUCTION, "selfHeal: true", "selfHeal: false"),),
    ),
    Mutation(
        "manual-sync-is-automatic",
        _TOPIC,
        "`automated: {}` where sealock.yaml says that syncs are manual",
        f"{ARGOCD_ISSUE}/21647",
        "sync-policy-contradicts-environment",
        (Swap("sealock.yaml", "    prune: false\n    selfHeal: true\n", "    sync: manual\n"),),
        at=(PRODUCTION,),
    ),
    Mutation(
        "dev-without-automation",
        _TOPIC,
        "an environment that syncs by itself has an Application that does not",
        _AUTO,
        "sync-policy-contradicts-environment",
        (
            Swap("sealock.yaml", "    cluster: in-cluster\n", "    cluster: in-cluster\n    sync: auto\n"),
            Swap(DEV, _AUTOMATED, ""),
        ),
    ),
    Mutation(
        "healing-switched-off",
        _TOPIC,
        "`enabled: false` beside `selfHeal: true`: nothing heals",
        f"{ARGOCD_ISSUE}/24171",
        "self-heal-without-automation",
        (Swap(DEV, "    automated:\n", "    automated:\n      enabled: false\n"),),
    ),
    Mutation(
        "hashed-names-not-pruned",
        _TOPIC,
        "generated ConfigMaps pile up: automatic sync without pruning",
        f"{ARGOCD_ISSUE}/1629",
        "prune-off-with-hashed-generators",
        (
            Append("notes/kustomization.yaml", "configMapGenerator:\n  - name: page\n    literals: [a=b]\n"),
            Swap(NOTES, "  syncPolicy:\n", "  syncPolicy:\n    automated: {selfHeal: true}\n"),
        ),
        KINDS,
    ),
)

# The order of things.
_ORDER = (
    Mutation(
        "wave-not-quoted",
        _TOPIC,
        "a sync wave is a number, and annotations are texts",
        "https://github.com/kubernetes-sigs/external-dns/pull/2521",
        "sync-wave-not-integer",
        (Swap(WAVED, 'sync-wave: "2"', "sync-wave: 2"),),
    ),
    Mutation(
        "wave-in-words",
        _TOPIC,
        "a sync wave is no integer, and counts as 0",
        _WAVES,
        "sync-wave-not-integer",
        (Swap(WAVED, 'sync-wave: "2"', "sync-wave: second"),),
    ),
    Mutation(
        "wave-with-a-fraction",
        _TOPIC,
        "a sync wave between two waves",
        _WAVES,
        "sync-wave-not-integer",
        (Swap(HOOK, 'sync-wave: "1"', 'sync-wave: "1.5"'),),
        KINDS,
    ),
    Mutation(
        "waves-in-an-app-of-apps",
        _TOPIC,
        "Applications have waves, and Argo CD waits for none of them",
        f"{ARGOCD_ISSUE}/5146",
        "wave-cannot-wait",
        (
            Swap(
                NOTES,
                "  name: notes\n  namespace: argocd\n",
                '  name: notes\n  namespace: argocd\n  annotations:\n    argocd.argoproj.io/sync-wave: "2"\n',
            ),
            Swap(
                "argocd/applications/platform.yaml",
                "  name: platform\n  namespace: argocd\n",
                "  name: platform\n  namespace: argocd\n"
                '  annotations:\n    argocd.argoproj.io/sync-wave: "1"\n',
            ),
        ),
        KINDS,
    ),
    Mutation(
        "hook-misspelt",
        _TOPIC,
        "a hook that there is not: the object is never applied",
        f"{ARGOCD}/user-guide/resource_hooks/",
        "unknown-hook",
        (Swap(HOOK, "argocd.argoproj.io/hook: PostSync", "argocd.argoproj.io/hook: post-sync"),),
        KINDS,
    ),
    Mutation(
        "hook-of-helm",
        _TOPIC,
        "a hook's name is Helm's",
        f"{ARGOCD}/user-guide/helm/#helm-hooks",
        "unknown-hook",
        (Swap(HOOK, "argocd.argoproj.io/hook: PostSync", "argocd.argoproj.io/hook: post-install"),),
        KINDS,
    ),
    Mutation(
        "hook-never-deleted",
        _TOPIC,
        "a delete policy that there is not",
        f"{ARGOCD_ISSUE}/7430",
        "unknown-hook",
        (Swap(HOOK, "BeforeHookCreation", "BeforeHookCreate"),),
        KINDS,
    ),
    Mutation(
        "hook-before-what-it-needs",
        _TOPIC,
        "a PreSync Job runs under a ServiceAccount that comes later",
        _WAVES,
        "missing-sync-wave",
        (Swap(HOOK, "hook: PostSync", "hook: PreSync"),),
        KINDS,
    ),
    Mutation(
        "config-in-a-later-wave",
        _TOPIC,
        "a ConfigMap comes a wave after the Deployment that reads it",
        f"{ARGOCD_ISSUE}/14442",
        "missing-sync-wave",
        (
            Swap(
                "services/ledger/base/config-map.yaml",
                "  name: ledger\n  labels:\n",
                '  name: ledger\n  annotations:\n    argocd.argoproj.io/sync-wave: "1"\n  labels:\n',
            ),
        ),
        at=("services/ledger/base/config-map.yaml", "services/ledger/base/deployment.yaml"),
    ),
    Mutation(
        "compare-option-with-value",
        _TOPIC,
        "IgnoreExtraneous takes no value",
        f"{ARGOCD}/user-guide/compare-options/",
        "unknown-compare-option",
        (
            Swap(
                "services/ledger/base/config-map.yaml",
                "  name: ledger\n  labels:\n",
                "  name: ledger\n  annotations:\n"
                "    argocd.argoproj.io/compare-options: IgnoreExtraneous=true\n  labels:\n",
            ),
        ),
    ),
)

# Fields that people and language models make up, and values of the wrong shape.
_SHAPES = (
    (
        "automated-is-a-boolean",
        "`automated: true`",
        f"{ARGOCD_ISSUE}/21647",
        _AUTOMATED,
        "    automated: true\n",
    ),
    (
        "retry-under-automated",
        "`retry` under `automated`",
        _SPEC,
        _AUTOMATED,
        f"{_AUTOMATED}      retry: {{limit: 3}}\n",
    ),
    (
        "sync-windows-on-an-application",
        "`syncWindows`, which belong to the AppProject",
        f"{ARGOCD}/user-guide/sync_windows/",
        "spec:\n",
        "spec:\n  syncWindows: [{kind: deny}]\n",
    ),
    ("destination-cluster", "`destination.cluster`", _SPEC, "    server: https", "    cluster: https"),
    (
        "kustomize-overlays",
        "`kustomize.overlays`",
        f"{ARGOCD}/user-guide/kustomize/",
        "  destination:\n",
        "    kustomize: {overlays: [dev]}\n  destination:\n",
    ),
    (
        "kustomize-path",
        "`kustomize.path`",
        f"{ARGOCD}/user-guide/kustomize/",
        "  destination:\n",
        "    kustomize: {path: overlays/dev}\n  destination:\n",
    ),
    (
        "depends-on",
        "`dependsOn`, as Flux has it",
        f"{ARGOCD_ISSUE}/5585",
        "spec:\n",
        "spec:\n  dependsOn: [{name: database}]\n",
    ),
    ("source-branch", "`source.branch`", _SPEC, "targetRevision: HEAD", "branch: main"),
    ("source-repo", "`source.repo`", _SPEC, "repoURL:", "repo:"),
    (
        "automated-enable",
        "`automated.enable`, as the documentation once had it",
        "https://github.com/argoproj/argo-cd/pull/23332",
        "    automated:\n",
        "    automated:\n      enable: true\n",
    ),
    (
        "automated-disabled",
        "`automated.disabled`, as was once proposed",
        "https://github.com/argoproj/argo-cd/pull/10791",
        "    automated:\n",
        "    automated:\n      disabled: true\n",
    ),
    (
        "validate-beside-options",
        "`validate: false` under `syncPolicy`",
        f"{ARGOCD_ISSUE}/3208",
        "    syncOptions:\n",
        "    validate: false\n    syncOptions:\n",
    ),
    (
        "prune-unreferenced",
        "`automated.pruneUnreferencedConfig`, which was only proposed",
        f"{ARGOCD_ISSUE}/1636",
        "    automated:\n",
        "    automated:\n      pruneUnreferencedConfig: true\n",
    ),
    (
        "options-under-spec",
        "`syncOptions` directly under `spec`",
        _OPTIONS,
        "  syncPolicy:\n",
        "  syncOptions: [CreateNamespace=true]\n  syncPolicy:\n",
    ),
    (
        "jq-expressions",
        "`ignoreDifferences[].jqExpressions`",
        _DIFFING,
        "  syncPolicy:\n",
        "  ignoreDifferences:\n    - {group: apps, kind: Deployment, jqExpressions: [.spec.replicas]}\n  syncPolicy:\n",
    ),
    (
        "health-checks",
        "`healthChecks` on an Application",
        f"{ARGOCD}/operator-manual/health/",
        "spec:\n",
        "spec:\n  healthChecks: []\n",
    ),
    (
        "finalizers-under-spec",
        "`finalizers` under `spec`",
        f"{ARGOCD}/user-guide/app_deletion/",
        "spec:\n",
        "spec:\n  finalizers: [resources-finalizer.argocd.argoproj.io]\n",
    ),
    (
        "annotation-in-the-singular",
        "`metadata.annotation`",
        _SPEC,
        "  namespace: argocd\n",
        "  namespace: argocd\n  annotation: {team: payments}\n",
    ),
    (
        "backoff-is-a-number",
        "`backoff.duration` is a number",
        f"{ARGOCD_ISSUE}/5582",
        "duration: 5s",
        "duration: 5",
    ),
    (
        "policy-under-destination",
        "`syncPolicy` is indented into `destination`",
        _SPEC,
        "  syncPolicy:\n    automated:\n",
        "    syncPolicy:\n      x: y\n    automated:\n",
    ),
    (
        "source-outside-of-spec",
        "`source` stands beside `spec`",
        _SPEC,
        "spec:\n",
        "source:\n  path: services/ledger/overlays/dev\nspec:\n",
    ),
    (
        "destination-outside-of-spec",
        "`destination` stands beside `spec`",
        _SPEC,
        "spec:\n",
        "destination:\n  namespace: payments\nspec:\n",
    ),
)

_WHOLE = (
    Mutation(
        "limit-is-a-text",
        _TOPIC,
        "`retry.limit` is a text",
        _SPEC,
        "schema-violation",
        (Swap(DEV, "limit: 5", 'limit: "5"'),),
    ),
    Mutation(
        "prune-is-a-text",
        _TOPIC,
        "`prune` is a text",
        "https://github.com/argoproj/applicationset/issues/424",
        "schema-violation",
        (Swap(DEV, "prune: true", 'prune: "true"'),),
    ),
    Mutation(
        "project-left-out",
        _TOPIC,
        "`spec.project` is required",
        _SPEC,
        "schema-violation",
        (Swap(DEV, "  project: payments\n", ""),),
    ),
    Mutation(
        "difference-without-kind",
        _TOPIC,
        "an entry of ignoreDifferences lacks its kind",
        _DIFFING,
        "schema-violation",
        (
            Swap(
                DEV,
                "  syncPolicy:\n",
                "  ignoreDifferences:\n    - {group: apps, jsonPointers: [/spec/replicas]}\n  syncPolicy:\n",
            ),
        ),
    ),
    Mutation(
        "tab-in-an-application",
        _TOPIC,
        "a tab indents: no YAML",
        "https://yaml.org/spec/1.2.2/#61-indentation-spaces",
        "unreadable-application",
        (Swap(DEV, "    namespace: payments", "\tnamespace: payments"),),
    ),
    Mutation(
        "application-key-twice",
        _TOPIC,
        "`destination` stands twice, and readers disagree on which counts",
        "https://yaml.org/spec/1.2.2/#3213-node-comparison",
        "unreadable-application",
        (Swap(DEV, "  syncPolicy:\n", "  destination:\n    namespace: other\n  syncPolicy:\n"),),
    ),
    Mutation(
        "application-version-wrong",
        _TOPIC,
        "argoproj.io/v1 does not exist",
        _SPEC,
        "unknown-kind",
        (Swap(DEV, "argoproj.io/v1alpha1", "argoproj.io/v1"),),
    ),
    Mutation(
        "application-name-invalid",
        _TOPIC,
        "the name is no DNS name: the API server refuses it",
        f"{KUBERNETES}/concepts/overview/working-with-objects/names/",
        "api-server-refuses",
        (Swap(DEV, "name: ledger-dev", "name: Ledger_Dev"),),
    ),
)

FAULTS = (
    *_PLACES,
    *_OF_SOURCES,
    *_SYNC,
    *_ORDER,
    *(
        Mutation(name, "Fields that do not exist", what, source, "invented-field", (Swap(DEV, old, new),))
        for name, what, source, old, new in _SHAPES
    ),
    *_WHOLE,
)
