"""A denial in an AppProject permits everything else.

## What it does
Reports entries of `destinations` and `sourceRepos` that begin with `!` beside narrower entries that
permit something. A denial beside `*`, or alone, is fine: it says what it does.

## Why is this bad
In Argo CD `!kube-system` matches every namespace but that one, and what matches is permitted. Beside
`payments` it makes the list of permitted namespaces mean nothing.

## Bad
```yaml
destinations:
  - server: https://kubernetes.default.svc
    namespace: payments
  - server: https://kubernetes.default.svc
    namespace: "!kube-system"
```

## Good
```yaml
destinations:
  - server: https://kubernetes.default.svc
    namespace: payments
```

## How to fix
Remove the denial: what is not listed is not permitted anyway. To permit everything else, write `*` beside
the denial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.project_patterns import (
    Destination,
    covers,
    destinations,
    is_denial,
    is_everything,
    same_clusters,
)
from sealock.rules.argocd.spec import found
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.finding import Finding
    from sealock.rules.view import ApplicationView, RepositoryView

META = Meta(
    "project-deny-permits-others", "a denial in an AppProject permits everything else", Severity.ERROR
)

_FIX = "Remove it: what is not listed is not permitted. Or write `*` to permit the rest."


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each denial that permits more than the entries beside it."""
    for project in view.scoped(view.projects):
        yield from _destinations(view, project)
        yield from _repositories(view, project)


def _destinations(view: RepositoryView, project: ApplicationView) -> Iterator[Finding]:
    listed = destinations(project)
    permitting = [each for each in listed if not each.denies]
    for denial in listed:
        field = next(
            (name for name in ("namespace", "server", "name") if is_denial(getattr(denial, name))), ""
        )
        if not field or any(_is_meant(each, denial, field) for each in permitting):
            continue
        narrowed = next((each for each in permitting if _is_narrower(each, denial, field)), None)
        if narrowed is not None:
            text, other = printable(getattr(denial, field)), printable(getattr(narrowed, field))
            message = f"`{text}` permits every other {field}, so `{other}` is not all that is permitted"
            yield found(META, view, project, ("spec", "destinations", denial.place, field), message, _FIX)


def _is_meant(permitting: Destination, denial: Destination, field: str) -> bool:
    """Say whether an entry openly permits what the denial leaves."""
    if field == "namespace":
        return is_everything(permitting.namespace) and same_clusters(permitting, denial)
    wide = is_everything(permitting.server) or is_everything(permitting.name)
    return wide and covers(permitting.namespace, denial.namespace)


def _is_narrower(permitting: Destination, denial: Destination, field: str) -> bool:
    """Say whether the denial permits all of what an entry permits, and more."""
    if field == "namespace":
        denied = covers(denial.namespace[1:], permitting.namespace)
        return bool(permitting.namespace) and not denied and same_clusters(denial, permitting)
    own: str = getattr(permitting, field)
    return (
        bool(own)
        and not covers(getattr(denial, field)[1:], own)
        and covers(denial.namespace, permitting.namespace)
    )


def _repositories(view: RepositoryView, project: ApplicationView) -> Iterator[Finding]:
    listed = value_of(project.manifest, "spec", "sourceRepos")
    repositories: Sequence[str] = [str(each) for each in (listed if isinstance(listed, list) else ())]
    permitting = [each for each in repositories if not is_denial(each)]
    if not permitting or any(map(is_everything, permitting)):
        return
    for index, each in enumerate(repositories):
        if is_denial(each):
            other = printable(permitting[0])
            message = f"`{printable(each)}` permits every other repository, not only `{other}`"
            yield found(META, view, project, ("spec", "sourceRepos", index), message, _FIX)
