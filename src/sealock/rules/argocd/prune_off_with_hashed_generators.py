"""Generated ConfigMaps pile up, because nothing is pruned.

## What it does
Reports Applications that sync by themselves without pruning, and deploy ConfigMaps or Secrets of a
`configMapGenerator` or `secretGenerator`, whose names end in a hash of their content. Those annotated with
`argocd.argoproj.io/compare-options: IgnoreExtraneous` are fine.

## Why is this bad
Each change of the content makes a new object, and the old one stays: the Application is OutOfSync for
ever, and real drift no longer stands out.

## Bad
```yaml
# the overlay has a configMapGenerator
syncPolicy:
  automated: {prune: false}
```

## Good
```yaml
# in the kustomization
generatorOptions:
  annotations:
    argocd.argoproj.io/compare-options: IgnoreExtraneous
```

## How to fix
Annotate generated objects with `IgnoreExtraneous`, by `generatorOptions`, or let Argo CD prune.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import AUTOMATED, automated, found, sync_options
from sealock.rules.argocd.sync_order import annotation, listed
from sealock.rules.argocd.unknown_compare_option import ANNOTATION as COMPARE_OPTIONS
from sealock.rules.argocd.unknown_sync_option import ANNOTATION as SYNC_OPTIONS
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.finding import Finding
    from sealock.rules.view import JudgedObject, RepositoryView

META = Meta(
    "prune-off-with-hashed-generators",
    "generated ConfigMaps pile up, because nothing is pruned",
    Severity.WARNING,
)

# Source: kustomize, api/hasher: ten characters of these.
_HASHED = re.compile(r".+-[2456789bcdfghkmt]{10}")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application that leaves old generated objects behind."""
    applications = list(view.scoped(view.applications))
    deployed = {source.path for each in applications for source in each.sources}
    hashed = {
        overlay.path: [each for each in overlay.objects if _is_hashed(each)]
        for overlay in view.overlays
        if overlay.path in deployed
    }
    if not any(hashed.values()):
        return
    for application in applications:
        given = automated(application.manifest)
        if given is None:
            continue
        objects = [each for source in application.sources for each in hashed.get(source.path, ())]
        default = sync_options(application.manifest)
        left = [each for each in objects if given.get("prune") is not True or not _is_pruned(each, default)]
        if left:
            shown = f"{left[0].key.kind} {printable(left[0].key.name)}"
            message = f"nothing prunes {shown}: old ones stay, and keep the Application OutOfSync"
            fix = "Annotate what is generated with `argocd.argoproj.io/compare-options: IgnoreExtraneous`."
            place = (*AUTOMATED, "prune") if "prune" in given else AUTOMATED
            yield found(META, view, application, place, message, fix)


def _is_hashed(each: JudgedObject) -> bool:
    """Say whether an object's name changes with its content, and old ones count for the comparison."""
    return (
        bool(each.origin.generator)
        and _HASHED.fullmatch(each.key.name) is not None
        and "IgnoreExtraneous" not in listed(annotation(each.manifest, COMPARE_OPTIONS))
    )


def _is_pruned(each: JudgedObject, default: Sequence[str]) -> bool:
    """Say whether Argo CD deletes old ones; an object's own option goes before the Application's.

    Source: isPruningDisabled in gitops-engine, pkg/sync/sync_context.go.
    """
    own = [
        option for option in listed(annotation(each.manifest, SYNC_OPTIONS)) if option.startswith("Prune=")
    ]
    return "Prune=false" not in (own or default)
