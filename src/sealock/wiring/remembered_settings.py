"""sealock.yaml, decoded once for each of its texts: to read it takes longer than to remember it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sealock import __version__
from sealock.adapters.cache_file import CacheFile
from sealock.adapters.render_cache import cache_folder
from sealock.adapters.verdict_cache import digest
from sealock.domain.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection

_PACKAGE = Path(__file__).parent.parent
_SHAPES = ("settings.py", "agent_run.py", "catalog.py", "location.py", "mcp_server.py")
_MOST_TEXTS = 200


def load(text: str, known_rules: Collection[str] = ()) -> Settings:
    """Return the settings in a text, as `config.settings.load` does. Raises ConfigurationError."""
    key = digest("settings", _reader(), sorted(known_rules), text)
    file = CacheFile(cache_folder() / "settings" / key.hex(), "settings", _MOST_TEXTS)
    with suppress(msgspec.MsgspecError):
        return _decoded(file.read() or b"")
    from sealock.config import settings  # noqa: PLC0415 - what is remembered is not read

    found = settings.load(text, settings.FILE, known_rules)
    packed = msgspec.msgpack.encode(found)
    if _decoded(packed) == found:
        file.write(packed)
    return found


def _decoded(packed: bytes) -> Settings:
    return msgspec.msgpack.decode(packed, type=Settings)


def _reader() -> list[object]:
    """Return what tells the code that reads: its version, and its files, which change between versions."""
    with os.scandir(_PACKAGE / "config") as entries:
        stats = [(each.name, each.stat()) for each in entries if each.name.endswith(".py")]
    stats += [(name, (_PACKAGE / "domain" / name).stat()) for name in _SHAPES]
    return [__version__, sorted((name, found.st_size, found.st_mtime_ns) for name, found in stats)]
