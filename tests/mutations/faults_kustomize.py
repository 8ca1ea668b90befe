"""Faults of kustomizations: what does not build, and what builds without doing what it says."""

from __future__ import annotations

# ruff: noqa: E501 - edits quote the files as they are
from tests.mutations.mutation import (
    ARGOCD,
    KINDS,
    KUSTOMIZE,
    KUSTOMIZE_ISSUE,
    PLATFORM,
    Add,
    Append,
    Delete,
    Edit,
    Mutation,
    Swap,
)

BASE = "services/ledger/base/kustomization.yaml"
DEV = "services/ledger/overlays/dev/kustomization.yaml"
STAGING = "services/ledger/overlays/staging/kustomization.yaml"
PRODUCTION = "services/ledger/overlays/production/kustomization.yaml"
REPLICAS = "services/ledger/overlays/dev/replica-patch.yaml"
DATABASE = "apps/database/overlays/dev/kustomization.yaml"
WEB = "apps/web/overlays/dev/kustomization.yaml"
TRACING = "apps/web/components/tracing/kustomization.yaml"

_PATCHES = "patches:\n  - path: replica-patch.yaml\n"
_IMAGE = '  - name: ghcr.io/acme/ledger\n    newTag: "2.7.1"\n'
_MERGE_KEYS = (
    "https://github.com/kubernetes/community/blob/master/contributors/devel/"
    "sig-api-machinery/strategic-merge-patch.md"
)
_HELM_BRINGS = "helmCharts:\n  - {name: redis, repo: https://charts.acme.example, version: 1.0.0}\n"


def _fault(  # noqa: PLR0913 - each is named in Mutation
    name: str,
    what: str,
    source: str,
    rule: str,
    *edits: Edit,
    repository: str = PLATFORM,
    at: tuple[str, ...] = (),
    gap: str = "",
) -> Mutation:
    return Mutation(name, "Kustomize", what, source, rule, edits, repository, at, gap=gap)


_DOES_NOT_BUILD = (
    _fault(
        "resource-misspelt",
        "a resource's file is not there",
        f"{KUSTOMIZE}/resource/",
        "render-failed",
        Swap(BASE, "- deployment.yaml", "- deploymnet.yaml"),
    ),
    _fault(
        "base-moved",
        "the base's folder is not there",
        f"{KUSTOMIZE}/resource/",
        "render-failed",
        Swap(DEV, "../../base", "../../bases"),
    ),
    _fault(
        "patch-file-misspelt",
        "a patch's file is not there",
        f"{KUSTOMIZE}/patches/",
        "render-failed",
        Swap(DEV, "- path: replica-patch", "- path: replicas-patch"),
    ),
    _fault(
        "patch-of-nothing",
        "a strategic merge patch names an object that is not there",
        f"{KUSTOMIZE_ISSUE}/335",
        "render-failed",
        Swap(REPLICAS, "name: ledger", "name: legder"),
        at=(DEV, REPLICAS),
    ),
    _fault(
        "patch-of-another-version",
        "a strategic merge patch is of an API version that the object does not have",
        f"{KUSTOMIZE}/patches/",
        "render-failed",
        Swap(REPLICAS, "apps/v1", "extensions/v1beta1"),
        at=(DEV, REPLICAS),
    ),
    _fault(
        "json-patch-of-a-missing-field",
        "a JSON patch replaces a field that is not there",
        f"{KUSTOMIZE_ISSUE}/5093",
        "render-failed",
        Swap(
            DEV,
            _PATCHES,
            f"{_PATCHES}  - target: {{kind: Deployment, name: ledger}}\n"
            "    patch: |-\n      - {op: replace, path: /spec/strategy/type, value: Recreate}\n",
        ),
    ),
    _fault(
        "json-patch-beyond-the-list",
        "a JSON patch counts containers from 1",
        "https://datatracker.ietf.org/doc/html/rfc6902#section-4",
        "render-failed",
        Swap(
            DEV,
            _PATCHES,
            f"{_PATCHES}  - target: {{kind: Deployment, name: ledger}}\n"
            "    patch: |-\n"
            "      - {op: replace, path: /spec/template/spec/containers/1/image, value: x}\n",
        ),
    ),
    _fault(
        "json-patch-of-an-annotation",
        "the slash in an annotation's name is not written as ~1",
        "https://datatracker.ietf.org/doc/html/rfc6901#section-3",
        "render-failed",
        Swap(
            DEV,
            _PATCHES,
            f"{_PATCHES}  - target: {{kind: Service, name: ledger}}\n"
            "    patch: |-\n"
            "      - {op: remove, path: /metadata/labels/app.kubernetes.io/name}\n",
        ),
    ),
    _fault(
        "delete-patch-of-nothing",
        "`$patch: delete` of an object that is not there",
        f"{KUSTOMIZE_ISSUE}/5874",
        "render-failed",
        Add(
            "services/ledger/overlays/dev/delete.yaml",
            "$patch: delete\napiVersion: v1\nkind: Service\nmetadata:\n  name: ledger-metrics\n",
        ),
        Swap(DEV, _PATCHES, f"{_PATCHES}  - path: delete.yaml\n"),
    ),
    _fault(
        "field-unknown",
        "a field in the singular",
        f"{KUSTOMIZE}/",
        "render-failed",
        Swap(DEV, "resources:", "resource:"),
    ),
    _fault(
        "field-of-an-entry-unknown",
        "an `images` entry has `tag`",
        f"{KUSTOMIZE}/images/",
        "render-failed",
        Swap(STAGING, "newTag:", "tag:"),
    ),
    _fault(
        "version-unknown",
        "a version of the kustomization that there is not",
        f"{KUSTOMIZE}/",
        "render-failed",
        Swap(DEV, "kustomize.config.k8s.io/v1beta1", "kustomize.config.k8s.io/v1"),
    ),
    _fault(
        "kind-in-lower-case",
        "`kind: kustomization`",
        f"{KUSTOMIZE}/",
        "render-failed",
        Swap(DEV, "kind: Kustomization", "kind: kustomization"),
    ),
    _fault(
        "key-twice",
        "`resources` stands twice in a kustomization",
        "https://yaml.org/spec/1.2.2/#3213-node-comparison",
        "render-failed",
        Swap(DEV, "patches:\n", "resources:\n  - extra.yaml\npatches:\n"),
    ),
    _fault(
        "tab-in-a-kustomization",
        "a tab indents",
        "https://yaml.org/spec/1.2.2/#61-indentation-spaces",
        "render-failed",
        Swap(DEV, "  - ../../base", "\t- ../../base"),
    ),
    _fault(
        "list-item-under-indented",
        "an entry's second line is not indented far enough",
        f"{KUSTOMIZE}/images/",
        "render-failed",
        Swap(STAGING, "    newTag", "  newTag"),
    ),
    _fault(
        "cycle",
        "the base includes its overlay",
        f"{KUSTOMIZE}/resource/",
        "render-failed",
        Swap(BASE, "  - service.yaml\n", "  - service.yaml\n  - ../overlays/dev\n"),
        at=(BASE, DEV),
    ),
    _fault(
        "file-above-the-root",
        "a generator reads a file above the kustomization's folder",
        "https://github.com/kubernetes-sigs/kustomize/blob/master/docs/FAQ.md",
        "render-failed",
        Append(DEV, "configMapGenerator:\n  - name: catalog\n    files: [../../../../services.yaml]\n"),
    ),
    _fault(
        "literal-without-value",
        "a generator's literal has no `=`",
        f"{KUSTOMIZE}/configmapgenerator/",
        "render-failed",
        Append(DEV, "configMapGenerator:\n  - name: flags\n    literals: [DEBUG]\n"),
    ),
    _fault(
        "merge-into-nothing",
        "a generator merges into a ConfigMap that is not there",
        f"{KUSTOMIZE}/configmapgenerator/",
        "render-failed",
        Append(DEV, "configMapGenerator:\n  - name: flags\n    behavior: merge\n    literals: [A=b]\n"),
    ),
    _fault(
        "generated-again",
        "a generator creates a ConfigMap that the base has",
        f"{KUSTOMIZE_ISSUE}/4858",
        "render-failed",
        Append(DEV, "configMapGenerator:\n  - name: ledger\n    literals: [A=b]\n"),
    ),
    _fault(
        "environment-file-missing",
        "a generator's file of variables is not there",
        f"{KUSTOMIZE}/secretgenerator/",
        "render-failed",
        Append(DEV, "secretGenerator:\n  - name: keys\n    envs: [keys.env]\n"),
    ),
    _fault(
        "replacement-from-nothing",
        "a replacement's source is not there",
        f"{KUSTOMIZE}/replacements/",
        "render-failed",
        Swap(WEB, "      kind: Service\n      name: web\n", "      kind: Service\n      name: webb\n"),
        repository=KINDS,
    ),
    _fault(
        "replacement-of-a-missing-field",
        "a replacement's source has no such field",
        f"{KUSTOMIZE}/replacements/",
        "render-failed",
        Swap(WEB, "fieldPath: metadata.name", "fieldPath: metadata.annotations.zone"),
        repository=KINDS,
    ),
    _fault(
        "replacement-into-a-missing-field",
        "a replacement's target has no such field, and `create` is not set",
        f"{KUSTOMIZE}/replacements/",
        "render-failed",
        Swap(WEB, "        options:\n          create: true\n", ""),
        repository=KINDS,
    ),
    _fault(
        "component-among-resources",
        "a component is listed among the resources",
        f"{KUSTOMIZE}/components/",
        "render-failed",
        Swap(WEB, "components:\n  - ../../components/tracing\n", ""),
        Swap(WEB, "  - ../../base\n", "  - ../../base\n  - ../../components/tracing\n"),
        repository=KINDS,
        at=(WEB, TRACING),
    ),
    _fault(
        "base-among-components",
        "a base is listed among the components",
        f"{KUSTOMIZE}/components/",
        "render-failed",
        Swap(WEB, "  - ../../components/tracing\n", "  - ../../components/tracing\n  - ../../base\n"),
        repository=KINDS,
        at=(WEB, "apps/web/base/kustomization.yaml"),
    ),
    _fault(
        "replicas-of-nothing",
        "`replicas` names a workload that is not there",
        f"{KUSTOMIZE}/replicas/",
        "render-failed",
        Swap(DATABASE, "replicas:\n  - name: database", "replicas:\n  - name: databse"),
        repository=KINDS,
    ),
    _fault(
        "object-without-name",
        "an object has no metadata.name",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",
        "render-failed",
        Swap("services/ledger/base/service-account.yaml", "  name: ledger\n", ""),
        at=("services/ledger/base/service-account.yaml", BASE, DEV),
    ),
    _fault(
        "field-twice-in-a-manifest",
        "a field stands twice in a manifest",
        "https://yaml.org/spec/1.2.2/#3213-node-comparison",
        "render-failed",
        Swap("services/ledger/base/service.yaml", "spec:\n", "spec:\n  selector: {app: other}\n"),
        at=("services/ledger/base/service.yaml", BASE, DEV),
    ),
    _fault(
        "template-left-in-a-manifest",
        "a Helm template was copied as it is",
        "https://yaml.org/spec/1.2.2/#chapter-7-flow-style-productions",
        "render-failed",
        Swap(
            "services/ledger/base/service.yaml",
            "  name: ledger\n  labels:",
            "  name: {{ .Release.Name }}\n  labels:",
        ),
        at=("services/ledger/base/service.yaml", BASE, DEV),
    ),
    _fault(
        "merge-conflict-left",
        "markers of a merge conflict were committed",
        "https://git-scm.com/docs/git-merge#_how_conflicts_are_presented",
        "render-failed",
        Swap(
            REPLICAS,
            "  replicas: 1\n",
            "<<<<<<< HEAD\n  replicas: 1\n=======\n  replicas: 2\n>>>>>>> feature\n",
        ),
        at=(REPLICAS, DEV),
    ),
    _fault(
        "kustomization-gone",
        "the overlay's kustomization was deleted, and an Application deploys it",
        f"{ARGOCD}/user-guide/kustomize/",
        "api-server-refuses",
        Delete(DEV),
        at=("services/ledger/overlays/dev/replica-patch.yaml",),
    ),
    _fault(
        "remote-base",
        "a base comes from another repository: nobody can tell here what it is",
        f"{KUSTOMIZE}/resource/",
        "render-failed",
        Swap(DEV, "  - ../../base\n", "  - ../../base\n  - https://github.com/acme/bases//metrics?ref=v1\n"),
    ),
    _fault(
        "charts-without-helm",
        "`helmCharts` needs an option of Argo CD that is off",
        f"{ARGOCD}/user-guide/kustomize/#kustomizing-helm-charts",
        "render-failed",
        Append(DEV, _HELM_BRINGS),
    ),
    _fault(
        "exec-plugin",
        "a generator runs a program, and Argo CD runs none",
        "https://kubectl.docs.kubernetes.io/guides/extending_kustomize/exec_plugins/",
        "render-failed",
        Add(
            "services/ledger/overlays/dev/generate.yaml",
            """\
apiVersion: acme.example/v1
kind: Generate
metadata:
  name: generate
  annotations:
    config.kubernetes.io/function: "exec: {path: ./generate.sh}"
""",
        ),
        Append(DEV, "generators:\n  - generate.yaml\n"),
        at=(DEV, "services/ledger/overlays/dev/generate.yaml"),
    ),
)

_DOES_NOTHING = (
    _fault(
        "image-without-registry",
        "an `images` entry has the image's last name only",
        "https://github.com/digitalocean/csi-digitalocean/pull/232",
        "image-matches-nothing",
        Swap(STAGING, "name: ghcr.io/acme/ledger", "name: ledger"),
    ),
    _fault(
        "image-with-tag",
        "the tag stands in the `images` entry's name",
        f"{KUSTOMIZE_ISSUE}/4713",
        "image-matches-nothing",
        Swap(STAGING, "name: ghcr.io/acme/ledger", "name: ghcr.io/acme/ledger:2.7.1"),
    ),
    _fault(
        "image-by-container",
        "the `images` entry is named for a container that it is not",
        "https://github.com/meshery/meshery-operator/pull/820",
        "image-matches-nothing",
        Swap(STAGING, "name: ghcr.io/acme/ledger", "name: controller"),
    ),
    _fault(
        "image-renamed-before",
        "a second entry has the name from before the first one renamed it",
        f"{KUSTOMIZE}/images/",
        "image-matches-nothing",
        Swap(
            STAGING,
            _IMAGE,
            "  - name: ghcr.io/acme/ledger\n    newName: mirror.acme.example/ledger\n"
            '  - name: ghcr.io/acme/ledger\n    newTag: "2.7.1"\n',
        ),
    ),
    _fault(
        "image-no-expression",
        "the name of an `images` entry is a broken regular expression",
        "https://github.com/kubernetes-sigs/kustomize/pull/213",
        "image-name-not-a-regex",
        Swap(STAGING, "name: ghcr.io/acme/ledger", "name: ghcr.io/acme/(ledger"),
    ),
    _fault(
        "target-misspelt",
        "a patch's target selects nothing",
        f"{KUSTOMIZE_ISSUE}/4379",
        "patch-matches-nothing",
        Swap(TRACING, "      name: web\n", "      name: webb\n"),
        repository=KINDS,
    ),
    _fault(
        "target-of-another-version",
        "a patch's target is of a version that the object does not have",
        f"{KUSTOMIZE_ISSUE}/4379",
        "patch-matches-nothing",
        Swap(TRACING, "      kind: Deployment\n", "      kind: Deployment\n      version: v2\n"),
        repository=KINDS,
    ),
    _fault(
        "target-of-another-kind",
        "a patch's target is of another kind",
        "https://github.com/devantler-tech/platform/issues/2996",
        "patch-matches-nothing",
        Swap(TRACING, "      kind: Deployment\n", "      kind: StatefulSet\n"),
        repository=KINDS,
    ),
    _fault(
        "target-in-part",
        "a patch's target has the beginning of a name: the expression must match all of it",
        f"{KUSTOMIZE}/patches/",
        "patch-matches-nothing",
        Swap(TRACING, "      name: web\n", "      name: we\n"),
        repository=KINDS,
    ),
    _fault(
        "target-by-label-of-the-overlay",
        "a component's patch selects by a label that nothing has",
        f"{KUSTOMIZE}/patches/",
        "patch-matches-nothing",
        Swap(TRACING, "      kind: Deployment\n      name: web\n", "      labelSelector: tier=front\n"),
        repository=KINDS,
    ),
    _fault(
        "resource-not-listed",
        "a manifest is no longer listed, and its file is still there",
        f"{KUSTOMIZE}/resource/",
        "unused-file",
        Swap(BASE, "  - network-policy.yaml\n", ""),
        at=("services/ledger/base/network-policy.yaml",),
    ),
    _fault(
        "patch-not-listed",
        "a patch is written, and listed nowhere",
        f"{KUSTOMIZE}/patches/",
        "unused-file",
        Add(
            "services/ledger/overlays/dev/probe-patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ledger\nspec:\n  paused: true\n",
        ),
    ),
    _fault(
        "resource-listed-twice",
        "a file is listed twice",
        f"{KUSTOMIZE_ISSUE}/4104",
        "resource-listed-twice",
        Swap(BASE, "  - service.yaml\n", "  - service.yaml\n  - ./service.yaml\n"),
    ),
    _fault(
        "base-by-two-ways",
        "the base comes in a second time, through another folder",
        f"{KUSTOMIZE_ISSUE}/4832",
        "resource-listed-twice",
        Swap(DEV, "  - ../../base\n", "  - ../../base\n  - ../../metrics\n"),
        Add("services/ledger/metrics/kustomization.yaml", "resources:\n  - ../base\n"),
    ),
    _fault(
        "component-twice",
        "a component is listed twice: what it appends is there twice",
        f"{KUSTOMIZE}/components/",
        "resource-listed-twice",
        Swap(
            WEB,
            "  - ../../components/tracing\n",
            "  - ../../components/tracing\n  - ../../components/tracing/\n",
        ),
        repository=KINDS,
    ),
    _fault(
        "base-copied",
        "an overlay has a copy of what the base declares",
        "https://kubernetes.io/docs/tasks/manage-kubernetes-objects/kustomization/#bases-and-overlays",
        "duplicated-base-resource",
        Swap("services/mailer/overlays/dev/kustomization.yaml", "  - ../../base\n", "  - service.yaml\n"),
        Swap(
            "services/mailer/overlays/dev/kustomization.yaml",
            "patches:\n  - path: replica-patch.yaml\n  - path: resource-limits-patch.yaml\n",
            "",
        ),
        Delete("services/mailer/overlays/dev/replica-patch.yaml"),
        Delete("services/mailer/overlays/dev/resource-limits-patch.yaml"),
        Add(
            "services/mailer/overlays/dev/service.yaml",
            """\
apiVersion: v1
kind: Service
metadata:
  name: mailer
spec:
  clusterIP: None
  ports:
    - name: http
      port: 8080
""",
        ),
    ),
    _fault(
        "namespace-left-out",
        "the overlay sets no namespace",
        f"{KUSTOMIZE}/namespace/",
        "missing-namespace-transformer",
        Swap(DEV, "namespace: payments\n", ""),
    ),
    _fault(
        "tag-moved-digest-not",
        "a tag that moves beside a digest that does not",
        f"{KUSTOMIZE_ISSUE}/5664",
        "tag-beside-digest",
        Swap(PRODUCTION, "    digest:", "    newTag: latest\n    digest:"),
    ),
    _fault(
        "tag-of-another-digest",
        "two environments have one tag beside two digests",
        f"{KUSTOMIZE_ISSUE}/5664",
        "tag-beside-digest",
        Swap(PRODUCTION, "    digest:", '    newTag: "2.7.1"\n    digest:'),
        Swap(STAGING, '    newTag: "2.7.1"\n', '    newTag: "2.7.1"\n    digest: sha256:' + "1" * 64 + "\n"),
    ),
)

_DEPRECATED = (
    _fault(
        "bases",
        "`bases`, in place of `resources`",
        f"{KUSTOMIZE}/bases/",
        "deprecated-field",
        Swap(DEV, "resources:", "bases:"),
    ),
    _fault(
        "strategic-merge",
        "`patchesStrategicMerge`",
        f"{KUSTOMIZE}/patchesstrategicmerge/",
        "deprecated-field",
        Swap(
            DEV,
            "patches:\n  - path: replica-patch.yaml\n  - path: resource-limits-patch.yaml\n",
            "patchesStrategicMerge:\n  - replica-patch.yaml\n  - resource-limits-patch.yaml\n",
        ),
    ),
    _fault(
        "json-6902",
        "`patchesJson6902`",
        f"{KUSTOMIZE}/patchesjson6902/",
        "deprecated-field",
        Append(
            DEV,
            "patchesJson6902:\n  - target: {version: v1, kind: Service, name: ledger}\n    patch: |-\n"
            "      - {op: add, path: /spec/sessionAffinity, value: ClientIP}\n",
        ),
    ),
    _fault(
        "common-labels",
        "`commonLabels`, which go into selectors too",
        f"{KUSTOMIZE_ISSUE}/1009",
        "deprecated-field",
        Append(DEV, "commonLabels:\n  team: payments\n"),
    ),
    _fault(
        "vars",
        "`vars`, in place of replacements",
        f"{KUSTOMIZE}/vars/",
        "deprecated-field",
        Append(DEV, "vars:\n  - name: SERVICE\n    objref: {kind: Service, name: ledger, apiVersion: v1}\n"),
    ),
)

_MERGES_OTHERWISE = (
    _fault(
        "container-renamed-in-a-patch",
        "a patch names another container: it adds one without an image",
        f"{KUSTOMIZE_ISSUE}/3840",
        "api-server-refuses",
        Swap("services/ledger/overlays/dev/resource-limits-patch.yaml", "- name: ledger", "- name: ledgr"),
        at=(
            "services/ledger/overlays/dev/resource-limits-patch.yaml",
            "services/ledger/base/deployment.yaml",
        ),
    ),
    _fault(
        "variable-without-name",
        "a patch's variable lacks the key that lists are merged by",
        f"{KUSTOMIZE_ISSUE}/5369",
        "api-server-refuses",
        Swap(
            "services/ledger/overlays/dev/resource-limits-patch.yaml",
            "          resources:\n",
            "          env:\n            - value: debug\n          resources:\n",
        ),
    ),
    _fault(
        "port-patched-under-another-number",
        "a patch means to rename a port: lists of ports merge by number",
        _MERGE_KEYS,
        "api-server-refuses",
        Swap(
            "services/ledger/overlays/dev/resource-limits-patch.yaml",
            "          resources:\n",
            "          ports:\n            - name: http\n              containerPort: 8081\n          resources:\n",
        ),
        at=(
            "services/ledger/overlays/dev/resource-limits-patch.yaml",
            "services/ledger/base/deployment.yaml",
        ),
    ),
    _fault(
        "volume-of-two-kinds",
        "a patch adds a second source to a volume of the base",
        _MERGE_KEYS,
        "api-server-refuses",
        Swap(
            "services/ledger/overlays/dev/resource-limits-patch.yaml",
            "      containers:\n",
            "      volumes:\n        - name: tmp\n          configMap: {name: ledger}\n      containers:\n",
        ),
        at=(
            "services/ledger/overlays/dev/resource-limits-patch.yaml",
            "services/ledger/base/deployment.yaml",
        ),
    ),
    _fault(
        "strategy-half-replaced",
        "a patch sets Recreate and keeps the base's rollingUpdate",
        _MERGE_KEYS,
        "api-server-refuses",
        Append(
            WEB,
            "patches:\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n"
            "      metadata: {name: web}\n      spec: {strategy: {type: Recreate}}\n",
        ),
        repository=KINDS,
        at=(WEB, "apps/web/base/deployment.yaml"),
    ),
)

FAULTS = (*_DOES_NOT_BUILD, *_DOES_NOTHING, *_MERGES_OTHERWISE, *_DEPRECATED)
