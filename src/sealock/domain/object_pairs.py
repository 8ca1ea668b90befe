"""Pairs the objects of two renders, and folds what only follows from a generated name's new hash."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from sealock.domain.object_diff import HIDDEN, Manifest, ObjectChange, with_names
from sealock.domain.rendered import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.domain.object_diff import Comparison, FieldChange
    from sealock.domain.rendered import RenderedObject

_SUFFIX = re.compile(r"(.+)-([2456789bcdfghkmt]{10})")
"""A name with the hash that kustomize appends to generated objects (its encoding has these letters only)."""

_SECRET_FIELDS = re.compile(
    r"data\b|stringData\b|metadata\.annotations(?:\[\"kubectl\.kubernetes\.io/last-applied-configuration\"\]|$)"
)


class Pair(NamedTuple):
    """One object on both sides; None where it is not. `suffixes` are those of a renamed generated object."""

    before: Manifest | None
    after: Manifest | None
    suffixes: tuple[str, str] | None = None


def matched(before: Sequence[RenderedObject], after: Sequence[RenderedObject]) -> list[Pair]:
    """Pair the objects of two renders by group, kind, namespace and name, in the order of `after`.

    Generated objects whose names differ only in the hash are the same object.
    """
    left = _by_identity(before)
    right = _by_identity(after)
    stems = _by_stem(each for identity, each in left.items() if identity not in right)
    renamed = {
        id(new): old
        for stem, new in _by_stem(each for identity, each in right.items() if identity not in left).items()
        if new and (old := stems.get(stem))
    }
    pairs = [_pair(left.get(identity) or renamed.get(id(new)), new) for identity, new in right.items()]
    gone = {id(each) for each in renamed.values()}
    pairs += [
        Pair(old.manifest, None)
        for identity, old in left.items()
        if identity not in right and id(old) not in gone
    ]
    return pairs


def _by_identity(objects: Iterable[RenderedObject]) -> dict[tuple[str, ...], RenderedObject]:
    found: dict[tuple[str, ...], RenderedObject] = {}
    for each in objects:
        key = ObjectKey.of(each.manifest)
        identity = (key.api_version.rpartition("/")[0], key.kind, key.namespace, key.name)
        # Twice in one render: two versions of one kind.
        found[(*identity, key.api_version) if identity in found else identity] = each
    return found


def _by_stem(objects: Iterable[RenderedObject]) -> dict[tuple[str, ...], RenderedObject | None]:
    """Return generated objects by their identity without the hash; None where several have one."""
    found: dict[tuple[str, ...], RenderedObject | None] = {}
    for each in objects:
        key = ObjectKey.of(each.manifest)
        name = _SUFFIX.fullmatch(key.name)
        if each.origin.generator and name:
            stem = (key.api_version, key.kind, key.namespace, name[1])
            found[stem] = None if stem in found else each
    return found


def _pair(old: RenderedObject | None, new: RenderedObject) -> Pair:
    if old is None:
        return Pair(None, new.manifest)
    names = [_SUFFIX.fullmatch(ObjectKey.of(each.manifest).name) for each in (old, new)]
    if names[0] and names[1] and names[0][0] != names[1][0]:
        return Pair(old.manifest, new.manifest, (names[0][2], names[1][2]))
    return Pair(old.manifest, new.manifest)


class Folded:
    """The pairs of one overlay in which names with a hash that moved are the same on both sides.

    `pairs` are those that may differ; `describe` makes of their comparisons what a report shows.
    """

    def __init__(self, pairs: Iterable[Pair]) -> None:
        """Take the pairs of one overlay."""
        every = list(pairs)
        self._names = {
            ObjectKey.of(each.before).name: ObjectKey.of(each.after).name
            for each in every
            if each.suffixes and each.before and each.after
        }
        self._references: dict[str, Counter[str]] = {new: Counter() for new in self._names.values()}
        self.pairs = [each for each in map(self._followed, every) if _may_differ(each)]

    def _followed(self, pair: Pair) -> Pair:
        """Return the pair with the old names in its earlier state replaced; count what followed."""
        if not self._names or pair.before is None or pair.after is None:
            return pair
        before: Counter[str] = Counter()
        moved = with_names(pair.before, self._names, before)
        if not before:
            return pair
        after: Counter[str] = Counter()
        with_names(pair.after, dict.fromkeys(self._names.values(), ""), after)
        key = ObjectKey.of(pair.after)
        for old, count in before.items():
            new = self._names[old]
            followed = min(count, after[new]) - (new == key.name)
            if followed > 0:
                self._references[new][f"{key.kind} {key.name}"] += followed
        return pair._replace(before=moved)

    def describe(self, comparisons: Sequence[Comparison]) -> tuple[ObjectChange, ...]:
        """Return what happened to each object; `comparisons` are those of `pairs`, in order."""
        found = (self._change(pair, each) for pair, each in zip(self.pairs, comparisons, strict=True))
        return tuple(sorted(filter(None, found), key=lambda each: (_ORDER[each.op], each.key)))

    def _change(self, pair: Pair, comparison: Comparison) -> ObjectChange | None:
        if pair.after is None:
            return ObjectChange("removed", ObjectKey.of(pair.before or {}))
        key = ObjectKey.of(pair.after)
        if pair.before is None:
            return ObjectChange("added", key, manifest=without_secrets(pair.after))
        if not comparison.changes:
            return None
        old_names = {new: old for old, new in self._names.items()}
        fields = (replace(each, before=with_names(each.before, old_names)) for each in comparison.changes)
        references = self._references.get(key.name, Counter()) if pair.suffixes else Counter()
        return ObjectChange(
            "changed",
            key,
            tuple(map(_without_secret, fields)) if key.kind == "Secret" else tuple(fields),
            suffixes=pair.suffixes,
            references=sum(references.values()),
            followers=tuple(sorted(references)),
            by_position=comparison.schema == "none",
        )


_ORDER = {"removed": 0, "added": 1, "changed": 2}


def _may_differ(pair: Pair) -> bool:
    # To Python 1 equals true and 1.0; as text they differ.
    return pair.before != pair.after or msgspec.json.encode(pair.before) != msgspec.json.encode(pair.after)


def without_secrets(manifest: Manifest) -> Manifest:
    """Return a manifest with HIDDEN for each value of a Secret."""
    if manifest.get("kind") != "Secret":
        return manifest
    return {
        name: _hidden(value) if name in {"data", "stringData"} else _without_applied(value)
        for name, value in manifest.items()
    }


def _without_applied(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a Secret's metadata without the copy of it that kubectl keeps in an annotation."""
    name = "kubectl.kubernetes.io/last-applied-configuration"
    annotations = value.get("annotations") if isinstance(value, dict) else None
    if not isinstance(annotations, dict) or name not in annotations:
        return value
    return {**value, "annotations": {**annotations, name: HIDDEN}}


def _without_secret(field: FieldChange) -> FieldChange:
    if not _SECRET_FIELDS.match(field.path):
        return field
    return replace(field, before=_hidden(field.before), after=_hidden(field.after))


def _hidden(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _hidden(each) for name, each in value.items()}
    return None if value is None else HIDDEN
