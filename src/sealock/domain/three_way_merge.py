"""Three-way merge of one YAML document, written by splicing into the text a person edited.

What changed between `base` (generated last time) and `theirs` (generated now) is applied to `ours` (on
disk) node by node. Hand edits, comments, key order, quotes and line breaks of `ours` stay. Lists of
mappings are matched by the first of `_IDENTITIES` that every item has, other lists by value; their order is
that of `ours` where a person edited the list. The result is parsed again and must equal the merge of the
plain values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain import yaml_edit
from sealock.domain.yaml_document import MANIFEST, Mapping, Node, Scalar, Sequence, parse_one, to_plain
from sealock.domain.yaml_edit import Edit, Entry, NotEditable
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

_IDENTITIES = ("name", "key", "path", "kind", "port", "namespace")
_ABSENT = "(absent)"
_SHOWN = 160


class MergeConflict(msgspec.Struct, frozen=True):
    """A place where both sides changed: `path` such as `spec.replicas`, both values as flow YAML.

    `line` and `column` stand in `ours`, from 1; 0 for the file as a whole. `reason` says what clashed.
    """

    path: str
    line: int
    column: int
    ours: str
    theirs: str
    reason: str


class Merged(msgspec.Struct, frozen=True):
    """The merged text; with conflicts it is `ours`, untouched."""

    text: str
    conflicts: tuple[MergeConflict, ...] = ()


def merge(base: str, ours: str, theirs: str) -> Merged:
    """Apply what changed from `base` to `theirs` to `ours`. `base` and `theirs` must be one document each."""
    if base in (ours, theirs) or ours == theirs:
        return Merged(theirs if ours == base else ours)
    if ours.replace("\r\n", "\n") == base:
        return Merged(theirs.replace("\n", "\r\n"))
    roots = parse_one(base, "base", MANIFEST), parse_one(theirs, "theirs", MANIFEST)
    try:
        root = parse_one(ours, "ours", MANIFEST)
    except ConfigurationError as wrong:
        first = wrong.problems[0] if wrong.problems else wrong
        line, column = (first.where.line, first.where.column) if first.where else (0, 0)
        return _refused(ours, f"the file cannot be read: {first.message}", line, column)
    if root is None or roots[0] is None or roots[1] is None:
        return _refused(ours, "the file holds no document")
    return _Merge((base, roots[0]), (ours, root), (theirs, roots[1])).result()


def _refused(ours: str, reason: str, line: int = 0, column: int = 0) -> Merged:
    return Merged(ours, (MergeConflict("", line, column, "", "", reason),))


def _canonical(node: Node | None) -> bytes | None:
    return None if node is None else _canonical_plain(to_plain(node))


def _canonical_plain(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _shown(node: Node | None) -> str:
    if node is None:
        return _ABSENT
    text = yaml_edit.flow(to_plain(node))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


class _Site(msgspec.Struct, frozen=True):
    """Where a value stands: its entry in each of the three texts, and its path for people."""

    path: str
    base: Entry | None
    ours: Entry
    theirs: Entry


class _Merge:
    """One merge: walks the three trees, collects edits of `ours` and conflicts, returns plain values."""

    def __init__(self, base: tuple[str, Node], ours: tuple[str, Node], theirs: tuple[str, Node]) -> None:
        self.base, self.base_root = base
        self.ours, self.ours_root = ours
        self.theirs, self.theirs_root = theirs
        self.newline = yaml_edit.newline_of(self.ours)
        self.edits: list[Edit] = []
        self.conflicts: list[MergeConflict] = []
        self.known_comments = {text for _, text in yaml_edit.comments(self.base, self.base_root)}
        self.own_comments = [
            each
            for each in yaml_edit.comments(self.ours, self.ours_root)
            if each[1] not in self.known_comments
        ]

    def result(self) -> Merged:
        try:
            value = self._value("", self.base_root, self.ours_root, self.theirs_root, None)
            if self.conflicts:
                return Merged(self.ours, tuple(self.conflicts))
            text = yaml_edit.apply(self.ours, self.edits)
            root = parse_one(text, "merged", MANIFEST)
        except (NotEditable, ConfigurationError) as wrong:
            return _refused(self.ours, f"the change does not fit this file's layout: {wrong}")
        if root is None or _canonical(root) != _canonical_plain(value):
            return _refused(self.ours, "the change does not fit this file's layout (anchors, merges or flow)")
        return Merged(text)

    def _conflict(self, path: str, place: Node, ours: Node | None, theirs: Node | None, reason: str) -> None:
        self.conflicts.append(
            MergeConflict(path, place.line, place.column, _shown(ours), _shown(theirs), reason)
        )

    def _value(self, path: str, base: Node | None, ours: Node, theirs: Node, site: _Site | None) -> Any:  # noqa: ANN401
        """Merge one value that `ours` and `theirs` both have; return the plain result."""
        walk = self._walker(base, ours, theirs)
        mine = _canonical(ours)
        if walk is not None:
            done = len(self.edits), len(self.conflicts)
            unedited = site is not None and mine == _canonical(base)
            try:
                value = walk(path)
            except NotEditable:
                if not unedited:
                    raise
            else:
                # Only a new order of a list is left over: it counts where nobody edited the list.
                clashed = len(self.conflicts) > done[1]
                if clashed or not unedited or _canonical_plain(value) == _canonical(theirs):
                    return value
            del self.edits[done[0] :], self.conflicts[done[1] :]
        kept = to_plain(ours)
        if mine == _canonical(theirs) or _canonical(base) == _canonical(theirs):
            return kept
        if mine == _canonical(base) and site is not None:
            self._replace(site, ours, theirs)
            return to_plain(theirs)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping) and ours.flow and not ours.merges:
            was = base if isinstance(base, Mapping) else None
            if was is base:
                return self._flow(path, was, ours, theirs)
        self._conflict(path, ours, ours, theirs, "changed on both sides")
        return kept

    def _walker(self, base: Node | None, ours: Node, theirs: Node) -> Callable[[str], Any] | None:
        """Return how to merge inside a pair of block collections, or None where that is not possible."""
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            old = base if isinstance(base, Mapping) else None
            if all(map(_is_block, (old, ours, theirs))) and old is base and ours.pairs:
                return lambda path: self._mapping(path, old, ours, theirs)
        elif isinstance(ours, Sequence) and isinstance(theirs, Sequence):
            before = base if isinstance(base, Sequence) else None
            key = _identity((before, ours, theirs))
            if (
                all(map(_is_block, (before, ours, theirs)))
                and before is base
                and ours.items
                and key is not None
            ):
                return lambda path: self._sequence(path, before, ours, theirs, key)
        return None

    def _mapping(self, path: str, base: Mapping | None, ours: Mapping, theirs: Mapping) -> dict[str, Any]:
        sides = (
            yaml_edit.mapping_entries(self.base, base) if base else {},
            yaml_edit.mapping_entries(self.ours, ours),
            yaml_edit.mapping_entries(self.theirs, theirs),
        )
        prefix = f"{path}." if path else ""
        return self._entries(sides, lambda key: prefix + key)

    def _sequence(
        self, path: str, base: Sequence | None, ours: Sequence, theirs: Sequence, names: str
    ) -> list[Any]:
        found = []
        for text, side in ((self.base, base), (self.ours, ours), (self.theirs, theirs)):
            entries = yaml_edit.sequence_entries(text, side) if side else []
            found.append(dict(zip(_named(side, names) if entries else (), entries, strict=True)))
        label = f"{names}=" if names else ""
        merged = self._entries((found[0], found[1], found[2]), lambda key: f"{path}[{label}{key}]")
        return list(merged.values())

    def _entries(
        self,
        sides: tuple[dict[str, Entry], dict[str, Entry], dict[str, Entry]],
        name: Callable[[str], str],
    ) -> dict[str, Any]:
        base, ours, theirs = sides
        merged: dict[str, Any] = {}
        removed: set[str] = set()
        for key, mine in ours.items():
            new, old = theirs.get(key), base.get(key)
            if new is not None:
                merged[key] = self._kept(_Site(name(key), old, mine, new))
            elif old is not None and self._goes(name(key), old, mine):
                removed.add(key)
            else:
                merged[key] = to_plain(mine.value)
        added = [
            key for key in theirs if key not in ours and self._comes(name(key), base.get(key), theirs[key])
        ]
        if removed and not merged:
            message = "nothing would be left of a list or mapping"
            raise NotEditable(message)
        self._remove(ours, removed)
        for key in added:
            merged = self._add(ours, theirs, key, merged)
        return merged

    def _kept(self, site: _Site) -> Any:  # noqa: ANN401
        before = len(self.edits)
        old = site.base.value if site.base else None
        value = self._value(site.path, old, site.ours.value, site.theirs.value, site)
        whole = any(
            edit.start == site.ours.start and edit.end == site.ours.end for edit in self.edits[before:]
        )
        if site.base is not None:
            self._update_comments(site, site.base, tail=not whole)
        return value

    def _goes(self, path: str, old: Entry, mine: Entry) -> bool:
        """Say whether an entry that `theirs` no longer has may leave `ours`."""
        if _canonical(old.value) != _canonical(mine.value):
            self._conflict(path, mine.value, mine.value, None, "changed here, removed by the generator")
            return False
        return self._loses_no_comment(path, mine, mine.line if mine.inline else mine.lead, mine.end)

    def _comes(self, path: str, old: Entry | None, new: Entry) -> bool:
        """Say whether an entry that only `theirs` has must come into `ours`."""
        if old is None:
            return True
        if _canonical(old.value) != _canonical(new.value):
            self._conflict(path, self.ours_root, None, new.value, "removed here, changed by the generator")
        return False

    def _loses_no_comment(self, path: str, mine: Entry, start: int, end: int) -> bool:
        for position, text in self.own_comments:
            if start <= position < end:
                self._conflict(path, mine.value, mine.value, None, f"the comment {text!r} would be lost")
                return False
        return True

    def _remove(self, ours: dict[str, Entry], removed: set[str]) -> None:
        order = list(ours)
        for key in removed:
            following = next((each for each in order[order.index(key) + 1 :] if each not in removed), None)
            lead = all(line in self.known_comments for line in yaml_edit.lead_lines(self.ours, ours[key]))
            behind = ours[following] if following else None
            self.edits.append(yaml_edit.remove(ours[key], behind, lead=lead))

    def _add(
        self, ours: dict[str, Entry], theirs: dict[str, Entry], key: str, merged: dict[str, Any]
    ) -> dict[str, Any]:
        """Insert one new entry where the generator's order has it."""
        lines = yaml_edit.fragment(self.theirs, theirs[key], lead=True)
        order = list(theirs)
        before = [each for each in order[: order.index(key)] if each in merged]
        after = [each for each in order[order.index(key) + 1 :] if each in ours]
        value = to_plain(theirs[key].value)
        anchor = next((each for each in reversed(before) if each in ours), None)
        if anchor is not None:
            self.edits.append(yaml_edit.insert_after(self.ours, ours[anchor], lines, self.newline))
            at = list(merged).index(before[-1]) + 1
        elif after:
            self.edits.append(yaml_edit.insert_before(ours[after[0]], lines, self.newline))
            rest = [each for each in after if each in merged]
            at = list(merged).index(rest[0]) if rest else 0
        else:
            last = list(ours)[-1]
            self.edits.append(yaml_edit.insert_after(self.ours, ours[last], lines, self.newline))
            at = len(merged)
        pairs = list(merged.items())
        return dict([*pairs[:at], (key, value), *pairs[at:]])

    def _replace(self, site: _Site, ours: Node, theirs: Node) -> None:
        """Put the generator's value in place of one that nobody edited."""
        if isinstance(ours, Scalar) and isinstance(theirs, Scalar):
            token = yaml_edit.scalar_token(self.ours, ours, theirs, self.theirs)
            if token is not None:
                self.edits.append(Edit(ours.start, ours.end, token))
                return
        if self._loses_no_comment(site.path, site.ours, site.ours.start, site.ours.end):
            lines = yaml_edit.fragment(self.theirs, site.theirs, lead=False)
            self.edits.append(yaml_edit.replace(self.ours, site.ours, lines, self.newline))

    def _flow(self, path: str, base: Mapping | None, ours: Mapping, theirs: Mapping) -> Any:  # noqa: ANN401
        """Merge one level into a flow mapping that was edited by hand, and write it on one line."""
        old = base.pairs if base else {}
        merged: dict[str, Any] = {}
        for key in (*ours.pairs, *(each for each in theirs.pairs if each not in ours.pairs)):
            sides = [pairs[key].value if key in pairs else None for pairs in (old, ours.pairs, theirs.pairs)]
            was, mine, new = (_canonical(side) for side in sides)
            chosen = sides[2] if mine == was else sides[1]
            if mine not in (was, new) and new != was:
                self._conflict(f"{path}.{key}", ours, sides[1], sides[2], "changed on both sides")
            if chosen is not None:
                merged[key] = to_plain(chosen)
        if any(ours.start <= position < ours.end for position, _ in self.own_comments):
            self._conflict(path, ours, ours, theirs, "a comment would be lost")
        self.edits.append(Edit(ours.start, ours.end, yaml_edit.flow(merged)))
        return merged

    def _update_comments(self, site: _Site, base: Entry, *, tail: bool) -> None:
        """Take over comments that the generator changed and nobody edited."""
        old, mine, new = (
            yaml_edit.lead_lines(text, entry)
            for text, entry in ((self.base, base), (self.ours, site.ours), (self.theirs, site.theirs))
        )
        if old == mine != new and not site.ours.inline:
            pad = " " * (site.ours.column - 1)
            block = "".join(pad + line + self.newline for line in new)
            self.edits.append(Edit(site.ours.lead, site.ours.line, block))
        was = yaml_edit.tail_comment(self.base, base)[2]
        start, end, text = yaml_edit.tail_comment(self.ours, site.ours)
        now = yaml_edit.tail_comment(self.theirs, site.theirs)[2]
        if tail and start and was == text != now:
            self.edits.append(Edit(start, end, f"  {now}" if now else ""))


def _is_block(node: Mapping | Sequence | None) -> bool:
    """Say whether a collection can be walked line by line; an empty flow one can, it has no lines."""
    if isinstance(node, Mapping):
        return not node.merges and not (node.flow and node.pairs)
    return node is None or not (node.flow and node.items)


def _identity(sides: tuple[Sequence | None, ...]) -> str | None:
    """Return the key that tells the items of every side apart; empty: by value; None: nothing does."""
    for key in _IDENTITIES:
        labels = [_named(side, key) for side in sides]
        if all(len(set(each)) == len(each) and "" not in each for each in labels):
            return key
    labels = [_named(side, "") for side in sides]
    return "" if all(len(set(each)) == len(each) for each in labels) else None


def _named(sequence: Sequence | None, key: str) -> list[str]:
    """Return what each item is known by: the text under `key` (empty without one), or its whole value."""
    items = sequence.items if sequence else ()
    if not key:
        return [_canonical_plain(to_plain(item)).decode() for item in items]
    found = [item.get(key) if isinstance(item, Mapping) else None for item in items]
    return [each.text if isinstance(each, Scalar) else "" for each in found]
