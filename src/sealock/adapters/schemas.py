"""JSON Schemas: the packaged ones of Kubernetes and Argo CD, and those of definitions in the repository."""

from __future__ import annotations

import gzip
import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.adapters.crd_schema import kinds_of
from sealock.domain.printable import printable
from sealock.errors import ConfigurationError, Undecided
from sealock.ports import SchemaProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_PROBLEMS = 20
_MOST_SHOWN = 80
_Kind = tuple[str, str, str]


@cache
def _kubernetes_folder() -> Path:
    # Importing the package would cost ten times what finding it does.
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        message = "the Kubernetes schemas are missing from this installation"
        raise Undecided(message, hint="Reinstall sealock with its dependencies.")
    return Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema"


def _argocd_folder() -> Path:
    return Path(__file__).parent.parent / "schemas" / "argocd"


def kubernetes_versions() -> list[str]:
    """Return the packaged versions as `major.minor`, oldest first."""
    names = (
        re.fullmatch(r"v(\d+\.\d+)\.\d+-local-strict", each.name) for each in _kubernetes_folder().iterdir()
    )
    return sorted({found[1] for found in names if found}, key=_order)


def argocd_versions() -> list[str]:
    """Return the packaged versions as `major.minor`, oldest first."""
    return sorted((each.name for each in _argocd_folder().iterdir() if each.name[0].isdigit()), key=_order)


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def chosen(product: str, wanted: str, packaged: Sequence[str]) -> str:
    """Return the wanted version, or the newest. Raises ConfigurationError for one that is not packaged."""
    if not wanted:
        return packaged[-1]
    minor = ".".join(wanted.removeprefix("v").split(".")[:2])
    if minor in packaged:
        return minor
    message = f"no schemas of {product} {wanted} are packaged"
    hint = f"Packaged are {packaged[0]} to {packaged[-1]}: set `versions` in sealock.yaml to the nearest."
    raise ConfigurationError(message, hint=hint)


class PackagedSchemas:
    """Validates manifests; implements the Schemas port. Nothing is read before it is asked for."""

    def __init__(self, kubernetes: str, argocd: str, definitions: Sequence[dict[str, Any]] = ()) -> None:
        """Use packaged versions (`major.minor`), and the CustomResourceDefinitions in `definitions`."""
        self.kubernetes = kubernetes
        self.argocd = argocd
        self._definitions = definitions
        self._validators: dict[_Kind, Any] = {}

    def describe(self) -> str:
        """Return the versions, for people."""
        return f"Kubernetes {self.kubernetes} and Argo CD {self.argocd}"

    def with_definitions(self, definitions: Sequence[dict[str, Any]]) -> PackagedSchemas:
        """Return schemas that know these CustomResourceDefinitions too."""
        return PackagedSchemas(self.kubernetes, self.argocd, definitions)

    def validate(self, manifest: dict[str, Any]) -> tuple[SchemaProblem, ...] | None:
        """Return the violations, at most twenty, or None where no schema is known for the kind."""
        group, _, version = str(manifest.get("apiVersion", "")).rpartition("/")
        kind = (group, version, str(manifest.get("kind", "")))
        if kind not in self._validators:
            self._validators[kind] = self._compile(kind)
        validator = self._validators[kind]
        if validator is None:
            return None
        if validator.is_valid(manifest):
            return ()
        found: dict[SchemaProblem, None] = {}
        for error in validator.iter_errors(manifest):
            found.update(dict.fromkeys(_problems(error)))
            if len(found) >= _MOST_PROBLEMS:
                break
        return tuple(found)

    def _compile(self, kind: _Kind) -> Any:  # noqa: ANN401 - the library's validators share no type
        import jsonschema_rs  # noqa: PLC0415 - 20 ms that a run with a warm cache need not pay

        options = jsonschema_rs.RegexOptions()
        packaged = self._packaged(kind)
        if packaged is not None:
            return jsonschema_rs.Draft202012Validator(packaged, pattern_options=options)
        schema = self._custom.get(kind) or self._argocd(kind)
        if schema is None:
            return None
        try:
            return jsonschema_rs.Draft4Validator(schema, pattern_options=options)
        except jsonschema_rs.ValidationError as wrong:
            message = f"the CustomResourceDefinition of {kind[2]} has no usable schema: {wrong.message}"
            raise Undecided(message, hint="Correct its openAPIV3Schema.") from None

    @property
    def _custom(self) -> dict[_Kind, dict[str, Any]]:
        return {kind: schema for crd in self._definitions for kind, schema in kinds_of(crd).items()}

    def _argocd(self, kind: _Kind) -> dict[str, Any] | None:
        if kind[0] != "argoproj.io" or not kind[2].isalpha():
            return None
        file = _argocd_folder() / self.argocd / f"{kind[2]}.json.gz"
        if not file.is_file():
            return None
        return kinds_of(msgspec.json.decode(gzip.decompress(file.read_bytes()))).get(kind)

    def _packaged(self, kind: _Kind) -> dict[str, Any] | None:
        group, version, name = kind
        parts = (name.lower(), group.partition(".")[0], version)
        file = self._folder / ("-".join(part for part in parts if part) + ".json")
        if not re.fullmatch(r"[a-z0-9-]+\.json", file.name) or not file.is_file():
            return None
        schema = msgspec.json.decode(file.read_bytes())
        declared = schema.get("x-kubernetes-group-version-kind", ())
        if {"group": group, "version": version, "kind": name} not in declared:
            return None
        if name.endswith("List") and "items" in schema.get("properties", {}):
            return None
        return self._closed_over(schema)

    @property
    def _folder(self) -> Path:
        return _kubernetes_folder() / f"v{self.kubernetes}.0-local-strict"

    def _closed_over(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema with the definitions that it reaches, and no others."""
        pending = [_shorn(schema)]
        root = pending[0]
        reached: dict[str, Any] = {}
        all_definitions = _definitions(self._folder)
        while pending:
            for name in _references(pending.pop()):
                if name not in reached:
                    reached[name] = _shorn(all_definitions[name])
                    pending.append(reached[name])
        return {**root, "$defs": reached}


@cache
def _definitions(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((folder / "_definitions.json").read_bytes())["$defs"]
    return found


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value.rpartition("/")[2]
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _shorn(node: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Drop what does not decide, make references local, and let null stand for an int-or-string."""
    if isinstance(node, list):
        return [_shorn(item) for item in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {name: _shorn(each) for name, each in node.items()}
    out: dict[str, Any] = {}
    for key, value in node.items():
        if key == "$ref":
            out[key] = "#/$defs/" + value.rpartition("/")[2]
        elif key == "oneOf":
            # `null` fits both branches of an int-or-string.
            out["anyOf"] = _shorn(value)
        elif key not in {"description", "$id", "$schema"} and not key.startswith("x-"):
            out[key] = _shorn(value, names=key == "properties")
    return out


def _problems(error: Any) -> Iterator[SchemaProblem]:  # noqa: ANN401 - the library's own
    path = tuple(error.instance_path)
    kind = error.kind
    name = kind.name
    if name == "additionalProperties":
        for field in kind.unexpected:
            yield SchemaProblem((*path, field), f"unknown field {_shown(field)}")
    elif name == "required":
        yield SchemaProblem(path, f"required field {_shown(kind.property)} is missing")
    elif name == "type":
        yield SchemaProblem(path, f"expected {_types(kind.types)}, found {_value(error.instance)}")
    elif name == "enum":
        options = ", ".join(_value(each) for each in kind.options if each is not None)
        yield SchemaProblem(path, f"expected one of {options}, found {_value(error.instance)}")
    elif name == "anyOf":
        yield SchemaProblem(path, f"{_value(error.instance)} is of none of the types expected here")
    else:
        yield SchemaProblem(path, printable(error.message, 200))


def _types(types: Sequence[str]) -> str:
    return " or ".join(_TYPES.get(each, each) for each in types if each != "null") or "null"


_TYPES = {"object": "a mapping", "array": "a list", "boolean": "true or false"}


_NAMES: tuple[tuple[type, str], ...] = ((dict, "a mapping"), (list, "a list"))


def _value(value: object) -> str:
    for each, name in _NAMES:
        if isinstance(value, each):
            return name
    return printable(msgspec.json.encode(value).decode(), _MOST_SHOWN)


def _shown(name: str) -> str:
    return f"`{printable(name)}`"
