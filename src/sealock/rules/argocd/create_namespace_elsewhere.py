"""CreateNamespace makes another namespace than the one that is needed.

## What it does
Reports Applications with the sync option `CreateNamespace=true` where everything that they render has a
namespace of its own, none of it `spec.destination.namespace`, and nothing in the repository creates the
namespace that is needed.

## Why is this bad
Argo CD creates `spec.destination.namespace`, not the namespace that Kustomize sets. The sync fails with
`namespaces "payments" not found`, and an empty namespace is left behind.

## Bad
```yaml
# the overlay's kustomization says namespace: payments
destination: {name: in-cluster, namespace: ledger}
syncPolicy: {syncOptions: [CreateNamespace=true]}
```

## Good
```yaml
destination: {name: in-cluster, namespace: payments}
syncPolicy: {syncOptions: [CreateNamespace=true]}
```

## How to fix
Make the two namespaces one, or render a Namespace object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import OPTIONS, found, sources, sync_options
from sealock.rules.kinds import CLUSTER_WIDE
from sealock.rules.meta import Meta
from sealock.rules.view import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sealock.domain.finding import Finding
    from sealock.rules.view import ApplicationView, JudgedObject, RepositoryView

META = Meta(
    "create-namespace-elsewhere",
    "CreateNamespace makes another namespace than the one that is needed",
    Severity.WARNING,
    Confidence.MEDIUM,
)

_CREATE = "CreateNamespace=true"
_ALWAYS_THERE = frozenset({"argocd", "default", "kube-node-lease", "kube-public", "kube-system"})


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application whose objects go to a namespace that nothing creates."""
    asking = [each for each in view.scoped(view.applications) if _CREATE in sync_options(each.manifest)]
    if not asking:
        return
    rendered = {overlay.path: overlay.objects for overlay in view.overlays}
    created: set[str] | None = None
    for application in asking:
        made = text_of(application.manifest, "spec", "destination", "namespace")
        needed = _needed(application, rendered)
        if not needed or made in needed:
            continue
        created = _created(view) if created is None else created
        missing = sorted(needed - created)
        if missing:
            other = printable(missing[0])
            message = f"`{_CREATE}` creates `{printable(made)}`, but the objects go to `{other}`"
            if not made:
                message = f"`{_CREATE}` creates nothing without `destination.namespace`; `{other}` is needed"
            place = (*OPTIONS, sync_options(application.manifest).index(_CREATE))
            fix = f"Set `destination.namespace: {other}`."
            yield found(META, view, application, place, message, fix)


def _needed(application: ApplicationView, rendered: Mapping[str, Sequence[JudgedObject]]) -> set[str]:
    """Return the namespaces of all that an Application renders; none where some of it is not known."""
    if any(each.state != "fine" for each in application.sources):
        return set()
    if any(isinstance(source.get("kustomize"), dict) for _, source in sources(application.manifest)):
        return set()
    keys = [each.key for source in application.sources for each in rendered.get(source.path, ())]
    namespaces = {key.namespace for key in keys if key.kind not in CLUSTER_WIDE}
    # What has no namespace goes to the destination's, or belongs to no namespace at all.
    return set() if "" in namespaces else namespaces


def _created(view: RepositoryView) -> set[str]:
    """Return the namespaces that are there, or that something in the repository creates."""
    declared = {each.key.name for overlay in view.overlays for each in overlay.of_kinds("Namespace")}
    asked = {
        text_of(each.manifest, "spec", "destination", "namespace")
        for each in view.applications
        if _CREATE in sync_options(each.manifest)
    }
    return declared | asked | _ALWAYS_THERE
