"""Lists a repository's files: what Git tracks or would track, else what the disk holds."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from sealock.adapters import process
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_SECONDS = 60


def list_files(root: str) -> list[str]:
    """Return every file below `root` that is tracked, or untracked and not ignored, sorted.

    Files that are tracked but gone from the disk are left out. Without Git, or outside a work
    tree, every file outside hidden folders is returned. Raises Undecided for a Git that does not start.
    """
    listed = _tracked_and_new(root)
    return sorted(_walk(root, "") if listed is None else listed)


def git_environment() -> dict[str, str]:
    """Return the environment for Git without what a hook sets, so that the folder decides alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def not_started(program: str, wrong: OSError) -> Undecided:
    """Return the error for a Git that is there and does not start."""
    message = f"{program} cannot be started: {os.strerror(wrong.errno or 0)}"
    return Undecided(message, hint="Mend Git, or put another one first in PATH.")


def _tracked_and_new(root: str) -> set[str] | None:
    git = shutil.which("git")
    if git is None:
        return None
    # -t marks each file; R: tracked and deleted. fsmonitor would run a program that the repository names.
    options = ["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]
    command = [git, *options, "ls-files", "-cod", "-t", "--exclude-standard", "-z"]
    try:
        done = process.run(
            command, folder=root, environment=git_environment(), timeout_seconds=_TIMEOUT_SECONDS
        )
    except OSError as wrong:
        raise not_started(git, wrong) from None
    if done.status:
        return None
    found: set[str] = set()
    gone: set[str] = set()
    for entry in os.fsdecode(done.stdout).split("\0"):
        (gone if entry.startswith("R ") else found).add(entry[2:])
    return found - gone - {""}


def _walk(root: str, folder: str) -> Iterator[str]:
    with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118 - a scan, not a path to keep
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if not entry.is_dir(follow_symlinks=False):
                yield path
            elif not entry.name.startswith("."):
                yield from _walk(root, path)
