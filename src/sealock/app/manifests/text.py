"""YAML scalars for templates."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9._/@-]*(?::[A-Za-z0-9._/@-]+)*|[0-9]+(?:m|[KMGTPE]i?)")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


@lru_cache(maxsize=65536)
def scalar(value: str) -> str:
    """Return `value` as a YAML string: plain where every YAML version reads it as text, else quoted."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return quoted(value)


def quoted(value: str) -> str:
    """Return `value` in double quotes; JSON's escapes are YAML's."""
    return msgspec.json.encode(value).decode()
