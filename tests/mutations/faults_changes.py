"""Faults that exist as a change only: each state is right, and the step from one to the other is refused."""

from __future__ import annotations

# ruff: noqa: E501 - edits quote the files as they are
from tests.mutations.mutation import (
    ARGOCD,
    ARGOCD_ISSUE,
    KINDS,
    KUBERNETES,
    KUSTOMIZE_ISSUE,
    PLATFORM,
    Add,
    Append,
    Delete,
    Edit,
    Mutation,
    Swap,
)

LEDGER = "services/ledger/base"
DATABASE = "apps/database/base"
REPORTS = "apps/reports/base"
_STATEFUL = f"{KUBERNETES}/tutorials/stateful-application/basic-stateful-set/"
_UPDATE = "api-server-refuses-update"
_OVERLAY = "services/ledger/overlays/dev/kustomization.yaml"


def _change(  # noqa: PLR0913 - each is named in Mutation
    name: str,
    what: str,
    source: str,
    *edits: Edit,
    rule: str = _UPDATE,
    before: tuple[Edit, ...] = (),
    at: tuple[str, ...] = (),
    gap: str = "",
) -> Mutation:
    repository = PLATFORM if edits[0].path.startswith(("services", "sealock")) else KINDS
    steps = (before,) if before else ()
    return Mutation(
        name, "Changes", what, source, rule, edits, repository, at, since=True, steps=steps, gap=gap
    )


def _added(  # noqa: PLR0913 - each is named in Mutation
    name: str, what: str, source: str, manifest: str, *, old: str, new: str
) -> Mutation:
    """Return the fault of changing an object that is there before."""
    file = f"{REPORTS}/added.yaml"
    before = (
        Add(file, manifest),
        Swap(f"{REPORTS}/kustomization.yaml", "  - roles.yaml\n", "  - roles.yaml\n  - added.yaml\n"),
    )
    return _change(name, what, source, Swap(file, old, new), before=before)


FAULTS = (
    _change(
        "selector-changed",
        "a Deployment's selector changes",
        "https://github.com/kubernetes/kubernetes/issues/50808",
        Swap(
            f"{LEDGER}/deployment.yaml",
            "    matchLabels:\n      app.kubernetes.io/name: ledger\n",
            "    matchLabels:\n      app.kubernetes.io/name: ledger\n      app.kubernetes.io/part-of: platform\n",
        ),
    ),
    _change(
        "kustomization-of-sound-files-gone",
        "a kustomization was deleted, and the files that it listed are deployed as they are",
        f"{ARGOCD}/user-guide/tool_detection/",
        Delete("platform/kustomization.yaml"),
        rule="application-path-missing",
        at=("argocd/applications/platform.yaml",),
    ),
    _change(
        "labels-into-selectors",
        "a label of the overlay goes into the selectors too",
        f"{KUSTOMIZE_ISSUE}/3718",
        Append(_OVERLAY, "labels:\n  - pairs: {team: payments}\n    includeSelectors: true\n"),
        at=(_OVERLAY, f"{LEDGER}/deployment.yaml"),
    ),
    _change(
        "common-labels-changed",
        "the value of a commonLabel changes",
        f"{KUSTOMIZE_ISSUE}/3718",
        Swap(_OVERLAY, "  version: one\n", "  version: two\n"),
        before=(Append(_OVERLAY, "commonLabels:\n  version: one\n"),),
        at=(_OVERLAY, f"{LEDGER}/deployment.yaml"),
    ),
    _change(
        "claims-grow",
        "a StatefulSet's claim template asks for more storage",
        "https://github.com/siutsin/otaru/pull/2683",
        Swap(f"{DATABASE}/stateful-set.yaml", "storage: 10Gi", "storage: 20Gi"),
    ),
    _change(
        "governing-service-changed",
        "a StatefulSet's serviceName changes",
        f"{ARGOCD_ISSUE}/1068",
        Swap(f"{DATABASE}/stateful-set.yaml", "serviceName: database", "serviceName: database-2"),
        before=(
            Append(
                f"{DATABASE}/service.yaml",
                """\
---
apiVersion: v1
kind: Service
metadata:
  name: database-2
spec:
  clusterIP: None
  selector:
    app: database
  ports:
    - name: sql
      port: 5432
      targetPort: sql
""",
            ),
        ),
    ),
    _change(
        "pod-management-changed",
        "a StatefulSet starts its Pods in another way",
        _STATEFUL,
        Swap(f"{DATABASE}/stateful-set.yaml", "OrderedReady", "Parallel"),
    ),
    _change(
        "service-gets-an-address",
        "a headless Service is headless no more",
        f"{ARGOCD_ISSUE}/2150",
        Swap(f"{DATABASE}/service.yaml", "  clusterIP: None\n", "  clusterIP: 10.96.0.20\n"),
    ),
    _change(
        "service-becomes-headless",
        "a Service loses its address",
        f"{KUBERNETES}/concepts/services-networking/service/#headless-services",
        Swap("apps/web/base/service.yaml", "  type: ClusterIP\n", "  type: ClusterIP\n  clusterIP: None\n"),
    ),
    _change(
        "role-reference-changed",
        "a RoleBinding's roleRef changes",
        f"{KUBERNETES}/reference/access-authn-authz/rbac/#clusterrolebinding-example",
        Swap(
            f"{REPORTS}/roles.yaml",
            "  kind: Role\n  name: reports\nsubjects",
            "  kind: ClusterRole\n  name: view\nsubjects",
        ),
    ),
    _change(
        "claim-shrinks",
        "a claim asks for less than it has",
        f"{KUBERNETES}/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims",
        Swap(f"{REPORTS}/cache-claim.yaml", "storage: 1Gi", "storage: 500Mi"),
    ),
    _change(
        "claim-mode-changed",
        "a claim's access mode changes",
        f"{KUBERNETES}/concepts/storage/persistent-volumes/",
        Swap(f"{REPORTS}/cache-claim.yaml", "ReadWriteOnce", "ReadWriteMany"),
    ),
    _change(
        "claim-class-changed",
        "a claim gets another storage class",
        f"{KUBERNETES}/concepts/storage/storage-classes/",
        Swap(f"{REPORTS}/cache-claim.yaml", "storageClassName: slow", "storageClassName: fast"),
        before=(Swap(f"{REPORTS}/cache-claim.yaml", "spec:\n", "spec:\n  storageClassName: slow\n"),),
    ),
    _change(
        "custom-transition-refused",
        "a custom resource changes what its definition says cannot",
        f"{KUBERNETES}/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#transition-rules",
        Swap("platform/backup.yaml", "target: database", "target: warehouse"),
    ),
    _change(
        "definition-scope-changed",
        "a definition's kind becomes cluster-scoped",
        f"{KUBERNETES}/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/",
        Swap("platform/backups-definition.yaml", "scope: Namespaced", "scope: Cluster"),
    ),
    _added(
        "job-template-changed",
        "a Job's image changes, and it is no hook",
        "https://github.com/cterence/homelab-gitops/pull/693",
        """\
apiVersion: batch/v1
kind: Job
metadata:
  name: seed
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: seed
          image: ghcr.io/acme/seed:1.0.0
""",
        old="seed:1.0.0",
        new="seed:1.0.1",
    ),
    _added(
        "immutable-config-changed",
        "an immutable ConfigMap's value changes",
        f"{KUBERNETES}/concepts/configuration/configmap/#configmap-immutable",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fixed\nimmutable: true\ndata:\n  a: one\n",
        old="a: one",
        new="a: two",
    ),
    _added(
        "immutable-taken-back",
        "`immutable` is taken back",
        f"{KUBERNETES}/concepts/configuration/configmap/#configmap-immutable",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fixed\nimmutable: true\ndata:\n  a: one\n",
        old="immutable: true\n",
        new="",
    ),
    _added(
        "secret-type-changed",
        "a Secret's type changes",
        f"{KUBERNETES}/concepts/configuration/secret/#secret-types",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: typed\ntype: Opaque\n",
        old="type: Opaque",
        new="type: acme.example/token",
    ),
    _added(
        "priority-changed",
        "a PriorityClass's value changes",
        f"{KUBERNETES}/concepts/scheduling-eviction/pod-priority-preemption/#priorityclass",
        "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata:\n  name: high\nvalue: 1000\n",
        old="value: 1000",
        new="value: 2000",
    ),
    _added(
        "provisioner-changed",
        "a StorageClass's provisioner changes",
        f"{KUBERNETES}/concepts/storage/storage-classes/",
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: fast\nprovisioner: a.example/disk\n",
        old="a.example/disk",
        new="b.example/disk",
    ),
    _added(
        "ingress-class-changed",
        "an IngressClass's controller changes",
        f"{KUBERNETES}/concepts/services-networking/ingress/#ingress-class",
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata:\n  name: edge\nspec:\n"
        "  controller: a.example/ingress\n",
        old="a.example/ingress",
        new="b.example/ingress",
    ),
    _added(
        "volume-source-changed",
        "a PersistentVolume's source changes",
        f"{KUBERNETES}/concepts/storage/persistent-volumes/",
        "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: archive\nspec:\n"
        "  capacity: {storage: 5Gi}\n  accessModes: [ReadWriteOnce]\n"
        "  nfs: {server: a.acme.example, path: /archive}\n",
        old="a.acme.example",
        new="b.acme.example",
    ),
    _change(
        "waiver-slipped-in",
        "the change under review waives a rule",
        "https://docs.zizmor.sh/usage/#ignoring-results",
        Append(
            "sealock.yaml",
            "waivers:\n  - rule: production-auto-prune\n    path: applications/ledger-production.yaml\n"
            "    reason: until the migration is done\n    expires: 2099-12-31\n",
        ),
        Swap("applications/ledger-production.yaml", "prune: false", "prune: true"),
        rule="waiver-added",
        at=("sealock.yaml",),
    ),
)
