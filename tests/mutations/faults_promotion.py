"""Faults of promotion: what runs where, and whether it has been where it had to be before."""

from __future__ import annotations

from tests.mutations.mutation import KUBERNETES, PLATFORM, Append, Edit, Mutation, Swap

DEV = "services/ledger/overlays/dev/kustomization.yaml"
STAGING = "services/ledger/overlays/staging/kustomization.yaml"
PRODUCTION = "services/ledger/overlays/production/kustomization.yaml"
_STAGED = '    newTag: "2.7.1"\n'
_LIVE = "    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
_LATEST = '    newTag: "latest"\n'

_IMAGES = f"{KUBERNETES}/concepts/containers/images/"
_PRACTICE = f"{KUBERNETES}/concepts/configuration/overview/"
_GITOPS = "https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/"
_KARGO = "https://docs.kargo.io/user-guide/core-concepts/"
_DOWN = "https://github.com/argoproj-labs/argocd-image-updater/issues/1383"


def _digest(letter: str) -> str:
    return f"    digest: sha256:{letter * 64}\n"


def _fault(  # noqa: PLR0913 - each is named in Mutation
    name: str,
    what: str,
    source: str,
    rule: str,
    *edits: Edit,
    steps: tuple[tuple[Edit, ...], ...] = (),
    at: tuple[str, ...] = (),
    gap: str = "",
    said: str = "",
) -> Mutation:
    return Mutation(
        name, "Promotion", what, source, rule, edits, PLATFORM, at, steps=steps, gap=gap, said=said
    )


_PINNED = (Swap(DEV, _LATEST, _digest("a")), Swap(STAGING, _STAGED, _digest("a")))

_HOTFIX = f"""\
hotfix(ledger): production [sha256:ccccc]

Promotion-Image: ledger production: nothing → ghcr.io/acme/ledger@sha256:{"c" * 64}
Promotion-Reason: a hole in the payments
Approved-by: bob@acme.dev
Promotion-Plan: sha256:{"0" * 64}
"""

FAULTS = (
    _fault(
        "production-latest",
        "production runs `latest`",
        _PRACTICE,
        "mutable-tag-in-production",
        Swap(PRODUCTION, _LIVE, _LATEST),
    ),
    _fault(
        "production-branch",
        "production runs what a branch builds",
        _GITOPS,
        "mutable-tag-in-production",
        Swap(PRODUCTION, _LIVE, "    newTag: main\n"),
    ),
    _fault(
        "production-without-tag",
        "the entry of `images` is gone, and the base's image has no tag",
        _IMAGES,
        "mutable-tag-in-production",
        Swap(PRODUCTION, f"images:\n  - name: ghcr.io/acme/ledger\n{_LIVE}", ""),
        at=(PRODUCTION, "services/ledger/base/deployment.yaml"),
    ),
    _fault(
        "production-by-tag",
        "production is pinned by a version, which can be pushed again",
        _IMAGES,
        "missing-digest-in-production",
        Swap(PRODUCTION, _LIVE, '    newTag: "2.7.1"\n'),
    ),
    _fault(
        "staging-latest",
        "staging runs `latest`",
        _PRACTICE,
        "mutable-tag-outside-dev",
        Swap(STAGING, _STAGED, _LATEST),
    ),
    _fault(
        "staging-branch",
        "staging runs what a branch builds",
        _GITOPS,
        "mutable-tag-outside-dev",
        Swap(STAGING, _STAGED, "    newTag: develop\n"),
    ),
    _fault(
        "staging-smaller",
        "staging has fewer replicas than production",
        _PRACTICE,
        "staging-replicas-differ",
        Swap("services/ledger/overlays/staging/replica-patch.yaml", "replicas: 3", "replicas: 1"),
    ),
    _fault(
        "staging-scales-less",
        "staging's autoscaler keeps fewer Pods than production's",
        _PRACTICE,
        "staging-replicas-differ",
        Swap("services/storefront/overlays/staging/replica-patch.yaml", "minReplicas: 3", "minReplicas: 1"),
    ),
    _fault(
        "digest-not-proven",
        "production gets a digest that staging never had",
        _KARGO,
        "digest-not-proven",
        Swap(PRODUCTION, _LIVE, _digest("b")),
        steps=(_PINNED,),
    ),
    _fault(
        "digest-from-dev",
        "production gets the digest of dev, past staging",
        _KARGO,
        "digest-not-proven",
        Swap(PRODUCTION, _LIVE, _digest("c")),
        steps=(_PINNED, (Swap(DEV, _digest("a"), _digest("c")),)),
    ),
    _fault(
        "digest-of-another-image",
        "production gets the digest of another service",
        _KARGO,
        "digest-not-proven",
        Swap(
            PRODUCTION,
            _LIVE,
            "    digest: sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752\n",
        ),
        steps=(_PINNED,),
    ),
    _fault(
        "environment-skipped",
        "staging gets a digest that dev never had",
        _KARGO,
        "environment-skipped",
        Swap(STAGING, _digest("a"), _digest("d")),
        steps=(_PINNED,),
    ),
    _fault(
        "downgrade",
        "staging goes back to a lower version",
        _DOWN,
        "image-downgrade",
        Swap(STAGING, _STAGED, '    newTag: "2.6.0"\n'),
    ),
    _fault(
        "downgrade-by-a-merge",
        "a merge takes back the last promotion",
        _DOWN,
        "image-downgrade",
        Swap(STAGING, '    newTag: "2.8.0"\n', _STAGED),
        steps=((Swap(STAGING, _STAGED, '    newTag: "2.8.0"\n'),),),
    ),
    _fault(
        "downgrade-to-a-candidate",
        "a release goes back to its release candidate",
        _DOWN,
        "image-downgrade",
        Swap(STAGING, _STAGED, '    newTag: "2.7.1-rc.2"\n'),
    ),
    _fault(
        "hotfix-never-went-the-normal-way",
        "production was mended past the other environments, which still run the fault",
        _KARGO,
        "hotfix-debt",
        Append(PRODUCTION, "# mended in a hurry\n"),
        steps=(_PINNED, (Swap(PRODUCTION, _LIVE, _digest("c")),)),
        said=_HOTFIX,
    ),
)
