"""Whether a change concerns objects that it does not touch.

A check of a change must find all that a check of everything would find about it. Most objects are judged by
themselves, or with those of their overlay; some decide about others.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sealock.app.base_objects import ObjectIdentity
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.rules.view import text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sealock.app.base_objects import BaseObjects
    from sealock.app.find_manifests import Manifests
    from sealock.app.renders import Renders
    from sealock.domain.rendered import RenderedObject
    from sealock.domain.settings import Settings
    from sealock.rules.view import ApplicationView

_SETTINGS = "sealock.yaml"
_ADMITTING = frozenset({"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"})
_JUDGING = frozenset(
    {
        "AppProject",
        "CustomResourceDefinition",
        "LimitRange",
        "Namespace",
        "ResourceQuota",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
)


def by_files(
    changed: Collection[str], files: Collection[str], manifests: Manifests, settings: Settings
) -> bool:
    """Say whether a changed file judges others: settings, projects, definitions, policies, namespaces.

    Nor does a kustomization that is gone tell any more which objects it took with it. An Application may
    name a file of values that is gone.
    """
    judging = {each.file for each in (*manifests.definitions, *manifests.judging)}
    judging |= {each.file for each in manifests.argocd if each.manifest["kind"] == "AppProject"}
    judging.add(_SETTINGS)
    patterns = (*settings.definitions, *settings.admission_policies)
    values = {name for each in manifests.argocd for name in _value_files(each.manifest)}
    known = set(files)
    return any(
        path in judging
        or (path not in known and path.rpartition("/")[2] in {*KUSTOMIZATION_NAMES, *values})
        or any(fnmatchcase(path, pattern) for pattern in patterns)
        for path in changed
    )


def _value_files(node: object) -> Iterator[str]:
    """Yield the names of the files under any `valueFiles` of a manifest."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "valueFiles" and isinstance(value, list):
                yield from (str(file).rpartition("/")[2] for file in value)
            else:
                yield from _value_files(value)
    elif isinstance(node, list):
        for item in node:
            yield from _value_files(item)


def by_objects(overlays: Iterable[str], renders: Renders, base: BaseObjects, manifests: Manifests) -> bool:
    """Say whether a change of these overlays' objects concerns other overlays.

    That is so where an object is gone, for others may refer to it, where a new one has been elsewhere
    before, and where one that judges others is new or differs.
    """
    parameters = _Parameters(manifests, renders)
    for overlay in overlays:
        before = base.of(overlay)
        if before is None:
            return True
        now = {ObjectIdentity.of(each.manifest): each for each in renders[overlay].objects}
        if _is_one_gone(before, now):
            return True
        if any(
            (identity.kind in _JUDGING or identity in parameters) and before.get(identity) != each.manifest
            for identity, each in now.items()
        ):
            return True
    return False


def by_lost_folders(changed: Collection[str], views: Iterable[ApplicationView]) -> bool:
    """Say whether a folder is gone that an Application deploys: nobody knows what went with it."""
    lost = {source.path for view in views for source in view.sources if source.state == "missing"}
    return any(path.startswith(f"{folder}/") for folder in lost for path in changed)


class _Parameters:
    """What the bindings of admission policies take for parameters."""

    def __init__(self, manifests: Manifests, renders: Renders) -> None:
        rendered = (each.manifest for one in renders.values() for each in one.of_kinds(_ADMITTING))
        kinds: set[str] = set()
        self._names: set[str] = set()
        for each in (*(each.manifest for each in manifests.judging), *rendered):
            if each.get("kind") == "ValidatingAdmissionPolicy":
                kinds.add(text_of(each, "spec", "paramKind", "kind"))
            elif each.get("kind") == "ValidatingAdmissionPolicyBinding":
                self._names.add(text_of(each, "spec", "paramRef", "name"))
        self._kinds = kinds - {""}

    def __contains__(self, identity: ObjectIdentity) -> bool:
        # A binding without a name chooses by labels: it may be about any.
        return identity.kind in self._kinds and bool({identity.name, ""} & self._names)


def _is_one_gone(
    before: dict[ObjectIdentity, dict[str, Any]], now: dict[ObjectIdentity, RenderedObject]
) -> bool:
    """Say whether an object is gone; a generated one whose content changed has another suffix."""
    generated = {(identity.kind, each.origin.name) for identity, each in now.items() if each.origin.generator}
    return any(
        identity not in now and (identity.kind, identity.name.rpartition("-")[0]) not in generated
        for identity in before
    )
