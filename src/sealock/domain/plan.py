"""What a command would write, and what stands in its way."""

from __future__ import annotations

import difflib

import msgspec

from sealock.domain.location import Location


class FileChange(msgspec.Struct, frozen=True):
    """One file to write: its text `before` and `after`; None where there is no file."""

    path: str
    before: str | None
    after: str | None

    @property
    def action(self) -> str:
        """Return `create`, `update` or `delete`."""
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "update"


class Unresolved(msgspec.Struct, frozen=True):
    """A file that was left alone because a person must decide; `ours` and `theirs` are both values."""

    where: Location
    message: str
    hint: str
    ours: str = ""
    theirs: str = ""


class Note(msgspec.Struct, frozen=True):
    """Something worth knowing about a path that needs no decision."""

    path: str
    message: str


class Retired(msgspec.Struct, frozen=True):
    """A service, or one of its environments, that is generated no more, and what its removal means."""

    service: str
    environment: str
    files: tuple[str, ...]
    warning: str


class Plan(msgspec.Struct, frozen=True):
    """All of it. `changes` are the user's files, `bookkeeping` those under `.sealock/`.

    `applications` are the paths of every Application that was looked at, `watched` all paths whose
    content the plan depends on.
    """

    changes: tuple[FileChange, ...]
    bookkeeping: tuple[FileChange, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    notes: tuple[Note, ...] = ()
    retired: tuple[Retired, ...] = ()
    applications: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()


def unified_diff(change: FileChange) -> str:
    """Return a unified diff of one file as `git apply` reads it; empty for equal texts."""
    before, after = change.before or "", change.after or ""
    old = "/dev/null" if change.before is None else f"a/{change.path}"
    new = "/dev/null" if change.after is None else f"b/{change.path}"
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, new)
    marked = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return "".join(marked)
