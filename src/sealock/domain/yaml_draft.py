"""One YAML text, the splices that are to change it, and the proof that they change nothing else.

Every splice is an offset into the text as it is. `result` applies them, reads the outcome again and holds it
against what it must mean; comments that nobody asked to change must all be there.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from sealock.domain.tag_comment import with_tag
from sealock.domain.yaml_document import (
    MANIFEST,
    Alias,
    Mapping,
    Scalar,
    Sequence,
    parse,
    plain_value,
    to_plain,
)
from sealock.domain.yaml_edit import Edit, NotEditable, apply, comments, newline_of
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Sequence as Many

    from sealock.domain.location import Location
    from sealock.domain.yaml_document import Node, Path

# What YAML 1.1 readers, and there are some among Kustomize's, take for a truth value or a date.
_OLD_WORDS = re.compile(r"(?i:y|n|yes|no|on|off)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_BY_HAND = "Change it by hand, or write it as plain lines."


def written(value: str, quote: str = "") -> str:
    """Return how to write a text without blanks or escapes: in these quotes, or plain where that is text."""
    if quote == "'":
        return f"'{value}'"
    is_text = isinstance(plain_value(value), str) and not _OLD_WORDS.fullmatch(value)
    return value if is_text and not quote else f'"{value}"'


def quote_of(node: Node | None) -> str:
    """Return the quotes that a scalar stands in, or nothing."""
    return node.style if isinstance(node, Scalar) and node.style in {"'", '"'} else ""


class Draft:
    """A file's text and its edits so far. Raises NotEditable for text that is no YAML."""

    def __init__(self, text: str, file: str) -> None:
        """Begin with `text`; `file` names it in errors."""
        self.text = text
        self.file = file
        self.newline = newline_of(text)
        self.edits: list[Edit] = []
        try:
            self.documents = parse(text, file, MANIFEST)
        except ConfigurationError as wrong:
            first = wrong.problems[0] if wrong.problems else wrong
            raise NotEditable(first.message, where=first.where, hint=first.hint) from None
        self._comments = comments(text, *self.documents)
        self._given_up: Counter[str] = Counter()

    def refuse(self, message: str, where: Location, hint: str = _BY_HAND) -> NoReturn:
        """Raise NotEditable."""
        raise NotEditable(message, where=where, hint=hint)

    def walk(self, document: int, path: Path) -> list[Node]:
        """Return the nodes from a document's root to `path`, each of which stands there itself.

        Raises NotEditable for a path that is not there or leads through an alias or a merge, and where an
        alias elsewhere would change with it.
        """
        if not 0 <= document < len(self.documents):
            message = f"{self.file} holds no document {document + 1}"
            self.refuse(message, self._start())
        node = self.documents[document]
        found = [self._own(node, path)]
        for step in path:
            below = _child(node, step)
            if below is None:
                message = f"there is no {_shown(path)} of its own here"
                self.refuse(message, node.where)
            node = below
            found.append(self._own(node, path))
        return found

    def _start(self) -> Location:
        from sealock.domain.location import Location  # noqa: PLC0415 - for a fault alone

        return Location(self.file, 1, 1)

    def _own(self, node: Node, path: Path) -> Node:
        if isinstance(node, Alias):
            message = f"{_shown(path)} is an alias of line {node.target.line}"
            self.refuse(message, node.where, "Write the value out here.")
        self.refuse_shared(node)
        return node

    def refuse_shared(self, node: Node) -> None:
        """Raise NotEditable when an alias repeats what stands at `node`."""
        if node.anchor:
            user = next((each for root in self.documents for each in _users(root, node)), None)
            if user is not None:
                message = f"line {user.line} repeats the value of &{node.anchor} and would change too"
                self.refuse(message, node.where, "Write the value out there.")

    def splice(self, start: int, end: int, text: str) -> None:
        """Replace a stretch of the text."""
        self.edits.append(Edit(start, end, text))

    def set_scalar(self, node: Node, wanted: str, key: Scalar | None = None) -> None:
        """Write `wanted` where `node` stands, in its quotes; `key` is that of its mapping, if it has one."""
        if isinstance(node, Mapping | Sequence):
            self.refuse("a text was expected here", node.where)
        if isinstance(node, Scalar):
            if node.value() == wanted:
                return
            self.refuse_shared(node)
        token = written(wanted, quote_of(node))
        if node.start < node.end:
            self.splice(node.start, self.value_end(node), token)
        elif key is not None:
            colon = self.after_colon(key)
            self.splice(colon, colon, f" {token}")
        else:
            self.refuse("there is no value here", node.where)

    def value_end(self, node: Node, key: Scalar | None = None) -> int:
        """Return where a value's text ends, without the line break of a block scalar.

        That of an empty one ends at its key's colon.
        """
        if node.start == node.end and key is not None:
            return self.after_colon(key)
        end = node.end
        if isinstance(node, Scalar) and node.style in {"|", ">"}:
            if "#" in self.text[node.start : self.line_end(node.start)]:
                self.refuse("the value has a comment in its first line", node.where)
            while self.text[end - 1] in "\r\n":
                end -= 1
        return end

    def after_colon(self, key: Scalar) -> int:
        """Return where what belongs to a key begins."""
        return self.text.index(":", key.end) + 1

    def line_end(self, position: int) -> int:
        """Return where the line of `position` ends, before its line break."""
        end = self.text.find("\n", position)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > position and self.text[end - 1] == "\r" else end

    def comment_after(self, position: int) -> tuple[int, str]:
        """Return the comment behind `position` on its line, and where it begins; it may be empty."""
        end = self.line_end(position)
        return next((each for each in self._comments if position <= each[0] < end), (end, ""))

    def set_tag_comment(self, position: int, tag: str, rivals: Many[Node] = ()) -> None:
        """Have the line of `position` end with a comment that says `tag`, or with none that says a tag.

        On a line with one of `rivals` it could be about another image, and is left as it is. In JSON there
        is none.
        """
        if self._spans_line(position, rivals) or self._ends_within_scalar(position):
            return
        at, comment = self.comment_after(position)
        wanted = with_tag(comment, "" if self._is_json(position) else tag)
        if wanted == comment:
            return
        if comment:
            self.give_up(comment)
        start = at if comment and wanted else position + len(self.text[position:at].rstrip(" \t"))
        blank = "" if comment and wanted else " " * bool(wanted)
        self.splice(start, at + len(comment) if comment else start, blank + wanted)

    def _is_json(self, position: int) -> bool:
        root = next((each for each in self.documents if each.start <= position <= each.end), None)
        return self.file.endswith(".json") or (isinstance(root, Mapping | Sequence) and root.flow)

    def give_up(self, comment: str) -> None:
        """Let a comment go."""
        self._given_up[comment] += 1

    def _spans_line(self, position: int, inside: Iterable[Node]) -> bool:
        """Say whether one of the nodes stands on the line of `position`, wholly or in part."""
        start, end = self.text.rfind("\n", 0, position) + 1, self.line_end(position)
        return any(each.start < end and each.end > start for each in inside)

    def _ends_within_scalar(self, position: int) -> bool:
        """Say whether the line's end is inside a text, where a comment would be none."""
        end = self.line_end(position)
        return any(each.start < end < each.end for root in self.documents for each in _scalars(root))

    def plain(self) -> list[Any]:
        """Return what the documents mean."""
        return [to_plain(each) for each in self.documents]

    def result(self, expected: list[Any]) -> str:
        """Return the text with every edit made. Raises NotEditable unless it means `expected`."""
        if not self.edits:
            return self.text
        try:
            text = apply(self.text, self.edits)
            after = parse(text, self.file, MANIFEST)
        except (NotEditable, ConfigurationError):
            after, text = (), ""
        if not after or not _same([to_plain(each) for each in after], expected):
            message = "this cannot be changed without rewriting what is around it"
            self.refuse(message, self._place())
        kept = Counter(each for _, each in comments(text, *after))
        lost = Counter(each for _, each in self._comments) - self._given_up - kept
        if lost:
            message = f"the comment {next(iter(lost))[:60]!r} would be lost"
            self.refuse(message, self._place())
        return text

    def _place(self) -> Location:
        from sealock.domain.location import Location  # noqa: PLC0415 - for a fault alone

        start = min(each.start for each in self.edits)
        before = self.text[:start]
        return Location(self.file, before.count("\n") + 1, start - before.rfind("\n"))


def _same(one: list[Any], other: list[Any]) -> bool:
    """Say whether two values are the same, `1` and `true` apart."""
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


def _child(node: Node, step: str | int) -> Node | None:
    """Return the child that stands in `node` itself."""
    if isinstance(node, Mapping) and isinstance(step, str):
        pair = node.pairs.get(step)
        return pair.value if pair else None
    if isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, Sequence):
        yield from node.items
    elif isinstance(node, Mapping):
        for pair in node.pairs.values():
            yield pair.value
        yield from node.merges


def _users(node: Node, target: Node) -> Iterator[Alias]:
    """Yield the aliases that stand for `target`."""
    left = [node]
    while left:
        each = left.pop()
        if isinstance(each, Alias):
            if each.target is target:
                yield each
        else:
            left += _children(each)


def _scalars(node: Node) -> Iterator[Scalar]:
    left = [node]
    while left:
        each = left.pop()
        if isinstance(each, Scalar):
            yield each
        elif not isinstance(each, Alias):
            left += _children(each)


def _shown(path: Path) -> str:
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".") or "the document"
