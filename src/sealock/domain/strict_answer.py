"""From an answer in the strict form of a schema back to the form that was asked for.

Strict mode requires every property, so that an optional one that is left out arrives as null.
"""

from __future__ import annotations

from typing import Any

from sealock.domain.strict_schema import Schema, accepts_null, json_type, resolved

_DEEPEST = 200


def as_asked(answer: object, schema: Schema) -> Any:  # noqa: ANN401 - plain JSON
    """Return `answer` without the nulls that stand for optional properties of `schema`, as it was written.

    Null stays where the schema permits it. What does not fit the schema stays as it is, for its validator.
    """
    return _Asked(schema).value(answer, schema, 0)


class _Asked:
    def __init__(self, root: Schema) -> None:
        self._root = root

    def value(self, value: object, schema: object, depth: int) -> object:
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return value
        if "$ref" in schema:
            return self.value(value, resolved(self._root, schema["$ref"]), depth + 1)
        if choices := schema.get("anyOf", schema.get("oneOf", schema.get("allOf", ()))):
            fitting = (each for each in choices if self._fits(value, each, depth + 1))
            return self.value(value, next(fitting, None), depth + 1)
        if isinstance(value, list):
            return [self.value(each, schema.get("items"), depth + 1) for each in value]
        if isinstance(value, dict):
            return self._object(value, schema, depth)
        return value

    def _object(self, value: dict[str, Any], schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", ())
        return {
            name: self.value(each, properties.get(name), depth + 1)
            for name, each in value.items()
            if not self._left_out(each, properties.get(name), required=name in required)
        }

    def _left_out(self, value: object, schema: object, *, required: bool) -> bool:
        optional = value is None and schema is not None and not required
        return optional and not accepts_null(schema, self._root)

    def _fits(self, value: object, schema: object, depth: int) -> bool:
        """Say whether the strict form of a choice is of the value's shape: type, keys, fixed values."""
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return False
        if "$ref" in schema:
            return self._fits(value, resolved(self._root, schema["$ref"]), depth + 1)
        if choices := schema.get("anyOf", schema.get("oneOf", schema.get("allOf", ()))):
            return any(self._fits(value, each, depth + 1) for each in choices)
        permitted = schema.get("enum", [schema["const"]] if "const" in schema else [value])
        if value not in permitted:
            return False
        properties = schema.get("properties")
        if properties is None or not isinstance(value, dict):
            return _of_type(value, schema.get("type"))
        return set(value) == set(properties) and all(
            self._fits_property(value[name], each, depth, required=name in schema.get("required", ()))
            for name, each in properties.items()
        )

    def _fits_property(self, value: object, schema: object, depth: int, *, required: bool) -> bool:
        return self._left_out(value, schema, required=required) or self._fits(value, schema, depth + 1)


def _of_type(value: object, kind: object) -> bool:
    kinds = kind if isinstance(kind, list) else [kind]
    name = json_type(value)
    return kind is None or name in kinds or (name == "integer" and "number" in kinds)
