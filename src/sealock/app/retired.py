"""Says what deleting an Application means for what it deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.yaml_document import MANIFEST, parse_one, to_plain
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FINALIZER = "resources-finalizer.argocd.argoproj.io"


def warning_for(path: str, text: str, kinds: Sequence[str]) -> str:
    """Return one sentence or two for people; `text` is the Application, `kinds` what it deploys."""
    try:
        root = parse_one(text, path, MANIFEST)
    except ConfigurationError:
        root = None
    found = to_plain(root) if root is not None else None
    if not isinstance(found, dict):
        return f"{path} cannot be read, so Sealock cannot say what Argo CD would delete."
    target = _part(_part(found, "spec"), "destination")
    where = f"namespace {target.get('namespace', '?')} on {target.get('name') or target.get('server') or '?'}"
    what = ", ".join(kinds) or "everything it deployed"
    finalizers = _part(found, "metadata").get("finalizers")
    cascades = isinstance(finalizers, list) and any(str(each).startswith(_FINALIZER) for each in finalizers)
    name = _part(found, "metadata").get("name", path)
    if cascades:
        return (
            f"Deleting Application {name} makes Argo CD delete {what} in {where}: it has the finalizer "
            f"{_FINALIZER}."
        )
    automated = _part(_part(_part(found, "spec"), "syncPolicy"), "automated")
    pruning = (
        " Its automated prune deletes nothing either, as the overlay goes with it."
        if automated.get("prune") is True
        else ""
    )
    return (
        f"Deleting Application {name} leaves {what} running in {where}, managed by nobody: "
        f"it has no finalizer.{pruning}"
    )


def _part(mapping: dict[str, object], key: str) -> dict[str, object]:
    found = mapping.get(key)
    return found if isinstance(found, dict) else {}
