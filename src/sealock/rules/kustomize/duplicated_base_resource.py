"""An overlay repeats a resource of the base.

## What it does
Reports objects that an overlay declares in a file of its own although the base next to it declares the
same kind and name.

## Why is this bad
The copy and the base drift apart: a fix in the base does not reach this environment, and nobody notices.

## Bad
```yaml
# overlays/production/kustomization.yaml
resources:
  - deployment.yaml   # a copy of ../../base/deployment.yaml
```

## Good
```yaml
resources:
  - ../../base
patches:
  - path: replica-patch.yaml
```

## How to fix
Include the base, and keep in the overlay only what differs, as a patch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.yaml_document import Mapping, Scalar, resolved
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Node
    from sealock.rules.view import JudgedObject, RepositoryView

META = Meta("duplicated-base-resource", "an overlay repeats a resource of the base", Severity.WARNING)

_GROUPS = frozenset({"overlays", "overlay", "envs", "env", "environments"})
_BASES = ("base", "bases")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each object of an overlay's own files that a base beside it declares too."""
    by_base: dict[str, list[str]] = {}
    for file in view.files:
        folder = file.rpartition("/")[0]
        if file.endswith((".yaml", ".yml")) and folder.rpartition("/")[2] in _BASES:
            by_base.setdefault(folder.rpartition("/")[0], []).append(file)
    rendered = {
        overlay.path: {_origin(each) for each in overlay.objects}
        for overlay in view.overlays
        if overlay.in_scope
    }
    for overlay, each in view.in_scope():
        origin = each.origin
        inside = origin.file.startswith(f"{overlay.path}/") and not origin.generator
        service = _service(overlay.path)
        if not inside or service not in by_base or not origin.kind:
            continue
        for file in by_base[service]:
            if (file, origin.kind, origin.name) in rendered[overlay.path]:
                continue  # the base's own is there too, under another name
            if any(_is(node, origin.kind, origin.name) for node in view.sources.documents(file)):
                yield META.finding(
                    view.where(each, ("kind",)),
                    f"{origin.kind} {origin.name} is declared in {file} too",
                    fix="Include the base, and keep only what differs, as a patch.",
                    resource=str(each.key),
                    overlay=overlay.path,
                )


def _origin(each: JudgedObject) -> tuple[str, str, str]:
    return each.origin.file, each.origin.kind, each.origin.name


def _service(overlay: str) -> str:
    """Return the folder that holds both an overlay and its base: `a/overlays/dev` → `a`."""
    parent = overlay.rpartition("/")[0]
    above, _, name = parent.rpartition("/")
    return above if name in _GROUPS else parent


def _is(node: Node, kind: str, name: str) -> bool:
    found = [resolved(node).at(path) for path in (("kind",), ("metadata", "name"))]
    return isinstance(resolved(node), Mapping) and [
        each.text if isinstance(each, Scalar) else None for each in found
    ] == [kind, name]
