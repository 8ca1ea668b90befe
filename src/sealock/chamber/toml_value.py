"""Values as Codex takes them on its command line."""

from __future__ import annotations

from typing import Any

import msgspec


def toml(value: Any) -> str:  # noqa: ANN401 - whatever a setting holds
    """Return a value as TOML in one line: text, numbers, true and false, tables and lists of these."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key(key)}={toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(toml, value)) + "]"
    # JSON's text is TOML's, but for DEL, which TOML wants escaped.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    plain = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if plain else toml(key)
