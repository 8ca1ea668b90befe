"""A template of an ApplicationSet writes `<no value>` for what is missing.

## What it does
Reports ApplicationSets with `goTemplate: true` and without `missingkey=error` in `goTemplateOptions`.

## Why is this bad
A misspelt parameter becomes the text `<no value>`: the Application gets a wrong path or namespace, or an
existing one is renamed, which deletes it and its workloads.

## Bad
```yaml
spec:
  goTemplate: true
  template: {}
```

## Good
```yaml
spec:
  goTemplate: true
  goTemplateOptions: ["missingkey=error"]
```

## How to fix
Add `goTemplateOptions: ["missingkey=error"]`. A parameter that may be missing is then written with
`dig`, or with `hasKey`.
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


META = Meta(
    "missing-key-not-error",
    "a template of an ApplicationSet writes <no value> for what is missing",
    Severity.WARNING,
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each ApplicationSet whose Go template lets parameters be missing."""
    # Source: docs/operator-manual/applicationset/GoTemplate.md; text/template's Option.
    for each in view.scoped(view.sets):
        options = value_of(each.manifest, "spec", "goTemplateOptions")
        listed = options if isinstance(options, list) else []
        if value_of(each.manifest, "spec", "goTemplate") is True and "missingkey=error" not in listed:
            message = "a parameter that is missing becomes the text `<no value>`"
            fix = 'Add `goTemplateOptions: ["missingkey=error"]`.'
            yield found(META, view, each, ("spec", "goTemplate"), message, fix)
