"""Which renders a change can concern: those that looked at something that differs between two trees."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sealock.domain.rendered import Rendered


class Affected:
    """Knows what looks different: contents, what exists, and what folders list.

    A render that looked only at what is the same in both trees does in the other one step for step the same.
    """

    def __init__(self, changed: Collection[str], before: Sequence[str], after: Sequence[str]) -> None:
        """Take the changed paths and the sorted files of both trees."""
        self._changed = frozenset(changed)
        self._after = after
        self._flipped = {path for path in self._changed if _has(before, path) != _has(after, path)}
        self._flipped |= {
            folder
            for folder in {each for path in self._flipped for each in _above(path)}
            if _has_below(before, folder) != _has_below(after, folder)
        }
        self._lists = {path.rpartition("/")[0] or "." for path in self._flipped}

    def concerns(self, rendered: Rendered) -> bool:
        """Say whether an overlay may render otherwise in the other tree; True where its trace is silent."""
        return not rendered.trace or any(
            self._differs(each.path, each.kind, listed=bool(each.digest)) for each in rendered.trace
        )

    def _differs(self, path: str, kind: str, *, listed: bool) -> bool:
        if kind == "uncacheable" or path in self._changed or path in self._flipped:
            return True
        if kind == "directory":
            return listed and path in self._lists
        # A file that the tree does not list is ignored by Git, and no revision has it.
        return kind == "file" and not _has(self._after, path)


def _above(path: str) -> Iterator[str]:
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def _has(files: Sequence[str], path: str) -> bool:
    index = bisect_left(files, path)
    return index < len(files) and files[index] == path


def _has_below(files: Sequence[str], folder: str) -> bool:
    index = bisect_left(files, f"{folder}/")
    return index < len(files) and files[index].startswith(f"{folder}/")
