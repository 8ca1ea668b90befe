"""An API version is deprecated in the configured Kubernetes, or gone in the next release.

## What it does
Compares the API version of every rendered object with the releases in which Kubernetes deprecated and
dropped its own versions, as its code and its published schemas tell.

## Why is this bad
After an upgrade of the cluster the next sync fails, and until then nobody sees the warning that the API
server gives to Argo CD.

## Bad
```yaml
# with versions: {kubernetes: "1.36"}
apiVersion: resource.k8s.io/v1beta1   # deprecated since 1.35, gone in 1.38
kind: ResourceClaimTemplate
```

## Good
```yaml
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
```

## How to fix
Use the version that the finding names before you upgrade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.api_lifecycle import LIFECYCLES, is_ending, replacement
from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta(
    "deprecated-api-version", "an API version is deprecated, or gone in the next release", Severity.WARNING
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every object of a version that ends."""
    minor = view.kubernetes[1]
    for overlay, each in view.in_scope():
        key = each.key
        if is_ending(key.api_version, key.kind, minor):
            instead = replacement(key.api_version, key.kind, minor)
            yield META.finding(
                view.where(each, ("apiVersion",)),
                f"{key.api_version} {key.kind} {_end(key.api_version, key.kind, minor)}",
                fix=f"Use {instead} before you upgrade." if instead else "Plan to do without it.",
                resource=str(key),
                overlay=overlay.path,
            )


def _end(api_version: str, kind: str, minor: int) -> str:
    lifecycle = LIFECYCLES[api_version, kind]
    gone = f"gone in 1.{lifecycle.removed}"
    if lifecycle.removed == minor + 1:
        return f"is {gone}, your next release"
    return f"is deprecated since Kubernetes 1.{lifecycle.deprecated} and {gone}"
