"""The configured Kubernetes no longer serves an API version.

## What it does
Compares the API version of every rendered object with the releases in which Kubernetes dropped its own
versions, as its code and its published schemas tell.

## Why is this bad
The sync fails: the cluster does not know the kind in that version, and Argo CD stops there.

## Bad
```yaml
# with versions: {kubernetes: "1.36"}
apiVersion: policy/v1beta1   # gone since 1.25
kind: PodDisruptionBudget
```

## Good
```yaml
apiVersion: policy/v1
kind: PodDisruptionBudget
```

## How to fix
Use the version that the finding names; its fields may differ, and schema-violation says where. If the
release is not that of your clusters, set `versions.kubernetes` in `sealock.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.api_lifecycle import LIFECYCLES, is_removed, replacement
from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta(
    "removed-api-version", "the configured Kubernetes no longer serves an API version", Severity.ERROR
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every object of a version that is gone."""
    minor = view.kubernetes[1]
    for overlay, each in view.in_scope():
        key = each.key
        if is_removed(key.api_version, key.kind, minor):
            removed = LIFECYCLES[key.api_version, key.kind].removed
            instead = replacement(key.api_version, key.kind, minor)
            yield META.finding(
                view.where(each, ("apiVersion",)),
                f"{key.api_version} {key.kind} is gone since Kubernetes 1.{removed}; yours is 1.{minor}",
                fix=f"Use {instead}." if instead else "Nothing takes its place: remove the object.",
                resource=str(key),
                overlay=overlay.path,
            )
