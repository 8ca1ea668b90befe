"""What differs between two renders of overlays: values, and which overlays differ alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from sealock.domain.rendered import ObjectKey, RenderFailure

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping

Manifest = dict[str, Any]

HIDDEN = "(hidden)"
"""Stands for every value of a Secret."""


class FieldChange(msgspec.Struct, frozen=True):
    """One difference inside an object, as the engine's `compare` gives it.

    `path` names list items by merge keys (`spec.ports[port=80,protocol=TCP]`). A `reorder` has the keys of
    the items as `before` and `after`. `equal_value`: two spellings of one value.
    """

    op: Literal["add", "remove", "change", "reorder"]
    path: str
    before: Any = None
    after: Any = None
    equal_value: bool = False


class Comparison(msgspec.Struct, frozen=True):
    """The differences of one object.

    `schema` says what matched list items: `built-in`, `definition`, or `none`: names or positions.
    """

    changes: tuple[FieldChange, ...] = ()
    schema: str = "built-in"


class ObjectChange(msgspec.Struct, frozen=True):
    """An object that was added, removed or changed.

    `manifest` is the object that was added, else None. `suffixes` are the hashes of a generated name before
    and after; `references` counts what followed it and `followers` names the objects that did (`Kind name`).
    `by_position`: no schema is known, so list items were matched by their names or positions.
    """

    op: Literal["added", "removed", "changed"]
    key: ObjectKey
    fields: tuple[FieldChange, ...] = ()
    manifest: Manifest | None = None
    suffixes: tuple[str, str] | None = None
    references: int = 0
    followers: tuple[str, ...] = ()
    by_position: bool = False


class Danger(msgspec.Struct, frozen=True, order=True):
    """Something in a change that cannot be undone by reverting it, or that stops a service.

    `kind` is one of DANGERS; `object` is `Kind namespace/name`, or several; `help` is what to do.
    `applications` are those that deploy the overlay, where that decides.
    """

    kind: str
    overlay: str
    object: str
    why: str
    help: str
    applications: tuple[str, ...] = ()


DANGERS = {
    "stateful-removed": "an object that holds data is removed",
    "claim-removed": "a volume or a claim to one is removed",
    "namespace-removed": "a namespace is removed",
    "definition-removed": "a CustomResourceDefinition is removed",
    "scaled-to-zero": "the replicas drop to 0",
    "immutable-field": "the API server refuses to change a field",
    "application-removed": "an Application is removed",
    "pruned": "Argo CD deletes what was removed",
    "orphaned": "what was removed stays in the cluster",
}


class OverlayDiff(msgspec.Struct, frozen=True):
    """One overlay that renders otherwise. `state`: whether it exists on both sides."""

    overlay: str
    environment: str | None
    state: Literal["added", "removed", "changed"]
    objects: tuple[ObjectChange, ...]


class NotCompared(msgspec.Struct, frozen=True):
    """An overlay that does not render on one side or on both, and so is undecided."""

    overlay: str
    side: Literal["before", "after", "both"]
    failure: RenderFailure


class DiffReport(msgspec.Struct, frozen=True):
    """Everything about a change. Lists are in a fixed order.

    `same` counts overlays that read something that changed and render the same; `unread` are changed files
    that no overlay reads.
    """

    before: str
    after: str
    overlays: tuple[OverlayDiff, ...]
    dangers: tuple[Danger, ...] = ()
    undecided: tuple[NotCompared, ...] = ()
    same: int = 0
    unread: tuple[str, ...] = ()

    def count(self, op: str) -> int:
        """Return how many objects were `added`, `removed` or `changed`."""
        return sum(each.op == op for overlay in self.overlays for each in overlay.objects)

    def exit_code(self, *, differences: int) -> int:
        """Return 3 when anything is undecided, `differences` when anything differs, else 0."""
        if self.undecided:
            return 3
        return differences if self.overlays else 0


class Group(NamedTuple):
    """Overlays in which the same happens."""

    overlays: tuple[OverlayDiff, ...]
    objects: tuple[ObjectChange, ...]


def grouped(overlays: Iterable[OverlayDiff]) -> list[Group]:
    """Put overlays together that differ alike but for the namespace, in the order of the first of each."""
    found: dict[bytes, list[OverlayDiff]] = {}
    for each in overlays:
        found.setdefault(_likeness(each), []).append(each)
    return [Group(tuple(alike), alike[0].objects) for alike in found.values()]


def _likeness(overlay: OverlayDiff) -> bytes:
    namespaces = {each.key.namespace for each in overlay.objects} - {""}
    names = dict.fromkeys(namespaces, "…") if len(namespaces) == 1 else {}
    plain = msgspec.to_builtins((overlay.state, overlay.objects))
    return msgspec.json.encode(with_names(plain, names))


def named(key: ObjectKey) -> str:
    """Return `Kind namespace/name`, for people."""
    return f"{key.kind} {key.namespace}/{key.name}" if key.namespace else f"{key.kind} {key.name}"


def with_names(
    value: Any,  # noqa: ANN401 - JSON
    names: Mapping[str, str],
    count: Counter[str] | None = None,
) -> Any:  # noqa: ANN401 - JSON
    """Return JSON in which every string that is one of `names` is replaced; `count` learns how often."""
    if isinstance(value, str):
        if value not in names:
            return value
        if count is not None:
            count[value] += 1
        return names[value]
    if isinstance(value, dict):
        return {name: with_names(each, names, count) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [with_names(each, names, count) for each in value]
    return value
