"""Faults of AppProjects: what they mean to permit and deny, and what Argo CD makes of it."""

from __future__ import annotations

# ruff: noqa: E501 - edits quote the files as they are
from tests.mutations.mutation import ARGOCD, ARGOCD_ISSUE, KINDS, PLATFORM, Edit, Mutation, Swap

PAYMENTS = "projects/payments.yaml"
SHOP = "projects/shop.yaml"
DATA = "argocd/projects/data.yaml"
APPLICATIONS = tuple(f"applications/ledger-{each}.yaml" for each in ("dev", "staging", "production"))
SHOP_APPLICATIONS = tuple(f"applications/storefront-{each}.yaml" for each in ("dev", "staging", "production"))
_OF_DATA = ("argocd/sets/database.yaml", "argocd/sets/reports.yaml", "argocd/sets/web.yaml")

_PROJECTS = f"{ARGOCD}/user-guide/projects/"
_SPEC = f"{ARGOCD}/operator-manual/project-specification/"
_WINDOWS = f"{ARGOCD}/user-guide/sync_windows/"


def _fault(  # noqa: PLR0913 - each is named in Mutation
    name: str,
    what: str,
    source: str,
    rule: str,
    *edits: Edit,
    repository: str = PLATFORM,
    at: tuple[str, ...] = (),
) -> Mutation:
    return Mutation(name, "AppProjects", what, source, rule, edits, repository, at)


FAULTS = (
    _fault(
        "namespace-denied-beside-one",
        "`!kube-system` beside `payments` permits every other namespace",
        f"{ARGOCD_ISSUE}/21264",
        "project-deny-permits-others",
        Swap(
            PAYMENTS,
            "    - name: prod-eu\n",
            '    - server: https://kubernetes.default.svc\n      namespace: "!kube-system"\n    - name: prod-eu\n',
        ),
    ),
    _fault(
        "cluster-denied-beside-one",
        "a denied cluster beside a permitted one permits all others",
        f"{ARGOCD_ISSUE}/12383",
        "project-deny-permits-others",
        Swap(
            PAYMENTS,
            "    - name: prod-eu\n",
            '    - server: "!https://10.0.0.9"\n      namespace: payments\n    - name: prod-eu\n',
        ),
    ),
    _fault(
        "repository-denied-beside-one",
        "a denied repository beside a permitted one",
        f"{_PROJECTS}#managing-projects",
        "project-deny-permits-others",
        Swap(
            PAYMENTS, "  destinations:\n", '    - "!https://github.com/acme/secrets.git"\n  destinations:\n'
        ),
    ),
    _fault(
        "denial-by-name-only",
        "a namespace is denied on a cluster given by name: not enforced",
        "https://github.com/argoproj/argo-cd/pull/26772",
        "project-deny-not-enforced",
        Swap(
            PAYMENTS,
            "    - name: prod-eu\n      namespace: payments\n",
            '    - name: prod-eu\n      namespace: "*"\n    - name: prod-eu\n      namespace: "!kube-system"\n',
        ),
    ),
    _fault(
        "permitted-kind-removed",
        "a kind that is rendered is permitted no more",
        _SPEC,
        "project-not-permitted",
        Swap(PAYMENTS, "    - group: networking.k8s.io\n      kind: NetworkPolicy\n", ""),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "permitted-kind-in-another-group",
        "Deployment is permitted in the core group",
        _SPEC,
        "project-not-permitted",
        Swap(
            PAYMENTS,
            "    - group: apps\n      kind: Deployment\n",
            '    - group: ""\n      kind: Deployment\n',
        ),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "permitted-kind-in-the-plural",
        "kinds are permitted by kind, not by resource",
        _SPEC,
        "project-not-permitted",
        Swap(PAYMENTS, "kind: Deployment", "kind: deployments"),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "permits-no-kind",
        "an empty namespaceResourceWhitelist permits nothing",
        _SPEC,
        "project-not-permitted",
        Swap(
            DATA,
            "  namespaceResourceBlacklist:\n    - group: rbac.authorization.k8s.io\n      kind: ClusterRole\n",
            "  namespaceResourceWhitelist: []\n",
        ),
        repository=KINDS,
        at=(DATA, *_OF_DATA),
    ),
    _fault(
        "namespace-not-permitted-to-create",
        "CreateNamespace without permission for Namespaces",
        f"{ARGOCD_ISSUE}/1809",
        "project-not-permitted",
        Swap(
            PAYMENTS,
            '  clusterResourceWhitelist:\n    - group: ""\n      kind: Namespace\n      name: payments\n',
            "",
        ),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "another-namespace-permitted-to-create",
        "the Namespace rule names another namespace",
        f"{ARGOCD}/operator-manual/upgrading/3.2-3.3/",
        "project-not-permitted",
        Swap(
            PAYMENTS,
            "      kind: Namespace\n      name: payments\n",
            "      kind: Namespace\n      name: pay\n",
        ),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "kind-forbidden",
        "the blacklist forbids what an overlay renders",
        _SPEC,
        "project-not-permitted",
        Swap(
            DATA,
            "    - group: rbac.authorization.k8s.io\n      kind: ClusterRole\n",
            "    - group: rbac.authorization.k8s.io\n      kind: Role\n",
        ),
        repository=KINDS,
        at=(DATA, *_OF_DATA),
    ),
    _fault(
        "destination-misspelt",
        "a destination's namespace is misspelt",
        _PROJECTS,
        "project-not-permitted",
        Swap(
            PAYMENTS,
            "    - name: prod-eu\n      namespace: payments\n",
            "    - name: prod-eu\n      namespace: payment\n",
        ),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "destination-with-a-slash",
        "the cluster's URL has a slash at its end",
        f"{ARGOCD_ISSUE}/21538",
        "project-not-permitted",
        Swap(PAYMENTS, "https://kubernetes.default.svc", "https://kubernetes.default.svc/"),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "repository-by-ssh",
        "the project has the repository's SSH address, the Applications the other",
        f"{ARGOCD}/user-guide/private-repositories/",
        "project-not-permitted",
        Swap(
            PAYMENTS,
            "https://github.com/acme/platform-manifests.git",
            "git@github.com:acme/platform-manifests.git",
        ),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "star-stops-at-a-slash",
        "`*` in a repository's URL matches no slash",
        f"{_PROJECTS}#managing-projects",
        "project-not-permitted",
        Swap(PAYMENTS, "https://github.com/acme/platform-manifests.git", "https://github.com/*"),
        at=(PAYMENTS, *APPLICATIONS),
    ),
    _fault(
        "window-with-cron",
        "a sync window with `cron`",
        _WINDOWS,
        "invented-field",
        Swap(DATA, "schedule:", "cron:"),
        repository=KINDS,
    ),
    _fault(
        "destination-with-cluster",
        "a destination with `cluster`",
        _SPEC,
        "invented-field",
        Swap(PAYMENTS, "    - name: staging-eu\n", "    - cluster: staging-eu\n"),
    ),
    _fault(
        "one-repository-not-in-a-list",
        "sourceRepos is a text, not a list",
        _SPEC,
        "invented-field",
        Swap(
            DATA,
            "  sourceRepos:\n    - https://github.com/acme/data-manifests.git\n",
            "  sourceRepos: https://github.com/acme/data-manifests.git\n",
        ),
        repository=KINDS,
    ),
    _fault(
        "window-schedule-wrong",
        "a sync window's schedule has an hour that there is not",
        _WINDOWS,
        "project-refused",
        Swap(DATA, "0 22 * * 5", "0 25 * * 5"),
        repository=KINDS,
    ),
    _fault(
        "window-duration-in-words",
        "a sync window's duration is no duration",
        _WINDOWS,
        "project-refused",
        Swap(DATA, "duration: 8h", "duration: 8 hours"),
        repository=KINDS,
    ),
    _fault(
        "window-of-unknown-kind",
        "a sync window blocks in place of denying",
        _WINDOWS,
        "project-refused",
        Swap(DATA, "kind: deny", "kind: block"),
        repository=KINDS,
    ),
    _fault(
        "policy-of-another-project",
        "a role's policy is about another project's Applications",
        f"{ARGOCD}/operator-manual/rbac/",
        "project-refused",
        Swap(DATA, "data/*, allow", "web/*, allow"),
        repository=KINDS,
    ),
    _fault(
        "policy-of-another-role",
        "a policy's subject is a role that the project does not have",
        f"{ARGOCD}/operator-manual/rbac/",
        "project-refused",
        Swap(DATA, "proj:data:deployer", "proj:data:deploy"),
        repository=KINDS,
    ),
)
