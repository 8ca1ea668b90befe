"""Two Applications deploy the same object.

## What it does
Compares what the Applications of the repository render: the same group, kind, namespace and name on the
same cluster may come from one of them only. An object without a namespace goes to the destination's.
`in-cluster` is another cluster for each Argo CD, so Applications that deploy there are compared only where
they stand in one folder, or in one overlay.

## Why is this bad
Each sync of one takes the object from the other, which is OutOfSync from then on (`SharedResourceWarning`);
with self-heal the two undo each other without end, and pruning one deletes the object of both.

## Bad
```yaml
# ledger-staging.yaml and ledger-production.yaml
destination: {name: prod-eu, namespace: payments}
```

## Good
```yaml
# ledger-staging.yaml
destination: {name: staging-eu, namespace: payments}
```

## How to fix
Correct the destination or the path of one, or leave the object to one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import IN_CLUSTER, cluster_of, found, sources
from sealock.rules.argocd.sync_order import HOOK, annotation
from sealock.rules.kinds import CLUSTER_WIDE
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealock.domain.finding import Finding
    from sealock.rules.view import ApplicationView, OverlayView, RepositoryView

META = Meta("object-owned-twice", "two Applications deploy the same object", Severity.ERROR)

_Key = tuple[str, str, str, str]
_Place = tuple[str, str] | None
# Options of a source that change what an object is called, and with which nothing was rendered.
_RENAMING = ("namePrefix", "nameSuffix", "namespace", "patches", "components")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each pair of Applications with an object in common, once, at the later one in scope."""
    rendered = {overlay.path: overlay for overlay in view.overlays}
    asked = [(each, _place(view, each)) for each in view.applications]
    doubled = _doubled(asked, rendered)
    owners: dict[tuple[_Place, _Key], ApplicationView] = {}
    shared: dict[tuple[int, int], list[_Key]] = {}
    pairs: dict[tuple[int, int], tuple[ApplicationView, ApplicationView]] = {}
    for application, place in asked if doubled else ():
        for key, overlay, index in _keys(application, rendered) if place else ():
            if (place, key) not in doubled or annotation(overlay.objects[index].manifest, HOOK):
                continue  # hooks come and go
            first = owners.setdefault((place, key), application)
            if first is not application and _identity(first) != _identity(application):
                pair = (id(first), id(application))
                pairs[pair] = (first, application)
                shared.setdefault(pair, []).append(key)
    for pair, keys in shared.items():
        first, second = pairs[pair]
        if first.in_scope or second.in_scope:
            yield _finding(view, first, second, keys)


def _place(view: RepositoryView, application: ApplicationView) -> _Place:
    """Return the cluster and who reads the Application; None where nobody knows what it deploys there."""
    cluster = cluster_of(view, application.manifest)
    if not cluster or _is_renamed(application):
        return None
    return cluster, _home(application) if cluster == IN_CLUSTER else ""


def _doubled(
    asked: Iterable[tuple[ApplicationView, _Place]], rendered: Mapping[str, OverlayView]
) -> set[tuple[_Place, _Key]]:
    """Return what several Applications deploy, one in scope among them: few are worth a closer look."""
    owners: dict[tuple[_Place, _Key], ApplicationView] = {}
    several: set[tuple[_Place, _Key]] = set()
    in_scope: set[tuple[_Place, _Key]] = set()
    for application, place in asked:
        for key, _, _ in _keys(application, rendered) if place else ():
            if owners.setdefault((place, key), application) is not application:
                several.add((place, key))
            if application.in_scope:
                in_scope.add((place, key))
    return several & in_scope


def _finding(
    view: RepositoryView, first: ApplicationView, second: ApplicationView, keys: list[_Key]
) -> Finding:
    here, other = (second, first) if second.in_scope else (first, second)
    _, kind, namespace, name = keys[0]
    shown = printable(f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}")
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    message = f"Application {printable(other.name)} deploys {shown}{more} to the same cluster too"
    place = here.sources[0].field if here.sources else ("spec", "destination")
    return found(META, view, here, place, message, "Correct the path or the destination of one of them.")


def _home(application: ApplicationView) -> str:
    """Return what tells the Argo CD that reads an Application from others in the repository."""
    return application.overlay or application.file.rpartition("/")[0]


def _identity(application: ApplicationView) -> tuple[str, str]:
    return text_of(application.manifest, "metadata", "namespace"), application.name


def _is_renamed(application: ApplicationView) -> bool:
    return any(
        value_of(source, "kustomize", name)
        for _, source in sources(application.manifest)
        for name in _RENAMING
    )


def _keys(
    application: ApplicationView, rendered: Mapping[str, OverlayView]
) -> Iterator[tuple[_Key, OverlayView, int]]:
    """Yield what identifies each object that an Application deploys, and its overlay and index there."""
    default = text_of(application.manifest, "spec", "destination", "namespace")
    for source in application.sources:
        overlay = rendered.get(source.path) if source.state == "fine" else None
        for index, key in enumerate(overlay.keys if overlay else ()):
            if overlay and key.name:
                namespace = "" if key.kind in CLUSTER_WIDE else key.namespace or default
                yield (key.api_version.rpartition("/")[0], key.kind, namespace, key.name), overlay, index
