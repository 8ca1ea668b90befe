"""The API server would accept an object with a warning.

## What it does
Shows the warnings that `kubectl apply` prints: deprecated versions and fields, and settings that do not
do what they seem to.

## Why is this bad
A deprecated version disappears with an upgrade of the cluster, and Argo CD does not show warnings to
anybody.

## Bad
```yaml
spec:
  nodeSelector:
    beta.kubernetes.io/arch: amd64
```

## Good
```yaml
spec:
  nodeSelector:
    kubernetes.io/arch: amd64
```

## How to fix
Do what the warning says. Findings are notes: they are shown and never fail a check. To make them fail, set
`policy: {rules: {api-server-warns: warning}}` in `sealock.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.api_lifecycle import LIFECYCLES
from sealock.domain.finding import Finding, Severity
from sealock.domain.source_map import parse_path
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("api-server-warns", "the API server would warn about an object", Severity.NOTE)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every warning that a create request would get; `deprecated-api-version` words some better."""
    for overlay, each in view.in_scope():
        for path, message in each.admission.warnings if each.admission else ():
            if _is_worded_elsewhere(message) and (each.key.api_version, each.key.kind) in LIFECYCLES:
                continue
            yield META.finding(
                view.where(each, parse_path(path, each.manifest)),
                f"{path}: {message}" if path else message,
                resource=str(each.key),
                overlay=overlay.path,
            )


def _is_worded_elsewhere(message: str) -> bool:
    """Say whether a warning is of a version that ends, which the linked release judges by its own number."""
    return " is deprecated in v1." in message or "--runtime-config" in message
