"""The explanation of a run for programs: one JSON document, version 1 of its schema."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from sealock.domain.agent_layers import Explanation
from sealock.domain.printable import writable

SCHEMA = 1

_TITLE = "The output of sealock explain --format json"


class Document(Explanation, frozen=True, kw_only=True):
    """An explanation with the version of its schema."""

    schema: Literal[1] = 1


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    found = msgspec.json.schema(Document)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLE, **found}


def document(explanation: Explanation) -> bytes:
    """Return the explanation as JSON; bytes that are no UTF-8 as escapes."""
    body = {"schema": SCHEMA, **_written(msgspec.to_builtins(explanation))}
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _written(found: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(found, dict):
        return {_written(key): _written(each) for key, each in found.items()}
    if isinstance(found, list | tuple):
        return [_written(each) for each in found]
    return writable(found) if isinstance(found, str) else found
