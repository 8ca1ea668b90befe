"""What files were in earlier commits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import git_program
from sealock.adapters.git_objects import GitObjects
from sealock.adapters.git_revision import GitRevisions
from sealock.domain.image_history import FileHistory, FileVersion
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FORMAT = "%H %at %an <%ae>%x00%s"


class _Change(NamedTuple):
    commit: str
    authored: int
    author: str
    subject: str
    path: str
    blob: str


class GitHistory:
    """The history of one revision of the repository at `root`; implements the History port."""

    def __init__(self, root: str, revision: str = "HEAD") -> None:
        """Ask about the repository that holds `root`; nothing runs before a question."""
        self._revision = revision
        self._revisions = GitRevisions(root)
        self._root = self._revisions.root

    def head(self) -> str | None:
        """Return the commit that is checked out; None outside of Git and before the first.

        Raises Undecided.
        """
        folder = Path(self._root)
        if not any((each / ".git").exists() for each in (folder, *folder.parents)):
            return None
        try:
            return self._revisions.resolve(self._revision).commit
        except UsageError:
            return None

    def of(self, files: Sequence[str], most: int) -> FileHistory:
        """Return the versions of `files`, from no more than the `most` newest commits that changed any.

        Raises Undecided.
        """
        if not files:
            return FileHistory({})
        arguments = [
            "log", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv",
            "-O/dev/null", "--no-show-signature", "--no-mailmap", "--no-color", "--no-decorate", "--no-notes",
            "--relative", f"--format={_FORMAT}", "--encoding=UTF-8", f"--max-count={most}",
            self._revision, "--", *files,
        ]  # fmt: skip
        changes = list(_changes(git_program.output(self._root, ["--literal-pathspecs", *arguments])))
        why = ""
        if len({each.commit for each in changes}) >= most:
            why = f"only the newest {most} commits were looked at"
        elif self._revisions.is_shallow():
            why = "this is a shallow clone"
        texts = self._texts(each.blob for each in changes)
        found: dict[str, list[FileVersion]] = {}
        for each in changes:
            text = texts.get(each.blob, "")
            version = FileVersion(each.commit, each.authored, each.subject, text, each.author)
            found.setdefault(each.path, []).append(version)
        return FileHistory({path: tuple(versions) for path, versions in found.items()}, why)

    def _texts(self, blobs: Iterable[str]) -> dict[str, str]:
        wanted = [each for each in dict.fromkeys(blobs) if each]
        with GitObjects(self._root) as objects:
            return {name: content.decode("utf-8", "replace") for name, content in objects.read_all(wanted)}


def _changes(log: bytes) -> Iterator[_Change]:
    """Yield what `git log -z --raw` says: a commit, its subject, then pairs of change and path."""
    fields = iter(os.fsdecode(log).split("\0"))
    commit, authored, author, subject = "", 0, "", ""
    for field in fields:
        about = field.lstrip("\n")
        if about.startswith(":"):
            _, mode, _, blob, _ = about.split(" ")
            is_file = mode.startswith("10")
            yield _Change(commit, authored, author, subject, next(fields), blob if is_file else "")
        elif about:
            commit, time, author = about.split(" ", 2)
            authored, subject = int(time), next(fields)
