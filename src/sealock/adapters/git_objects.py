"""Reads objects of a Git repository, many for one process."""

from __future__ import annotations

import select
import time
from collections import deque
from typing import TYPE_CHECKING, NoReturn, Self

from sealock.adapters import git_program
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from sealock.adapters.process import Child

_READ_BYTES = 1 << 20
_SILENCE_SECONDS = 60.0
_AHEAD = 500
"""Questions asked before the first answer is taken: they fit a pipe, so that neither side waits for good."""


class GitObjects:
    """A `git cat-file --batch` that starts with the first question. Close it, or use it in `with`."""

    def __init__(self, root: str) -> None:
        """Read objects of the repository that the folder `root` is in."""
        self._root = root
        self._child: Child | None = None
        self._inbox = bytearray()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, where: TracebackType | None
    ) -> None:
        """Stop Git."""
        self.close()

    def read(self, name: str) -> bytes:
        """Return the content of the object with this id. Raises Undecided where it cannot be had."""
        ((_, content),) = self.read_all([name])
        return content

    def find(self, name: str) -> tuple[str, bytes] | None:
        """Return type and content of the object that `name` stands for; None where it is not here.

        Raises Undecided.
        """
        self._ask(name)
        found = self._take()
        return None if isinstance(found, str) else found

    def read_all(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield (id, content) of each object, in order. Take them all: the next question waits for that.

        Raises Undecided for an object that is not there.
        """
        asked: deque[str] = deque()
        for name in names:
            asked.append(name)
            self._ask(name)
            if len(asked) >= _AHEAD:
                first = asked.popleft()
                yield first, self._answer(first)
        while asked:
            first = asked.popleft()
            yield first, self._answer(first)

    def close(self) -> None:
        """Stop Git; the next question starts it again."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        self._inbox.clear()

    def _ask(self, name: str) -> None:
        if self._child is None:
            self._child = git_program.child(self._root, ["cat-file", "--batch"])
        left = memoryview(f"{name}\n".encode())
        try:
            while left:
                left = left[self._child.write(left) :]
                if left and not select.select([], [self._child.input], [], _SILENCE_SECONDS)[1]:
                    self._silent()
        except BrokenPipeError:
            self._broken(self._child)

    def _answer(self, name: str) -> bytes:
        found = self._take()
        if isinstance(found, str):
            self.close()
            message = f"Git does not have the object {name}"
            raise Undecided(message, hint="In a partial or shallow clone fetch the revision in full.")
        return found[1]

    def _take(self) -> tuple[str, bytes] | str:
        """Return type and content of the next answer, or what Git says instead."""
        while (end := self._inbox.find(b"\n")) < 0:
            self._receive()
        header = self._inbox[:end].decode("ascii", "replace")
        fields = header.split(" ")
        if len(fields) != 3 or not fields[2].isdecimal():  # noqa: PLR2004 - id, type, size
            del self._inbox[: end + 1]
            return header
        size = int(fields[2])
        while len(self._inbox) < end + 1 + size + 1:
            self._receive()
        content = bytes(self._inbox[end + 1 : end + 1 + size])
        del self._inbox[: end + 1 + size + 1]
        return fields[1], content

    def _receive(self) -> None:
        if self._child is None:
            message = "Git was stopped"
            raise Undecided(message)
        last = time.monotonic() + _SILENCE_SECONDS
        while (data := self._child.read(_READ_BYTES)) is None:
            if not select.select([self._child.output], [], [], max(0.0, last - time.monotonic()))[0]:
                self._silent()
        if not data:
            self._broken(self._child)
        self._inbox += data

    def _silent(self) -> NoReturn:
        self.close()
        message = f"git cat-file did nothing for {_SILENCE_SECONDS:.0f} s"
        raise Undecided(message, hint="Run `git fsck` here.")

    def _broken(self, child: Child) -> NoReturn:
        self.close()
        git_program.fail("cat-file", child.last_words.encode())
