"""An ApplicationSet says that nested selectors do not count, and they do.

## What it does
Reports `applyNestedSelectors: false`.

## Why is this bad
Argo CD ignores the field since 3.0 and always applies selectors in nested generators. Where some were
there without effect, they now leave Applications out, and those are deleted.

## Bad
```yaml
spec:
  applyNestedSelectors: false
```

## Good
```yaml
spec:
  generators: []
```

## How to fix
Remove the field, and with it the nested selectors that should not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.rules.argocd.spec import found
from sealock.rules.meta import Meta, Range
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView


META = Meta(
    "nested-selectors-ignored",
    "an ApplicationSet says that nested selectors do not count",
    Severity.WARNING,
    argocd=Range(since=(3, 0)),
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each ApplicationSet that relies on the old behaviour."""
    # Source: docs/operator-manual/upgrading/2.14-3.0.md, "applyNestedSelectors".
    for each in view.scoped(view.sets):
        if value_of(each.manifest, "spec", "applyNestedSelectors") is False:
            message = "Argo CD ignores `applyNestedSelectors: false`: nested selectors always count"
            fix = "Remove it, and the nested selectors that should not count."
            yield found(META, view, each, ("spec", "applyNestedSelectors"), message, fix)
