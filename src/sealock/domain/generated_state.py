"""What was generated last time, kept in Git: one JSON file a service, one line a generated file.

`.sealock/generated/<service>.json` and `.sealock/generated/projects/<project>.json` hold the texts by
path. They are input like any other: a path that could not have been generated is refused.
"""

from __future__ import annotations

import re

import msgspec

from sealock.domain.location import Location
from sealock.errors import ConfigurationError

SCHEMA = "sealock/generated/v1"
FOLDER = ".sealock/generated"
PROJECTS = f"{FOLDER}/projects"

_HINT = "Restore it from Git; or delete it and run `sealock generate --adopt`, which keeps the files on disk."
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


class Generated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts by path as they were generated: shared by all environments, and by environment."""

    schema: str = SCHEMA
    shared: dict[str, str] = {}
    environments: dict[str, dict[str, str]] = {}

    def paths(self) -> list[str]:
        """Return every path, sorted."""
        return sorted({*self.shared, *(path for files in self.environments.values() for path in files)})


NOTHING = Generated()


def service_state(service: str) -> str:
    """Return where the state of a service is kept."""
    return f"{FOLDER}/{service}.json"


def project_state(project: str) -> str:
    """Return where the state of an AppProject is kept."""
    return f"{PROJECTS}/{project}.json"


def encode(generated: Generated) -> str | None:
    """Return the deterministic text of a state, or None when it holds nothing."""
    environments = {name: files for name, files in sorted(generated.environments.items()) if files}
    if not generated.shared and not environments:
        return None
    shared = dict(sorted(generated.shared.items()))
    ordered = {name: dict(sorted(files.items())) for name, files in environments.items()}
    text = msgspec.json.encode({"schema": SCHEMA, "shared": shared, "environments": ordered})
    return msgspec.json.format(text, indent=1).decode() + "\n"


def decode(text: str, file: str) -> Generated:
    """Return the state in `text`. Raises ConfigurationError for anything this module would not write."""
    try:
        found = msgspec.json.decode(text, type=Generated)
    except msgspec.DecodeError as wrong:
        message = f"this is no record of generated files: {wrong}"
        raise ConfigurationError(message, where=Location(file), hint=_HINT) from None
    if found.schema != SCHEMA:
        message = f"the record has schema {found.schema!r}; this version reads {SCHEMA!r}"
        raise ConfigurationError(message, where=Location(file), hint="Update Sealock.")
    for path in found.paths():
        if not _could_be_generated(path):
            message = f"the record names {path!r}, which no generator writes"
            raise ConfigurationError(message, where=Location(file), hint=_HINT)
    return found


def _could_be_generated(path: str) -> bool:
    segments = path.split("/")
    known = segments[0] in ("applications", "projects") or "base" in segments or "overlays" in segments
    return known and len(segments) > 1 and path.endswith(".yaml") and all(map(_SEGMENT.fullmatch, segments))
