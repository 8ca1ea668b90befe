"""An overlay leaves its objects without a namespace.

## What it does
Reports overlays that render namespaced objects without a namespace and have no `namespace:` of their
own. It is a note where an Application's destination fills the gap, and nothing where the Application sets
`kustomize.namespace`.

## Why is this bad
What is applied by hand, compared, or read by a person lands in whatever namespace happens to be current.

## Bad
```yaml
# overlays/dev/kustomization.yaml
resources:
  - ../../base
```

## Good
```yaml
namespace: payments
resources:
  - ../../base
```

## How to fix
Add `namespace:` to the overlay's kustomization.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealock.domain.finding import Finding, Severity
from sealock.domain.location import Location
from sealock.domain.manifest_folder import is_folder
from sealock.rules.kinds import CLUSTER_WIDE
from sealock.rules.meta import Meta
from sealock.rules.view import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import ApplicationSource, ApplicationView, JudgedObject, RepositoryView

META = Meta(
    "missing-namespace-transformer", "an overlay leaves its objects without a namespace", Severity.WARNING
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each overlay with namespaced built-in objects that have no namespace."""
    filled = {
        source.path
        for application in view.applications
        if text_of(application.manifest, "spec", "destination", "namespace")
        for source in application.sources
    }
    given = {
        source.path
        for application in view.applications
        for source in application.sources
        if _namespace(application, source)
    }
    for overlay in view.overlays:
        if not overlay.in_scope or overlay.path in given or is_folder(overlay.path):
            continue
        bare = [each for each in overlay.objects if _needs_namespace(each)]
        if bare:
            more = f" and {len(bare) - 1} more" if len(bare) > 1 else ""
            kind, name = bare[0].key.kind, bare[0].key.name
            yield META.finding(
                Location(overlay.file, 1, 1),
                f"the overlay sets no namespace, and neither has {kind} {name}{more}",
                fix="Add `namespace:` to the kustomization.",
                overlay=overlay.path,
                severity=Severity.NOTE if overlay.path in filled else None,
            )


def _namespace(application: ApplicationView, source: ApplicationSource) -> str:
    """Return the namespace that a source tells Kustomize to set."""
    node: Any = application.manifest
    for step in source.field[:-1]:
        node = node[step]
    return text_of(node, "kustomize", "namespace")


def _needs_namespace(each: JudgedObject) -> bool:
    """Say whether a built-in kind lives in a namespace and the object names none."""
    group = each.key.api_version.rpartition("/")[0]
    built_in = "." not in group or group.endswith(".k8s.io")
    return built_in and not each.key.namespace and each.key.kind not in CLUSTER_WIDE
