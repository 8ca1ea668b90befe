"""Labels for a namespace that Argo CD does not create.

## What it does
Reports Applications with `managedNamespaceMetadata` and without the sync option `CreateNamespace=true`.

## Why is this bad
Argo CD only looks at the labels and annotations when it creates the namespace. Without the option they
do nothing: a Pod Security label that is not there protects nothing.

## Bad
```yaml
syncPolicy:
  managedNamespaceMetadata:
    labels: {pod-security.kubernetes.io/enforce: restricted}
```

## Good
```yaml
syncPolicy:
  managedNamespaceMetadata:
    labels: {pod-security.kubernetes.io/enforce: restricted}
  syncOptions:
    - CreateNamespace=true
```

## How to fix
Add `- CreateNamespace=true` to `syncOptions`, or label the namespace where it is declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.rules.argocd.spec import found, sync_options
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView


META = Meta(
    "managed-namespace-metadata-inert", "labels for a namespace that Argo CD does not create", Severity.ERROR
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application whose labels and annotations for the namespace do nothing."""
    # Source: controller/sync.go, WithNamespaceModifier; docs/user-guide/sync-options.md.
    for application in view.scoped(view.applications):
        metadata = value_of(application.manifest, "spec", "syncPolicy", "managedNamespaceMetadata")
        options = sync_options(application.manifest)
        if metadata and "CreateNamespace=true" not in options:
            message = "`managedNamespaceMetadata` does nothing without the sync option `CreateNamespace=true`"
            place = ("spec", "syncPolicy", "managedNamespaceMetadata")
            fix = "Add `- CreateNamespace=true` to `syncOptions`."
            yield found(META, view, application, place, message, fix)
