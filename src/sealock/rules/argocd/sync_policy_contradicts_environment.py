"""An Application syncs in another way than its environment should.

## What it does
Compares the Application of an overlay with what `sealock.yaml` says about its environment: `sync`,
`selfHeal` and, outside of production, `prune`. Only what is written there counts, not a default, and
what `services.yaml` says for the service goes before it. Automatic pruning in production has its own rule,
`production-auto-prune`.

## Why is this bad
Who reads `sync: manual` expects that nothing reaches production before somebody starts it.

## Bad
```yaml
# sealock.yaml: environments: {production: {after: staging, sync: manual}}
syncPolicy:
  automated: {selfHeal: true}
```

## Good
```yaml
syncPolicy:
  syncOptions:
    - CreateNamespace=true
```

## How to fix
Change the Application, or what `sealock.yaml` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.overlays import environment_of
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import AUTOMATED, automated, catalog_sets, found
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.domain.settings import Environment
    from sealock.domain.yaml_document import Path
    from sealock.rules.view import ApplicationView, RepositoryView

META = Meta(
    "sync-policy-contradicts-environment",
    "an Application syncs in another way than its environment should",
    Severity.WARNING,
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each field of a sync policy that is not what `sealock.yaml` says."""
    for application in view.scoped(view.applications):
        names = {environment_of(each.path) for each in application.sources if each.path} - {None}
        declared = view.settings.environments.get(names.pop() or "") if len(names) == 1 else None
        if declared is None:
            continue
        for key, path, message in _contradictions(application, declared):
            if not catalog_sets(view, application, declared.name, key):
                fix = f"Change it, or `{key}` of {printable(declared.name)} in sealock.yaml."
                yield found(META, view, application, path, message, fix)


def _contradictions(application: ApplicationView, declared: Environment) -> Iterator[tuple[str, Path, str]]:
    """Yield the key of `sealock.yaml`, the field that contradicts it, and how."""
    given, wanted = automated(application.manifest), declared.sync
    where = f"sealock.yaml says for {printable(declared.name)}"
    if given is not None and wanted.mode == "manual":
        if _is_said(declared, "sync"):
            yield "sync", AUTOMATED, f"the Application syncs by itself; {where} `sync: manual`"
        return
    if given is None:
        # An ApplicationSet that rolls out starts the syncs of its Applications itself.
        if wanted.mode == "automated" and _is_said(declared, "sync") and application.generated is None:
            yield "sync", ("spec", "syncPolicy"), f"the Application is synced by hand; {where} `sync: auto`"
        return
    keys = {"selfHeal": wanted.self_heal} | ({} if declared.production else {"prune": wanted.prune})
    for key, value in keys.items():
        actual = value_of(given, key) is True
        if _is_said(declared, key) and actual != value:
            said = f"`{key}: {_text(actual)}`" if key in given else f"no `{key}`"
            yield key, (*AUTOMATED, key), f"the Application has {said}; {where} `{key}: {_text(value)}`"


def _is_said(declared: Environment, key: str) -> bool:
    """Say whether the user wrote a key, and it is no default."""
    return not declared.origins.get(key, "default").startswith("default")


def _text(value: bool) -> str:  # noqa: FBT001 - as YAML writes it
    return str(value).lower()
