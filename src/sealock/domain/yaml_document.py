"""YAML text as a tree of nodes that know where they stand.

Values are taken from nodes by the YAML 1.2 core schema, the one that Kubernetes' own parser
follows for what it reads; nothing is ever constructed from a tag.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import msgspec

from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Many

Path: TypeAlias = tuple[str | int, ...]


class Limits(msgspec.Struct, frozen=True):
    """What a text may contain before it is refused.

    `max_expanded_nodes` counts the nodes that aliases would add if each were written out.
    `tags` permits the tags of the YAML 1.1 type repository (`!!str`, `!!binary` …), `merge` the `<<` key.
    """

    max_bytes: int = 8 * 1024 * 1024
    max_depth: int = 64
    max_expanded_nodes: int = 100_000
    tags: bool = False
    merge: bool = False


CONFIG = Limits()
"""For Sealock's own files."""

MANIFEST = Limits(max_bytes=64 * 1024 * 1024, max_depth=256, tags=True, merge=True)
"""For files that Kustomize or Argo CD read."""


class _Span(msgspec.Struct, frozen=True, gc=False):
    """Where a node stands: half-open `start`/`end` in characters of the text, line and column from 1.

    `start` is behind an anchor or tag. A block collection ends with its last child, a flow
    collection behind its bracket, a block scalar behind its last line.
    """

    file: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int
    anchor: str

    @property
    def where(self) -> Location:
        return Location(self.file, self.line, self.column, self.end_line, self.end_column)

    def at(self, path: Path) -> Node | None:
        """Return the node at `path` (keys and indices; aliases followed), or None."""
        node: Node | None = self  # type: ignore[assignment]
        for step in path:
            node = _child(node, step)
            if node is None:
                return None
        return resolved(node) if node is not None else None


class Scalar(_Span, frozen=True, gc=False):
    """A scalar: `text` is its content without quotes; `style` is empty (plain), `'`, `"`, `|` or `>`."""

    text: str
    style: str = ""
    tag: str = ""

    def value(self) -> str | int | float | bool | None:
        """Return what Kubernetes' parser reads here; timestamps stay text."""
        if self.tag in _TEXT_TAGS or (self.style and not self.tag):
            return self.text
        return plain_value(self.text)


class Pair(msgspec.Struct, frozen=True, gc=False):
    """One entry of a mapping: the key's node and the value's."""

    key: Scalar
    value: Node


class Mapping(_Span, frozen=True, gc=False):
    """A mapping: `pairs` by key text in source order; `merges` are the mappings under `<<`."""

    pairs: dict[str, Pair]
    flow: bool
    merges: tuple[Node, ...] = ()

    def get(self, key: str) -> Node | None:
        """Return the value of `key`, through merges and aliases, or None."""
        pair = self.pairs.get(key)
        if pair is not None:
            return resolved(pair.value)
        for merge in self.merges:
            source = resolved(merge)
            found = source.get(key) if isinstance(source, Mapping) else None
            if found is not None:
                return found
        return None


class Sequence(_Span, frozen=True, gc=False):
    """A sequence and its items."""

    items: tuple[Node, ...]
    flow: bool


class Alias(_Span, frozen=True, gc=False):
    """`*name`, and the node it stands for."""

    target: Node


Node: TypeAlias = Mapping | Sequence | Scalar | Alias


def resolved(node: Node) -> Mapping | Sequence | Scalar:
    """Return `node`, or what it stands for when it is an alias."""
    while isinstance(node, Alias):
        node = node.target
    return node


def _child(node: Node | None, step: str | int) -> Node | None:
    if node is None:
        return None
    node = resolved(node)
    if isinstance(node, Mapping) and isinstance(step, str):
        return node.get(step)
    if isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def to_plain(node: Node) -> Any:  # noqa: ANN401 - plain JSON-like data
    """Return the node as dicts, lists and scalars; aliases and merges written out."""
    node = resolved(node)
    if isinstance(node, Scalar):
        return node.value()
    if isinstance(node, Sequence):
        return [to_plain(item) for item in node.items]
    plain: dict[str, Any] = {}
    for merge in reversed(node.merges):
        source = to_plain(merge)
        if isinstance(source, dict):
            plain |= source
    for key, pair in node.pairs.items():
        plain[key] = to_plain(pair.value)
    return plain


_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = (16, 2, 8, 10)
_INT_RANGE = range(-(2**63), 2**64)
_MOST_DIGITS = 100
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary"})


def plain_value(text: str) -> str | int | float | bool | None:
    """Return the value of an unquoted scalar.

    Source: resolve.go of go.yaml.in/yaml/v3: `0777` is octal, `08` a float, `on` and `=` are text,
    an integer over 64 bits is a float. Timestamps stay text, as JSON has none.
    """
    if text in _WORDS:
        return _WORDS[text]
    if not (text[0] in "+-.0123456789" and text.isascii()):
        return text
    digits = text if text[0] == "." else text.replace("_", "")
    match = _INT.fullmatch(digits)
    if match and len(digits) <= _MOST_DIGITS:
        number = next(int(part, base) for part, base in zip(match.groups()[1:], _BASES, strict=True) if part)
        number = -number if match[1] == "-" else number
        if number in _INT_RANGE:
            return number
    if _FLOAT.fullmatch(digits):
        real = float(digits)
        return text if math.isinf(real) else real
    return text


_MOST_LISTED = 100
_MOST_NOTED = 1000


def raise_all(file: str, problems: Many[ConfigurationError], *, more: bool = False) -> NoReturn:
    """Raise the one problem, or the first hundred in file order under one summary.

    `more` says that reading stopped and there may be more than these.
    """
    if len(problems) == 1:
        raise problems[0]
    ordered = sorted(problems, key=lambda problem: problem.where or Location(file))
    cut = f" (the first {_MOST_LISTED} are listed)" if len(problems) > _MOST_LISTED else ""
    message = f"{file} has {'at least ' if more else ''}{len(problems)} faults{cut}; nothing was written"
    raise ConfigurationError(message, where=Location(file), problems=tuple(ordered[:_MOST_LISTED]))


def decode(data: bytes, file: str) -> str:
    """Return `data` as text. Raises ConfigurationError at the first byte that is no UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        before = data[: wrong.start].decode("utf-8")
        message = f"byte 0x{data[wrong.start]:02x} is no UTF-8"
        raise ConfigurationError(
            message, where=_place(before, len(before), file), hint="Save the file as UTF-8."
        ) from None


def parse(
    text: str, file: str, limits: Limits = CONFIG, problems: list[ConfigurationError] | None = None
) -> tuple[Node, ...]:
    """Return one node for each document in `text`; `file` names it in errors.

    Raises ConfigurationError for text that is no YAML or over a limit. Duplicate keys and refused
    tags leave a tree to go on with: each is added to `problems`; without that, all are raised together.
    """
    _refuse_size(text, file, limits)
    _refuse_characters(text, file)
    # libyaml does not count a byte order mark; the text without it has the same positions, less one.
    mark = 1 if text.startswith("\ufeff") else 0
    builder = _Builder(text, file, limits, mark)
    documents = builder.build(_events(text[mark:], text, file, mark))
    if problems is not None:
        problems += builder.problems
    elif builder.problems:
        raise_all(file, builder.problems)
    return documents


def parse_one(
    text: str, file: str, limits: Limits = CONFIG, problems: list[ConfigurationError] | None = None
) -> Node | None:
    """Return the only document of `text`, or None when it holds nothing. Raises as `parse` does."""
    documents = parse(text, file, limits, problems)
    if len(documents) > 1:
        message = f"{file} holds {len(documents)} documents; expected one"
        raise ConfigurationError(
            message, where=documents[1].where, hint="Remove the `---` between the documents."
        )
    return documents[0] if documents else None


def _refuse_size(text: str, file: str, limits: Limits) -> None:
    most = limits.max_bytes
    # A character is one to four bytes: only near the limit must they be counted.
    size = len(text) if len(text) > most or 4 * len(text) <= most else len(text.encode("utf-8", "replace"))
    if size > most:
        message = f"the file is larger than {most // 1024 // 1024} MiB"
        raise ConfigurationError(
            message, where=Location(file), hint="Split it, or check that it is the right file."
        )


# What YAML does not print, said directly: the complement of a set that large takes 5 ms to compile.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def _refuse_characters(text: str, file: str) -> None:
    match = _UNPRINTABLE.search(text)
    if match:
        message = f"character U+{ord(match[0]):04X} is not allowed in YAML"
        hint = 'Remove it, or write it escaped in double quotes: "\\x1b".'
        raise ConfigurationError(message, where=_place(text, match.start(), file), hint=hint)


def _place(text: str, index: int, file: str) -> Location:
    before = text[:index]
    return Location(file, before.count("\n") + 1, index - before.rfind("\n"))


def _events(body: str, text: str, file: str, mark: int) -> Iterator[Any]:
    if not body or body.isspace():
        return
    import yaml  # noqa: PLC0415 - 15 ms that `--help` need not pay

    try:
        loader: Any = getattr(yaml, "CLoader", yaml.Loader)(body)
        event = loader.get_event()
        while event is not None:
            yield event
            event = None if type(event) is yaml.StreamEndEvent else loader.get_event()
        loader.dispose()
    except yaml.MarkedYAMLError as wrong:
        raise _syntax_error(wrong, text, file, mark) from None
    except yaml.YAMLError as wrong:
        message = f"this is no YAML: {wrong}"
        raise ConfigurationError(message, where=Location(file)) from None


def _syntax_error(wrong: Any, text: str, file: str, mark: int) -> ConfigurationError:  # noqa: ANN401
    place = wrong.problem_mark or wrong.context_mark
    where = Location(file, place.line + 1, place.column + 1)
    index = place.index + mark
    line = text[text.rfind("\n", 0, index) + 1 : index + 1]
    hint = f"Read {wrong.context} at line {wrong.context_mark.line + 1}." if wrong.context_mark else ""
    if "\t" in line:
        hint = "Indent with spaces: YAML allows no tabs there."
    return ConfigurationError(f"this is no YAML: {wrong.problem}", where=where, hint=hint)


class _Frame:
    """A collection that is still open; `weight` (nodes) and `height` count aliases as written out."""

    __slots__ = (
        "anchor",
        "column",
        "height",
        "is_mapping",
        "items",
        "key",
        "line",
        "merges",
        "pairs",
        "start",
        "weight",
    )

    def __init__(self, *, is_mapping: bool, start: int, line: int, column: int, anchor: str) -> None:
        self.is_mapping = is_mapping
        self.start = start
        self.line = line
        self.column = column
        self.anchor = anchor
        self.weight = 1
        self.height = 1
        self.key: Scalar | None = None
        self.pairs: dict[str, Pair] = {}
        self.merges: tuple[Node, ...] = ()
        self.items: list[Node] = []


_CORE_TAG = re.compile(
    r"!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq|binary|timestamp|merge|set|omap)"
)
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:[ \t\r\n]+|(?<=\s)#[^\n]*\n)*)+")


class _Builder:
    """Turns parser events into nodes without recursion, so that depth is a limit and not a crash."""

    def __init__(self, text: str, file: str, limits: Limits, mark: int) -> None:
        self.text = text
        self.file = file
        self.limits = limits
        self.mark = mark
        self.problems: list[ConfigurationError] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        self.open_anchors: list[str] = []
        self.expanded = 0
        self.documents: list[Node] = []

    def build(self, events: Iterator[Any]) -> tuple[Node, ...]:
        handlers = {
            "ScalarEvent": self._scalar,
            "MappingStartEvent": self._open,
            "SequenceStartEvent": self._open,
            "MappingEndEvent": self._close,
            "SequenceEndEvent": self._close,
            "AliasEvent": self._alias,
            "DocumentStartEvent": self._document,
        }
        for event in events:
            handler = handlers.get(type(event).__name__)
            if handler:
                handler(event)
        return tuple(self.documents)

    def _document(self, event: Any) -> None:  # noqa: ANN401
        del event
        self.anchors.clear()

    def _problem(self, message: str, line: int, column: int, hint: str) -> ConfigurationError:
        return ConfigurationError(message, where=Location(self.file, line, column), hint=hint)

    def _note(self, message: str, line: int, column: int, hint: str) -> None:
        """Note a fault that leaves a tree to go on with; so many of them are no mistake, but an attack."""
        self.problems.append(self._problem(message, line, column, hint))
        if len(self.problems) >= _MOST_NOTED:
            raise_all(self.file, self.problems, more=True)

    def _start(self, event: Any) -> tuple[int, int, int]:  # noqa: ANN401
        """Return index, line and column of the content, behind an anchor or tag."""
        mark = event.start_mark
        index = mark.index + self.mark
        if event.anchor is None and event.tag is None:
            return index, mark.line + 1, mark.column + 1
        if event.tag is not None:
            self._check_tag(event)
        match = _PROPERTIES.match(self.text, index, event.end_mark.index + self.mark) or _PROPERTIES.match(
            self.text, index
        )
        start = match.end() if match else index
        skipped = self.text[index:start]
        breaks = skipped.count("\n")
        column = len(skipped) - skipped.rfind("\n") if breaks else mark.column + 1 + len(skipped)
        return start, mark.line + 1 + breaks, column

    def _check_tag(self, event: Any) -> None:  # noqa: ANN401
        if self.limits.tags and _CORE_TAG.fullmatch(event.tag):
            return
        mark = event.start_mark
        name = event.tag.replace("tag:yaml.org,2002:", "!!")
        hint = "Remove the tag; quote the value if it must be text."
        self._note(f"tag {printable(name)} is not allowed", mark.line + 1, mark.column + 1, hint)

    def _scalar(self, event: Any) -> None:  # noqa: ANN401
        start, line, column = self._start(event)
        mark = event.end_mark
        end, end_line, end_column = mark.index + self.mark, mark.line + 1, mark.column + 1
        span = (self.file, start, end, line, column, end_line, end_column)
        node = Scalar(*span, event.anchor or "", event.value, event.style or "", event.tag or "")
        self._add(node, 1, 0)

    def _alias(self, event: Any) -> None:  # noqa: ANN401
        mark, end = event.start_mark, event.end_mark
        target = self.anchors.get(event.anchor)
        if target is None or event.anchor in self.open_anchors:
            inside = event.anchor in self.open_anchors
            message = f"alias *{event.anchor} " + ("contains itself" if inside else "has no anchor before it")
            hint = f"Put &{event.anchor} before the value that it should repeat, or write the value out."
            raise self._problem(message, mark.line + 1, mark.column + 1, hint)
        node, weight, height = target
        self.expanded += weight
        if self.expanded > self.limits.max_expanded_nodes:
            message = f"aliases expand to more than {self.limits.max_expanded_nodes} values"
            raise self._problem(message, mark.line + 1, mark.column + 1, "Write the repeated values out.")
        self._check_depth(height, mark.line + 1, mark.column + 1)
        start = (mark.index + self.mark, end.index + self.mark, mark.line + 1, mark.column + 1)
        self._add(Alias(self.file, *start, end.line + 1, end.column + 1, "", node), weight, height)

    def _check_depth(self, height: int, line: int, column: int) -> None:
        if len(self.stack) + height > self.limits.max_depth:
            message = f"nested deeper than {self.limits.max_depth} levels"
            raise self._problem(message, line, column, "Check the indentation.")

    def _open(self, event: Any) -> None:  # noqa: ANN401
        start, line, column = self._start(event)
        self._check_depth(1, line, column)
        is_mapping = type(event).__name__ == "MappingStartEvent"
        if event.anchor:
            self.open_anchors.append(event.anchor)
        self.stack.append(
            _Frame(is_mapping=is_mapping, start=start, line=line, column=column, anchor=event.anchor or "")
        )

    def _close(self, event: Any) -> None:  # noqa: ANN401
        frame = self.stack.pop()
        if frame.anchor:
            self.open_anchors.pop()
        end = event.end_mark
        flow = end.index > event.start_mark.index
        stop = (end.index + self.mark, end.line + 1, end.column + 1)
        last: Node | None = next(reversed(frame.pairs.values())).value if frame.pairs else None
        for child in (*frame.merges[-1:], *frame.items[-1:]):
            last = child if last is None or child.end > last.end else last
        if not flow and last is not None:
            stop = (last.end, last.end_line, last.end_column)
        begin = (frame.start, stop[0], frame.line, frame.column)
        node: Node
        if frame.is_mapping:
            node = Mapping(self.file, *begin, *stop[1:], frame.anchor, frame.pairs, flow, frame.merges)
        else:
            node = Sequence(self.file, *begin, *stop[1:], frame.anchor, tuple(frame.items), flow)
        self._add(node, frame.weight, frame.height)

    def _add(self, node: Node, weight: int, height: int) -> None:
        if node.anchor:
            self.anchors[node.anchor] = (node, weight, height)
        if not self.stack:
            self.documents.append(node)
            return
        frame = self.stack[-1]
        frame.weight += weight
        frame.height = max(frame.height, height + 1)
        if not frame.is_mapping:
            frame.items.append(node)
        elif frame.key is None:
            frame.key = self._key(node)
        else:
            self._pair(frame, frame.key, node)
            frame.key = None

    def _key(self, node: Node) -> Scalar:
        key = resolved(node)
        if isinstance(key, Scalar):
            return key
        message = "a mapping or list cannot be a key"
        hint = "Quote it if it is text: braces and brackets start a mapping or list."
        raise self._problem(message, node.line, node.column, hint)

    def _pair(self, frame: _Frame, key: Scalar, value: Node) -> None:
        if key.text == "<<" and not key.style and self._merge(frame, key, value):
            return
        first = frame.pairs.get(key.text)
        if first is None:
            frame.pairs[key.text] = Pair(key, value)
            return
        shown = repr(printable(key.text))
        message = f"key {shown} stands twice, first at line {first.key.line}, column {first.key.column}"
        self._note(message, key.line, key.column, "Keep one of the two.")

    def _merge(self, frame: _Frame, key: Scalar, value: Node) -> bool:
        if not self.limits.merge:
            hint = "Write the keys out, or put them under `defaults`."
            self._note("merge key << is not allowed", key.line, key.column, hint)
            return True
        source = resolved(value)
        sources = source.items if isinstance(source, Sequence) else (value,)
        if not all(isinstance(resolved(each), Mapping) for each in sources):
            return False
        frame.merges += sources
        return True
