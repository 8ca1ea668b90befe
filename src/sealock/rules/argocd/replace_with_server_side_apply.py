"""Replace and server-side apply are both asked for.

## What it does
Reports Applications with both `Replace=true` and `ServerSideApply=true`, and objects whose annotation
`argocd.argoproj.io/sync-options` has both. An object that replaces in an Application that applies on the
server is an exception, and fine.

## Why is this bad
`Replace=true` wins: every sync is a `kubectl replace`, which drops the fields that controllers own, such
as an autoscaler's replicas, and can recreate the object. Nothing is applied on the server.

## Bad
```yaml
syncOptions:
  - Replace=true
  - ServerSideApply=true
```

## Good
```yaml
syncOptions:
  - ServerSideApply=true
```

## How to fix
Remove `Replace=true`, and put it on the single objects that need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.rules.argocd.spec import OPTIONS, found, sync_options
from sealock.rules.argocd.unknown_sync_option import ANNOTATION
from sealock.rules.meta import Meta
from sealock.rules.view import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView


META = Meta(
    "replace-with-server-side-apply", "Replace and server-side apply are both asked for", Severity.ERROR
)

# Source: docs/user-guide/sync-options.md ("Replace=true takes precedence") and sync_context.go, applyObject.
_REPLACE, _SERVER_SIDE = "Replace=true", "ServerSideApply=true"
_MESSAGE = "`Replace=true` wins over `ServerSideApply=true`: every sync replaces the object"
_FIX = "Remove `Replace=true`."


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application, and each object, with both options."""
    for application in view.scoped(view.applications):
        options = sync_options(application.manifest)
        if _REPLACE in options and _SERVER_SIDE in options:
            place = (*OPTIONS, options.index(_REPLACE))
            yield found(META, view, application, place, _MESSAGE, _FIX)
    for overlay, each in view.in_scope():
        text = text_of(each.manifest, "metadata", "annotations", ANNOTATION)
        options = [option.strip() for option in text.split(",")] if text else []
        if _REPLACE in options and _SERVER_SIDE in options:
            yield META.finding(
                view.where(each, ("metadata", "annotations", ANNOTATION)),
                _MESSAGE,
                fix=_FIX,
                resource=str(each.key),
                overlay=overlay.path,
            )
