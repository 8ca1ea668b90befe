"""An Application has a source that is not used.

## What it does
Reports Applications with `source` beside `sources`, or with one of these beside `sourceHydrator`.

## Why is this bad
Argo CD takes one of them and ignores the other without a word: `sourceHydrator` before `sources` before
`source`. What the ignored one would deploy is not deployed, and is pruned where it was.

## Bad
```yaml
spec:
  source:
    repoURL: https://github.com/acme/platform.git
    path: ledger/overlays/production
  sources:
    - repoURL: https://github.com/acme/extras.git
      path: ledger
```

## Good
```yaml
spec:
  sources:
    - repoURL: https://github.com/acme/platform.git
      path: ledger/overlays/production
    - repoURL: https://github.com/acme/extras.git
      path: ledger
```

## How to fix
Move the source into `sources`, or remove it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.rules.argocd.spec import found
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView


META = Meta("source-beside-sources", "an Application has a source that is not used", Severity.ERROR)

# Source: ApplicationSpec.GetSource and GetSources in pkg/apis/application/v1alpha1/types.go.
_ORDER = ("sourceHydrator", "sources", "source")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each source that another one hides."""
    for application in view.scoped(view.applications):
        spec = application.manifest.get("spec")
        given = [name for name in _ORDER if value_of(spec, name)]
        for name in given[1:]:
            message = f"Argo CD ignores `{name}`, because there is `{given[0]}`"
            fix = "Move it into `sources`." if given[0] == "sources" else "Remove one of the two."
            yield found(META, view, application, ("spec", name), message, fix)
