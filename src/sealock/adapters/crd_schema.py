"""Turns the schema of a CustomResourceDefinition into JSON Schema, closed where the API server prunes.

Source: kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions,
"Specifying a structural schema" and "Controlling pruning".
"""

from __future__ import annotations

from typing import Any

_ANYTHING: dict[str, Any] = {}
_KEPT = (
    "type",
    "enum",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "required",
)
_JUNCTORS = ("allOf", "anyOf", "oneOf")


def kinds_of(crd: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return a JSON Schema (draft 4) by group, version and kind for what the definition serves."""
    spec = _mapping(crd.get("spec"))
    group, kind = str(spec.get("group", "")), str(_mapping(spec.get("names")).get("kind", ""))
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    versions = spec.get("versions")
    for version in versions if isinstance(versions, list) else ():
        schema = _mapping(_mapping(_mapping(version).get("schema")).get("openAPIV3Schema"))
        if schema and _mapping(version).get("served", True):
            found[group, str(version.get("name", "")), kind] = _root(schema)
    return found


def scopes_of(crd: dict[str, Any]) -> tuple[str, str, bool]:
    """Return group, kind, and whether its objects have a namespace."""
    spec = _mapping(crd.get("spec"))
    kind = str(_mapping(spec.get("names")).get("kind", ""))
    return str(spec.get("group", "")), kind, spec.get("scope") == "Namespaced"


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _root(schema: dict[str, Any]) -> dict[str, Any]:
    return _with_identity(converted(schema))


def _with_identity(schema: dict[str, Any]) -> dict[str, Any]:
    """Allow what every object has, whatever its schema says about it."""
    identity = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    return schema | {"properties": _mapping(schema.get("properties")) | identity}


def converted(schema: dict[str, Any], *, closed: bool = True) -> dict[str, Any]:
    """Return one structural schema as JSON Schema; `closed` refuses fields that would be pruned."""
    out = {key: schema[key] for key in _KEPT if key in schema}
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    properties = _mapping(schema.get("properties"))
    if properties:
        out["properties"] = {
            name: converted(_mapping(each), closed=closed) for name, each in properties.items()
        }
    if isinstance(schema.get("items"), dict):
        out["items"] = converted(schema["items"], closed=closed)
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        out["additionalProperties"] = converted(additional, closed=closed)
    elif additional is None and closed and _prunes(schema):
        out["additionalProperties"] = False
    for junctor in _JUNCTORS:
        if isinstance(schema.get(junctor), list) and junctor not in out:
            out[junctor] = [converted(_mapping(each), closed=False) for each in schema[junctor]]
    if isinstance(schema.get("not"), dict):
        out["not"] = converted(schema["not"], closed=False)
    if schema.get("x-kubernetes-embedded-resource"):
        out = _with_identity(out)
    return _nullable(out) if schema.get("nullable") else out


def _prunes(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields")


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "null"}, schema]}
