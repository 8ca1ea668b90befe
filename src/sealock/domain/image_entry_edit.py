"""Entries of a kustomization's `images`, changed or added by splices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from sealock.domain.image import Digest, InvalidImage
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.tag_comment import with_tag
from sealock.domain.yaml_document import Mapping, Scalar, Sequence, resolved
from sealock.domain.yaml_draft import Draft, quote_of, written
from sealock.domain.yaml_edit import Edit, NotEditable, insert_after, mapping_entries, sequence_entries

if TYPE_CHECKING:
    from sealock.domain.promotion import ImagePin
    from sealock.domain.yaml_document import Node, Pair
    from sealock.domain.yaml_edit import Entry

TagStyle: TypeAlias = Literal["comment", "newTag", "drop"]

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]*(?<!:)")
_INDENT = 2


def set_entry(text: str, file: str, index: int, pin: ImagePin, style: TagStyle) -> str:
    """Return the kustomization with the digest and tag of `pin` in the entry `index` of `images`."""
    refuse_pin(pin, file)
    draft = Draft(text, file)
    *_, images, item = draft.walk(0, ("images", index))
    if not isinstance(item, Mapping) or not isinstance(images, Sequence):
        draft.refuse("an entry of images is to be a mapping", item.where)
    others = [each for each in images.items if each is not item]
    return _EntryEdit(draft, item, others).result(index, pin, style)


def add_entry(text: str, file: str, pin: ImagePin, style: TagStyle) -> str:
    """Return the kustomization with an entry for `pin` at the end of `images`, which may not be there yet.

    Where an entry of that name is there already, it is changed as `set_entry` does.
    """
    refuse_pin(pin, file)
    if not _NAME.fullmatch(pin.name):
        message = f"{printable(pin.name)!r} is no name of an image"
        raise NotEditable(message, where=Location(file), hint="Name it as the manifests do, without its tag.")
    draft = Draft(text, file)
    (root,) = draft.walk(0, ())
    if not isinstance(root, Mapping):
        draft.refuse("a kustomization is to be a mapping", root.where)
    images = root.get("images")
    if isinstance(images, Sequence):
        for index, item in enumerate(images.items):
            found = resolved(item)
            name = found.get("name") if isinstance(found, Mapping) else None
            if isinstance(name, Scalar) and name.text == pin.name:
                return set_entry(text, file, index, pin, style)
    return _EntryAdded(draft, root, pin, style).result()


def refuse_pin(pin: ImagePin, file: str) -> None:
    """Raise NotEditable for a digest or tag that is none: nothing else is ever written into a file."""
    try:
        Digest.parse(pin.digest)
    except InvalidImage as wrong:
        raise NotEditable(printable(str(wrong), 200), where=Location(file)) from None
    if pin.tag and not _TAG.fullmatch(pin.tag):
        message = f"{printable(pin.tag)!r} is no tag"
        hint = "A tag has letters, digits, `_`, `.` and `-`, at most 128 of them."
        raise NotEditable(message, where=Location(file), hint=hint)
    if pin.new_name and not _NAME.fullmatch(pin.new_name):
        message = f"{printable(pin.new_name)!r} is no name of an image"
        raise NotEditable(message, where=Location(file), hint="Write it without its tag and digest.")


class _EntryEdit:
    """One entry of `images`, in lines or in braces."""

    def __init__(self, draft: Draft, item: Mapping, others: list[Node]) -> None:
        self._draft = draft
        self._item = item
        self._others = others
        for key in ("digest", "newTag"):
            if key not in item.pairs and item.get(key) is not None:
                draft.refuse(f"{key} comes from a merge key", item.where, "Write the entry out.")

    def result(self, index: int, pin: ImagePin, style: TagStyle) -> str:
        tag = pin.tag if style == "newTag" else ""
        pairs = self._item.pairs
        old, new_tag = pairs.get("digest"), pairs.get("newTag")
        said = pin.tag if style == "comment" else ""
        if old and new_tag and not tag:
            self._without_tag(old, new_tag, pin.digest, said)
        elif old:
            self._set(old, pin.digest, said)
        elif new_tag and not tag:
            self._renamed(new_tag, pin.digest, said)
        else:
            self._insert("digest", pin.digest, said, self._last_of("newTag", "newName", "name"))
        if tag and new_tag:
            self._draft.set_scalar(new_tag.value, tag, new_tag.key)
            if not self._item.flow:
                self._draft.set_tag_comment(self._draft.value_end(new_tag.value, new_tag.key), "")
        elif tag:
            self._insert("newTag", tag, "", self._last_of("digest", "newName", "name"), first=not old)
        expected = self._draft.plain()
        entry = expected[0]["images"][index]
        entry["digest"] = pin.digest
        entry.pop("newTag", None)
        if tag:
            entry["newTag"] = tag
        return self._draft.result(expected)

    def _set(self, pair: Pair, digest: str, said: str) -> None:
        self._draft.set_scalar(pair.value, digest, pair.key)
        self._draft.set_tag_comment(self._draft.value_end(pair.value, pair.key), said, self._others)

    def _renamed(self, pair: Pair, digest: str, said: str) -> None:
        """Put the digest where the tag was."""
        key = pair.key
        self._draft.splice(key.start, key.end, f"{quote_of(key)}digest{quote_of(key)}")
        self._set(pair, digest, said)

    def _without_tag(self, old: Pair, new_tag: Pair, digest: str, said: str) -> None:
        if self._item.flow:
            self._set(old, digest, said)
            self._remove_from_braces(new_tag)
            return
        entries = mapping_entries(self._draft.text, self._item)
        if entries["newTag"].inline:
            # The dash stands on its line.
            self._renamed(new_tag, digest, said)
            self._remove_line(entries["digest"], old)
        else:
            self._set(old, digest, said)
            self._remove_line(entries["newTag"], new_tag)

    def _remove_line(self, entry: Entry, pair: Pair) -> None:
        """Take a line out; what a person said on it stays as a line of its own."""
        draft = self._draft
        draft.refuse_shared(pair.value)
        end = draft.value_end(pair.value, pair.key)
        _, comment = draft.comment_after(end)
        kept = with_tag(comment, "")
        if comment and kept != comment:
            draft.give_up(comment)
        text = draft.text
        if kept:
            draft.splice(entry.start, draft.line_end(end), kept)
        elif entry.end == len(text) and not text.endswith("\n"):
            before = len(text[: entry.line].rstrip("\r\n"))
            draft.splice(before, entry.end, "")
        else:
            draft.splice(entry.line, entry.end, "")

    def _remove_from_braces(self, pair: Pair) -> None:
        draft = self._draft
        draft.refuse_shared(pair.value)
        pairs = list(self._item.pairs.values())
        index = pairs.index(pair)
        if index + 1 < len(pairs):
            draft.splice(pair.key.start, pairs[index + 1].key.start, "")
        else:
            draft.splice(pairs[index - 1].value.end, pair.value.end, "")

    def _last_of(self, *keys: str) -> str:
        found = next((key for key in keys if key in self._item.pairs), "")
        if not found:
            self._draft.refuse("this entry has no name", self._item.where, "Give it the image's name.")
        return found

    def _insert(self, key: str, value: str, said: str, after: str, *, first: bool = False) -> None:
        """Put a key behind another; `first` before what else goes there."""
        draft, pair = self._draft, self._item.pairs[after]
        if not self._item.flow:
            entry = mapping_entries(draft.text, self._item)[after]
            quote = quote_of(self._item.pairs["name"].value) if "name" in self._item.pairs else ""
            comment = f" {with_tag('', said)}" if said else ""
            edit = insert_after(
                draft.text, entry, [f"{key}: {written(value, quote)}{comment}"], draft.newline
            )
            draft.edits.insert(0 if first else len(draft.edits), edit)
            return
        quote = quote_of(pair.key)
        token = written(value, quote_of(pair.value))
        end = draft.value_end(pair.value)
        edit = Edit(end, end, f", {quote}{key}{quote}: {token}")
        draft.edits.insert(0 if first else len(draft.edits), edit)
        if key == "digest":
            draft.set_tag_comment(end, said, self._others)


class _EntryAdded:
    """A new entry of `images`, written as those that are there."""

    def __init__(self, draft: Draft, root: Mapping, pin: ImagePin, style: TagStyle) -> None:
        self._draft = draft
        self._root = root
        self._said = pin.tag if style == "comment" else ""
        self._fields = {"name": pin.name}
        if pin.new_name and pin.new_name != pin.name:
            self._fields["newName"] = pin.new_name
        if pin.tag and style == "newTag":
            self._fields["newTag"] = pin.tag
        self._fields["digest"] = pin.digest

    def result(self) -> str:
        draft, pair = self._draft, self._root.pairs.get("images")
        expected = draft.plain()
        before = expected[0].get("images") or []
        expected[0]["images"] = [*before, self._fields]
        if pair is None:
            self._new_key()
        else:
            draft.walk(0, ("images",))
            self._into(pair)
        return draft.result(expected)

    def _into(self, pair: Pair) -> None:
        images = pair.value
        if isinstance(images, Sequence) and images.items:
            if images.flow:
                self._into_brackets(images)
            else:
                self._after_last(images)
        elif isinstance(images, Sequence) or (isinstance(images, Scalar) and images.value() is None):
            self._into_nothing(pair)
        else:
            self._draft.refuse("images is to be a list", images.where)

    def _after_last(self, images: Sequence) -> None:
        draft = self._draft
        entry = sequence_entries(draft.text, images)[-1]
        last = images.items[-1]
        if isinstance(last, Mapping) and last.flow:
            lines = [f"- {self._braces(last)}{self._comment()}"]
        else:
            width = last.column - entry.column if last.line == images.line or isinstance(last, Mapping) else 0
            lines = self._lines(width if width > 1 else _INDENT, _quote(last, "name"))
        draft.edits.append(insert_after(draft.text, entry, lines, draft.newline))

    def _into_nothing(self, pair: Pair) -> None:
        """Give a list to `images:` that has none, or an empty one."""
        draft, images = self._draft, pair.value
        if self._root.flow:
            start, end = images.start, images.end
            draft.splice(start, end, f"[{self._braces(None)}]")
            return
        start = draft.after_colon(pair.key)
        end = images.end if images.end > images.start else start
        if "#" in draft.text[start:end]:
            draft.refuse("there is a comment in this list", images.where)
        draft.splice(start, end, "")
        at = draft.line_end(end)
        column = self._root.column - 1 + self._indent()
        lines = [" " * column + each for each in self._lines(_INDENT, "")]
        draft.splice(at, at, draft.newline + draft.newline.join(lines))

    def _into_brackets(self, images: Sequence) -> None:
        draft, last = self._draft, images.items[-1]
        text, end = draft.text, last.end
        item = self._braces(last if isinstance(last, Mapping) and last.flow else None)
        first_of_line = not text[text.rfind("\n", 0, last.start) + 1 : last.start].strip(" ")
        rest = text[end : draft.line_end(end)]
        closes = images.end <= draft.line_end(end)
        if not first_of_line or closes:
            draft.splice(end, end, f", {item}")
            return
        had_comma = rest.lstrip(" \t").startswith(",")
        pad = draft.newline + " " * (last.column - 1)
        if not had_comma:
            draft.splice(end, end, ",")
        at = draft.line_end(end)
        comment = "" if self._root.flow else self._comment()
        draft.splice(at, at, f"{pad}{item}{',' if had_comma else ''}{comment}")

    def _new_key(self) -> None:
        draft = self._draft
        if self._root.flow:
            if not self._root.pairs:
                draft.refuse("this kustomization is empty", self._root.where)
            pair = list(self._root.pairs.values())[-1]
            quote = quote_of(pair.key)
            draft.splice(
                pair.value.end, pair.value.end, f", {quote}images{quote}: [{self._braces(None, quote)}]"
            )
            return
        entry = list(mapping_entries(draft.text, self._root).values())[-1]
        lines = [" " * self._indent() + each for each in self._lines(_INDENT, "")]
        draft.edits.append(insert_after(draft.text, entry, ["images:", *lines], draft.newline))

    def _indent(self) -> int:
        """Return how far the file's other lists are indented; two where there is none."""
        for pair in self._root.pairs.values():
            if isinstance(pair.value, Sequence) and not pair.value.flow:
                return pair.value.column - self._root.column
        return _INDENT

    def _lines(self, width: int, quote: str) -> list[str]:
        """Return the entry's lines; `width` is that of the dash and the blanks behind it."""
        lines = [f"{key}: {written(value, quote)}" for key, value in self._fields.items()]
        lines[-1] += self._comment()
        return [("-" if not index else "").ljust(width) + line for index, line in enumerate(lines)]

    def _comment(self) -> str:
        return f" {with_tag('', self._said)}" if self._said else ""

    def _braces(self, like: Mapping | None, quote: str = "") -> str:
        quote = quote or (_key_quote(like) if like else _key_quote(self._root))
        value_quote = quote or (_quote(like, "name") if like else "")
        fields = ", ".join(
            f"{quote}{key}{quote}: {written(value, value_quote)}" for key, value in self._fields.items()
        )
        return "{" + fields + "}"


def _quote(item: Node, key: str) -> str:
    return quote_of(item.get(key)) if isinstance(item, Mapping) else ""


def _key_quote(mapping: Mapping) -> str:
    first = next(iter(mapping.pairs.values()), None)
    return quote_of(first.key) if first else ""
