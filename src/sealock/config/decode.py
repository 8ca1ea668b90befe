"""Decodes YAML nodes into msgspec types, strictly, and lists every fault instead of the first.

The types carry their constraints (`msgspec.Meta`), so that decoding, the JSON Schemas and the
reference tables say the same.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import UNSET

from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.suggest import did_you_mean
from sealock.domain.yaml_document import Mapping, Node, Pair, Scalar, Sequence, raise_all, resolved, to_plain
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sealock.domain.yaml_document import Path

    Decoder: TypeAlias = Callable[[Node, "Problems"], Any]


class Problems:
    """The faults found so far in one file."""

    def __init__(self, file: str) -> None:
        """Start without any, for `file`."""
        self.file = file
        self.found: list[ConfigurationError] = []
        self._seen: set[tuple[Location, str]] = set()

    def add(self, where: Node | Location, message: str, hint: str = "") -> None:
        """Note one fault at `where`; the same fault seen from several environments counts once."""
        place = where if isinstance(where, Location) else where.where
        if (place, message) in self._seen:
            return
        self._seen.add((place, message))
        self.found.append(ConfigurationError(message, where=place, hint=hint))

    def raise_if_any(self) -> None:
        """Raise every fault noted so far as one ConfigurationError."""
        if self.found:
            raise_all(self.file, self.found)


FAILED = object()
"""What decoding a wrong value yields; its problem is noted."""


def decode(node: Node, type_: Any, problems: Problems) -> Any:  # noqa: ANN401 - whatever `type_` is
    """Return `node` as `type_`; faults go to `problems`. A wrong optional field keeps its default."""
    return _decoder(type_)(node, problems)


def pair_of(node: Node | None, key: str) -> Pair | None:
    """Return the entry `key` of a mapping node, with the key's place."""
    mapping = resolved(node) if node is not None else None
    return mapping.pairs.get(key) if isinstance(mapping, Mapping) else None


def value_of(node: Node, key: str) -> Node:
    """Return the value of the entry `key` of a mapping node, or the node itself without one."""
    pair = pair_of(node, key)
    return pair.value if pair else node


def items_of(root: Node | None, path: Path, count: int) -> tuple[Node, ...]:
    """Return the nodes of a decoded list; none where a faulty one was left out, so that they line up."""
    found = root.at(path) if root is not None else None
    listed = resolved(found) if found is not None else None
    return tuple(listed.items) if isinstance(listed, Sequence) and len(listed.items) == count else ()


_DECODERS: dict[Any, Decoder] = {}


def _decoder(type_: Any) -> Decoder:  # noqa: ANN401
    decoder = _DECODERS.get(type_)
    if decoder is None:
        decoder = _DECODERS[type_] = _compile(msgspec.inspect.type_info(type_))
    return decoder


def _compile(info: msgspec.inspect.Type) -> Decoder:
    maker = _makers().get(type(info))
    if maker is None:
        msg = f"no decoder for {info!r}"
        raise TypeError(msg)
    return maker(info)


def _makers() -> dict[type, Callable[[Any], Decoder]]:
    inspect = msgspec.inspect
    return {
        inspect.Metadata: _annotated,
        inspect.StrType: lambda info: _string(info, ""),
        inspect.IntType: _integer,
        inspect.FloatType: _float,
        inspect.BoolType: lambda _: _boolean,
        inspect.LiteralType: _literal,
        inspect.NoneType: lambda _: _null,
        inspect.AnyType: lambda _: _anything,
        inspect.ListType: _list,
        inspect.DictType: _dict,
        inspect.StructType: _known_struct,
        inspect.UnionType: _union,
    }


def _annotated(info: msgspec.inspect.Metadata) -> Decoder:
    title = str((info.extra_json_schema or {}).get("title") or "")
    return (
        _string(info.type, title) if isinstance(info.type, msgspec.inspect.StrType) else _compile(info.type)
    )


def found(node: Node) -> str:
    """Return what stands at `node`, for a message: `the number 5`, `"text"`, `a list`."""
    node = resolved(node)
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    value = node.value()
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f'"{shown(value)}"'
    kind = "" if isinstance(value, bool) else "the number "
    return f"{kind}{shown(node.text)}"


_PASSWORD = re.compile(r"//[^/\s]*@")


def shown(text: str) -> str:
    """Return foreign text for a message: short, printable, without a password in a URL."""
    return printable(_PASSWORD.sub("//…@", text))


def _expected(node: Node, problems: Problems, expected: str, hint: str = "") -> Any:  # noqa: ANN401
    problems.add(node, f"expected {expected}, found {found(node)}", hint)
    return FAILED


def _value(node: Node) -> Any:  # noqa: ANN401
    node = resolved(node)
    return node.value() if isinstance(node, Scalar) else FAILED


@functools.lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern of JSON Schema for Python, where `$` would also match before a last line break."""
    return re.compile(re.sub(r"\$$", r"\\Z", text))


def _string(info: msgspec.inspect.StrType, title: str) -> Decoder:
    pattern, shortest, longest = info.pattern, info.min_length or 0, info.max_length

    def decoder(node: Node, problems: Problems) -> Any:  # noqa: ANN401
        text = _value(node)
        if not isinstance(text, str):
            scalar = text is not FAILED and text is not None
            return _expected(node, problems, title or "text", "Quote it if it is text." if scalar else "")
        if longest is not None and len(text) > longest:
            return _expected(node, problems, f"{title or 'text'} of at most {longest} characters")
        if len(text) < shortest or (pattern and not _pattern(pattern).search(text)):
            return _expected(node, problems, title or "text that is not empty")
        return text

    return decoder


def _integer(info: msgspec.inspect.IntType) -> Decoder:
    low, high = info.ge, info.le
    bounds = f" from {low}" if low is not None else ""
    bounds += f" to {high}" if high is not None else ""

    def decoder(node: Node, problems: Problems) -> Any:  # noqa: ANN401
        value = _value(node)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        fits = type(value) is int and (low is None or value >= low) and (high is None or value <= high)
        return value if fits else _expected(node, problems, f"a whole number{bounds}")

    return decoder


def _float(info: msgspec.inspect.FloatType) -> Decoder:
    def decoder(node: Node, problems: Problems) -> Any:  # noqa: ANN401
        value = _value(node)
        if type(value) in (int, float) and math.isfinite(value) and _fits(value, info):
            return float(value)
        return _expected(node, problems, _number_words(info))

    return decoder


def _fits(value: float, info: msgspec.inspect.FloatType) -> bool:
    above, least, most = info.gt, info.ge, info.le
    return (
        (above is None or value > above)
        and (least is None or value >= least)
        and (most is None or value <= most)
    )


def _number_words(info: msgspec.inspect.FloatType) -> str:
    if info.gt is not None:
        return f"a number above {info.gt:g}"
    if info.ge is not None and info.le is not None:
        return f"a number from {info.ge:,g} to {info.le:,.0f}"
    return "a number"


def _boolean(node: Node, problems: Problems) -> Any:  # noqa: ANN401
    value = _value(node)
    if isinstance(value, bool):
        return value
    is_word = isinstance(value, str) and value.lower() in {
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "true",
        "false",
    }
    return _expected(node, problems, "true or false", "Write it plain: true or false." if is_word else "")


def _null(node: Node, problems: Problems) -> Any:  # noqa: ANN401
    return None if _value(node) is None else _expected(node, problems, "nothing")


def _anything(node: Node, problems: Problems) -> Any:  # noqa: ANN401
    value = to_plain(node)
    return value if _is_json(value) else _expected(node, problems, "what JSON can hold")


def _is_json(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return not isinstance(value, float) or math.isfinite(value)


def _literal(info: msgspec.inspect.LiteralType) -> Decoder:
    choices = tuple(str(each) for each in info.values)

    def decoder(node: Node, problems: Problems) -> Any:  # noqa: ANN401
        value = _value(node)
        if isinstance(value, str) and value in choices:
            return value
        hint = did_you_mean(value, choices) if isinstance(value, str) else ""
        expected = f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0]
        return _expected(node, problems, expected, hint)

    return decoder


def _list(info: msgspec.inspect.ListType) -> Decoder:
    item_decoder = _compile(info.item_type)
    shortest = info.min_length or 0

    def decoder(node: Node, problems: Problems) -> Any:  # noqa: ANN401
        sequence = resolved(node)
        if not isinstance(sequence, Sequence) or len(sequence.items) < shortest:
            return _expected(node, problems, "a list" if not shortest else "a list that is not empty")
        items = (item_decoder(each, problems) for each in sequence.items)
        return [each for each in items if each is not FAILED]

    return decoder


def _dict(info: msgspec.inspect.DictType) -> Decoder:
    key_decoder, value_decoder = _compile(info.key_type), _compile(info.value_type)
    shortest = info.min_length or 0

    def decoder(node: Node, problems: Problems) -> Any:  # noqa: ANN401
        mapping = resolved(node)
        if not isinstance(mapping, Mapping) or len(mapping.pairs) < shortest:
            return _expected(node, problems, "a mapping" if not shortest else "a mapping that is not empty")
        out = {}
        for name, pair in mapping.pairs.items():
            # A key is text however it is written: `1:` and `true:` too.
            key = (
                pair.key
                if isinstance(pair.key.value(), str)
                else msgspec.structs.replace(pair.key, style='"')
            )
            value = value_decoder(pair.value, problems)
            if key_decoder(key, problems) is not FAILED and value is not FAILED:
                out[name] = value
        return out

    return decoder


def _known_struct(info: msgspec.inspect.StructType) -> Decoder:
    """Return the decoder of a struct type, made once although every environment has the same type."""
    decoder = _DECODERS.get(info.cls)
    if decoder is None:
        decoder = _DECODERS[info.cls] = _struct(info)
    return decoder


def _struct(info: msgspec.inspect.StructType) -> Decoder:
    names = {field.encode_name: field.name for field in info.fields}
    decoders = {field.encode_name: _compile(field.type) for field in info.fields}
    required = {field.encode_name for field in info.fields if field.required}
    type_ = info.cls

    def decoder(node: Node, problems: Problems) -> Any:  # noqa: ANN401
        mapping = resolved(node)
        if not isinstance(mapping, Mapping):
            return _expected(node, problems, "a mapping", f"Its keys can be: {', '.join(names)}.")
        values = {}
        for key, pair in mapping.pairs.items():
            field = decoders.get(key)
            if field is None:
                problems.add(pair.key, f"unknown key `{shown(key)}`", did_you_mean(key, names))
                continue
            value = field(pair.value, problems)
            if value is not FAILED:
                values[names[key]] = value
        missing = [key for key in names if key in required and key not in mapping.pairs]
        if missing:
            problems.add(
                mapping,
                f"`{'`, `'.join(missing)}` is missing"
                if len(missing) == 1
                else f"`{'`, `'.join(missing)}` are missing",
            )
        complete = all(names[key] in values for key in required)
        return type_(**values) if complete else FAILED

    return decoder


def _union(info: msgspec.inspect.UnionType) -> Decoder:
    inspect = msgspec.inspect
    members = info.types
    bare = [each.type if isinstance(each, inspect.Metadata) else each for each in members]
    by_kind = list(zip(bare, (_compile(each) for each in members), strict=True))
    mapping = next((d for t, d in by_kind if isinstance(t, inspect.StructType | inspect.DictType)), None)
    sequence = next((d for t, d in by_kind if isinstance(t, inspect.ListType)), None)
    text = next((d for t, d in by_kind if isinstance(t, inspect.StrType | inspect.LiteralType)), None)
    null = any(isinstance(t, inspect.NoneType) for t in bare)
    natives = tuple(
        native
        for kind, native in ((inspect.IntType, int), (inspect.FloatType, float), (inspect.BoolType, bool))
        if any(isinstance(t, kind) for t in bare)
    )
    single = next((d for t, d in by_kind if not isinstance(t, inspect.NoneType)), _null)

    def decoder(node: Node, problems: Problems) -> Any:  # noqa: ANN401
        target = resolved(node)
        if isinstance(target, Mapping):
            return (mapping or single)(node, problems)
        if isinstance(target, Sequence):
            return (sequence or single)(node, problems)
        value = target.value()
        if value is None and null:
            return None
        if text and natives and type(value) in natives:
            # Text that may be written as a number (a tag 1.10, cpu 2) is taken as it is written.
            target = msgspec.structs.replace(target, style='"')
        return (text or single)(target, problems)

    return decoder


def text_list(value: str | list[str] | msgspec.UnsetType) -> tuple[str, ...]:
    """Return `a`, `[a, b]` or an absent value as a tuple."""
    if value is UNSET:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def paths_of(paths: Iterable[str]) -> str:
    """Return names quoted for a message."""
    return ", ".join(f"`{each}`" for each in paths)
