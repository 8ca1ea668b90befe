"""JSON Schemas as the provider's strict mode takes them: what is wrong with one, and the nearest right one.

Rules: https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas. Where that page is
silent (an unlisted keyword, a level of nesting) the stricter reading holds, so that a schema that passes
here is not refused there. What is sent may permit more than what was asked (a dropped `minLength`): answers
are always judged by the schema as it was written, see strict_answer.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

Path: TypeAlias = tuple[str | int, ...]
Schema: TypeAlias = dict[str, Any]

PROPERTIES = 5000
LEVELS = 10
ENUM_VALUES = 1000
NAME_CHARACTERS = 120_000
LONG_ENUM_VALUES = 250
LONG_ENUM_CHARACTERS = 15_000
_DEEPEST = 100

_ANNOTATIONS = frozenset({"title", "description", "$schema", "$id", "$comment"})
_KEYWORDS = _ANNOTATIONS | {
    *("type", "enum", "const", "anyOf", "properties", "required", "additionalProperties", "items"),
    *("$defs", "definitions", "pattern", "format", "minItems", "maxItems"),
    *("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"},
)
_NOT_EXPRESSIBLE = {
    "allOf": "write what its parts say into one schema",
    "patternProperties": "list the properties, or make it an array of {name, value}",
    "prefixItems": "make it an object with a property for each place",
    "$dynamicRef": "use $ref",
    "$recursiveRef": "use $ref",
}
_DEFINITIONS = ("$defs", "definitions")


class SchemaFault(msgspec.Struct, frozen=True):
    """What strict mode refuses: the place in the schema, why, and what the fix makes of it.

    An empty `change` means that only a person can say what was meant; `help` says how.
    """

    path: Path
    message: str
    change: str = ""
    help: str = ""


class StrictSchema(msgspec.Struct, frozen=True):
    """The nearest schema that strict mode takes, and every fault of the one it comes from, in its order.

    It is to be sent only when no fault is without a `change`.
    """

    schema: Schema
    faults: tuple[SchemaFault, ...]

    @property
    def unmendable(self) -> tuple[SchemaFault, ...]:
        """The faults that the fix leaves."""
        return tuple(each for each in self.faults if not each.change)


def pointer(path: Path) -> str:
    """Return the JSON Pointer of a place, for example `/properties/issues/items`; the root is `/`."""
    return "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in path)


def strict(schema: object) -> StrictSchema:
    """Return the strict form of a schema, which is plain JSON, with the faults of the original."""
    if not isinstance(schema, dict):
        fault = SchemaFault((), "a schema of strict mode is an object", help='Begin with {"type": "object"}.')
        return StrictSchema({}, (fault,))
    rewriter = _Rewriter(schema)
    found = rewriter.node(schema, ())
    if found.get("type") != "object" or "anyOf" in found:
        rewriter.fault((), "the root is no object", help='Put it into a property of a {"type": "object"}.')
    rewriter.faults += _limits(found)
    return StrictSchema(found, tuple(rewriter.faults))


class _Rewriter:
    def __init__(self, root: Schema) -> None:
        self.faults: list[SchemaFault] = []
        self._root = root

    def fault(self, path: Path, message: str, change: str = "", help: str = "") -> None:  # noqa: A002
        self.faults.append(SchemaFault(path, message, change, help))

    def node(self, schema: object, path: Path) -> Schema:
        """Return the strict form of the schema at `path`."""
        if not isinstance(schema, dict) or not schema:
            self.fault(path, "it permits any value", help="Say its type.")
            return {}
        if len(path) > _DEEPEST:
            self.fault(path, "it is nested too deeply", help="Make it flatter.")
            return {}
        if "$ref" in schema:
            return self._reference(schema, path)
        if unwrapped := _only_part(schema):
            self.fault((*path, "allOf"), "`allOf` is not supported", "put its one part in its place")
            return self.node(unwrapped, path)
        found = self._known(self._choice(schema, path), path)
        self._type(found, path)
        if _has_type(found, "object") or "properties" in found:
            self._object(found, path)
        if _has_type(found, "array") or "items" in found:
            self._array(found, path)
        for word in ("anyOf", *_DEFINITIONS):
            if word in found:
                found[word] = self._each(found[word], (*path, word))
        return found

    def _reference(self, schema: Schema, path: Path) -> Schema:
        target = schema["$ref"]
        if resolved(self._root, target) is None:
            self.fault((*path, "$ref"), f"{target!r} is not in this schema", help="Refer to `#/$defs/NAME`.")
        # At the root, definitions stand beside the reference and would be lost.
        found = {"$ref": target}
        beside = [word for word in schema if word != "$ref"]
        if not path:
            found |= {word: self._each(schema[word], (word,)) for word in _DEFINITIONS if word in schema}
            beside = [word for word in beside if word not in found]
        for word in beside:
            self.fault((*path, word), f"`{word}` stands beside `$ref`", f"drop `{word}`")
        return found

    def _choice(self, schema: Schema, path: Path) -> Schema:
        if "oneOf" not in schema or "anyOf" in schema:
            return schema
        self.fault((*path, "oneOf"), "`oneOf` is not supported", "make it `anyOf`")
        return {("anyOf" if word == "oneOf" else word): value for word, value in schema.items()}

    def _known(self, schema: Schema, path: Path) -> Schema:
        """Return the schema without what strict mode does not know."""
        found: Schema = {}
        for word, value in schema.items():
            place = (*path, word)
            if word in _NOT_EXPRESSIBLE:
                help_ = _NOT_EXPRESSIBLE[word]
                self.fault(place, f"`{word}` is not supported", help=f"{help_[0].upper()}{help_[1:]}.")
            elif word not in _KEYWORDS:
                self.fault(place, f"`{word}` is not supported", f"drop `{word}`")
            elif word == "format" and value not in _FORMATS:
                self.fault(place, f"the format {value!r} is not supported", "drop `format`")
            else:
                found[word] = value
        return found

    def _type(self, schema: Schema, path: Path) -> None:
        if "type" in schema or "anyOf" in schema:
            return
        guessed = _guessed_type(schema)
        if guessed is None:
            self.fault(path, "it has no type", help="Say its type.")
            return
        self.fault(path, "it has no type", f"set the type {msgspec.json.encode(guessed).decode()}")
        schema["type"] = guessed

    def _object(self, schema: Schema, path: Path) -> None:
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not properties:
            self.fault(path, "an object without properties is always empty", help="List its properties.")
            properties = {}
        extra = schema.get("additionalProperties", True)
        if isinstance(extra, dict) and extra:
            self.fault(
                (*path, "additionalProperties"),
                "keys that are not known before cannot be asked for",
                help="List the properties, or make it an array of {name, value}.",
            )
        elif extra is not False:
            why = "`additionalProperties` is not false"
            self.fault(path, why, "set `additionalProperties` to false")
        schema["additionalProperties"] = False
        required = schema.get("required", ())
        schema["properties"] = {
            name: self._property(each, (*path, "properties", name), required=name in required)
            for name, each in properties.items()
        }
        for name in required:
            if name not in properties:
                why = f"`{name}` is required and is no property"
                self.fault((*path, "required"), why, help=f"Add `{name}` to the properties.")
        schema["required"] = list(properties)

    def _property(self, schema: object, path: Path, *, required: bool) -> Schema:
        found = self.node(schema, path)
        if required:
            return found
        if accepts_null(schema, self._root):
            self.fault(path, f"`{path[-1]}` is not required", "require it")
            return found
        self.fault(path, f"`{path[-1]}` is not required", "require it, and let it be null")
        return _or_null(found)

    def _array(self, schema: Schema, path: Path) -> None:
        items = schema.get("items")
        if isinstance(items, list):
            self.fault((*path, "items"), "a schema for each place is not supported", help="Say one for all.")
        elif items is None:
            self.fault(path, "an array has no `items`", help="Say what its items are.")
        else:
            schema["items"] = self.node(items, (*path, "items"))

    def _each(self, schemas: object, path: Path) -> Any:  # noqa: ANN401 - list or mapping, as it was
        if isinstance(schemas, dict):
            return {name: self.node(each, (*path, name)) for name, each in schemas.items()}
        if isinstance(schemas, list):
            return [self.node(each, (*path, index)) for index, each in enumerate(schemas)]
        self.fault(path, "it holds no schemas", help="See the JSON Schema reference.")
        return schemas


def _only_part(schema: Schema) -> object:
    """Return the one schema of an `allOf` that has nothing but remarks beside it, else None."""
    parts = schema.get("allOf")
    if isinstance(parts, list) and len(parts) == 1 and set(schema) - _ANNOTATIONS == {"allOf"}:
        return parts[0]
    return None


def _has_type(schema: Schema, name: str) -> bool:
    kind = schema.get("type")
    return kind == name or (isinstance(kind, list) and name in kind)


def _guessed_type(schema: Schema) -> str | list[str] | None:
    for word, kind in (("properties", "object"), ("items", "array")):
        if word in schema:
            return kind
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    kinds = list(dict.fromkeys(json_type(each) for each in values))
    return kinds[0] if len(kinds) == 1 else kinds or None


def json_type(value: object) -> str:
    """Return the type of a value as JSON Schema names it; a whole number is an `integer`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", list: "array"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "object")


def _or_null(schema: Schema) -> Schema:
    """Return a strict schema that permits null too."""
    if not schema:
        return schema
    if set(schema) & {"properties", "items", "$ref"}:
        return {"anyOf": [schema, {"type": "null"}]}
    found = dict(schema)
    if "anyOf" in found:
        found["anyOf"] = [*found["anyOf"], {"type": "null"}]
        return found
    kind = found["type"]
    found["type"] = [*kind, "null"] if isinstance(kind, list) else [kind, "null"]
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "enum" in found:
        found["enum"] = [*found["enum"], None]
    return found


def accepts_null(schema: object, root: Schema, depth: int = 0) -> bool:
    """Say whether a schema of `root`, as it was written, permits null; where that is unclear, no."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return False
    if "$ref" in schema:
        return accepts_null(resolved(root, schema["$ref"]), root, depth + 1)
    if "enum" in schema or "const" in schema:
        return None in schema.get("enum", [schema.get("const", "")])
    choices = schema.get("anyOf", schema.get("oneOf", ()))
    if choices:
        return any(accepts_null(each, root, depth + 1) for each in choices)
    return _has_type(schema, "null")


def resolved(root: Schema, target: object) -> object:
    """Return what a reference within `root` means, or None: `#`, `#/$defs/NAME`, `#/definitions/NAME`."""
    if target == "#":
        return root
    steps = target.split("/") if isinstance(target, str) else ()
    if len(steps) != 3 or steps[0] != "#" or steps[1] not in _DEFINITIONS:  # noqa: PLR2004 - `#`, where, name
        return None
    found = root.get(steps[1])
    name = steps[2].replace("~1", "/").replace("~0", "~")
    return found.get(name) if isinstance(found, dict) else None


class _Size:
    """What the limits count, over a whole strict schema."""

    def __init__(self, root: Schema) -> None:
        self.properties = 0
        self.enum_values = 0
        self.characters = 0
        self.faults: list[SchemaFault] = []
        self._root = root
        self._count(root, ())
        self.levels = self._levels(root, frozenset())

    def _count(self, schema: object, path: Path) -> None:
        if not isinstance(schema, dict):
            return
        values = schema.get("enum", [])
        lengths = sum(len(each) for each in values if isinstance(each, str))
        self.enum_values += len(values)
        self.characters += lengths + len(str(schema.get("const", "")))
        if len(values) > LONG_ENUM_VALUES and lengths > LONG_ENUM_CHARACTERS:
            why = f"an enum of more than {LONG_ENUM_VALUES} values has {lengths} characters"
            help_ = f"At most {LONG_ENUM_CHARACTERS}: make it shorter, or a plain string."
            self.faults.append(SchemaFault((*path, "enum"), why, help=help_))
        for word in ("properties", *_DEFINITIONS):
            for name, each in schema.get(word, {}).items():
                self.properties += word == "properties"
                self.characters += len(name)
                self._count(each, (*path, word, name))
        self._count(schema.get("items"), (*path, "items"))
        for index, each in enumerate(schema.get("anyOf", ())):
            self._count(each, (*path, "anyOf", index))

    def _levels(self, schema: object, within: frozenset[str]) -> int:
        """Return how many levels are below a schema; recursion counts once."""
        if not isinstance(schema, dict):
            return 0
        target = schema.get("$ref")
        if target is not None:
            return 0 if target in within else self._levels(resolved(self._root, target), within | {target})
        below = [*schema.get("properties", {}).values(), schema.get("items")]
        deepest = max((1 + self._levels(each, within) for each in below if each is not None), default=0)
        beside = (self._levels(each, within) for each in schema.get("anyOf", ()))
        return max((deepest, *beside))


def _limits(schema: Schema) -> list[SchemaFault]:
    size = _Size(schema)
    counted = (
        (size.properties, PROPERTIES, "properties"),
        (size.levels, LEVELS, "levels of nesting"),
        (size.enum_values, ENUM_VALUES, "values of enums"),
        (size.characters, NAME_CHARACTERS, "characters of names and values"),
    )
    over = [
        SchemaFault((), f"it has {count} {what}", help=f"At most {most}: split the task.")
        for count, most, what in counted
        if count > most
    ]
    return size.faults + over
