"""Applications with where each came from, as YAML or as lines of JSON."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.yaml_document import plain_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    import yaml

    from sealock.app.list_applications import Listed

_SCHEMA = 1
_WIDTH = 1 << 20


def documents(applications: Sequence[Listed]) -> bytes:
    """Return one YAML document for each Application, under a comment that says where it came from."""
    return "---\n".join(f"# {_origin(each)}\n{_yaml(each.manifest)}" for each in applications).encode()


def json_lines(applications: Sequence[Listed]) -> bytes:
    """Return one line of JSON for each Application."""
    return b"".join(msgspec.json.encode(_body(each)) + b"\n" for each in applications)


def _origin(each: Listed) -> str:
    said = str(each.where)
    if each.applicationset:
        said += f" ApplicationSet {each.applicationset}, {each.generator}"
    if each.overlay:
        said += f", rendered by {each.overlay}"
    return said.encode("unicode_escape").decode() if not said.isprintable() else said


def _body(each: Listed) -> dict[str, Any]:
    origin = {"file": each.where.file, "line": each.where.line, "column": each.where.column}
    more = {"overlay": each.overlay, "applicationset": each.applicationset, "generator": each.generator}
    told = {key: value for key, value in more.items() if value}
    return {"schema": _SCHEMA, "application": each.manifest, "from": origin | told}


def _yaml(manifest: dict[str, Any]) -> str:
    import yaml  # noqa: PLC0415 - slow to load

    text: str = yaml.dump(manifest, Dumper=_dumper(), sort_keys=True, allow_unicode=True, width=_WIDTH)
    return text


@cache
def _dumper() -> type[yaml.CSafeDumper]:
    """Return a dumper that quotes every text which Kubernetes' parser would take for something else."""
    import yaml  # noqa: PLC0415 - slow to load

    class Dumper(yaml.CSafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            del data
            return True

    def text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
        plain = value and plain_value(value) == value
        style = "|" if "\n" in value else None if plain else "'"
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper
