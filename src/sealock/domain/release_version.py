"""Versions of releases: what commits since the last one ask for, and the names of their tags.

semver.org 2.0.0 says what a version is and which comes first (§2, §9, §11), conventionalcommits.org 1.0.0
what a commit asks for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from semver import Version

from sealock.domain.printable import printable
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

Step = Literal["major", "minor", "patch"]

FIRST = Version(1)
"""What runs in production has had its first release (semver.org, FAQ)."""

_ORDER: dict[Step, int] = {"patch": 0, "minor": 1, "major": 2}
_HEADER = re.compile(r"([A-Za-z]+)(?:\([^()\r\n]*\))?(!?): ")
_BREAKING = re.compile(r"^BREAKING[ -]CHANGE: ", re.MULTILINE)


class NextVersion(NamedTuple):
    """A version, and the commit that asked for it, by its first line; empty where it is the first version."""

    version: Version
    step: Step
    because: str = ""


def parse(text: str) -> Version:
    """Return a version. Raises UsageError for anything else."""
    try:
        return Version.parse(text)
    except ValueError:
        message = f"{printable(text)!r} is no version as of semver.org"
        raise UsageError(message, hint="Write three numbers: 1.4.0, or 1.4.0-rc.1.") from None


def next_version(last: Version | None, messages: Iterable[str]) -> NextVersion:
    """Return the version after `last` for what commits say; any commit asks for a patch at least.

    Before 1.0.0 what breaks is a minor step, as anything may change then (semver.org §4).
    """
    step: Step = "patch"
    because = ""
    for message in messages:
        asked = _step(message)
        if not because or _ORDER[asked] > _ORDER[step]:
            step, because = asked, printable(message.partition("\n")[0], 100)
    if last is None:
        return NextVersion(FIRST, "major")
    if step == "major" and not last.major:
        step = "minor"
    return NextVersion(last.replace(build=None).next_version(step), step, because)


def _step(message: str) -> Step:
    header = _HEADER.match(message)
    if (header and header[2]) or _BREAKING.search(message):
        return "major"
    return "minor" if header and header[1].lower() == "feat" else "patch"


class TagPattern:
    """The names of release tags: `{service}/v{version}`."""

    def __init__(self, pattern: str, service: str) -> None:
        """Know the tags of one service."""
        self._pattern = pattern
        self._service = service
        form = re.escape(pattern).replace(r"\{service\}", re.escape(service))
        self._form = re.compile(form.replace(r"\{version\}", r"(?P<version>[0-9].*)"))

    def name(self, version: Version) -> str:
        """Return the tag of a version."""
        return self._pattern.replace("{service}", self._service).replace("{version}", str(version))

    def version(self, tag: str) -> Version | None:
        """Return the version that a tag is of; None for any other tag."""
        found = self._form.fullmatch(tag)
        if found is None:
            return None
        try:
            return Version.parse(found["version"])
        except ValueError:
            return None
