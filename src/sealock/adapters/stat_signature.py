"""Has a file changed? By its stat where that is safe, else by its content.

A modification time alone proves nothing: a checkout or a touch sets it at will, and two writes within
one tick of the clock share it. So a stat is trusted only when inode, size, modification and change time
are all as they were, and both times were well past when the content was read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Literal, NamedTuple

SETTLED_NS = 2_000_000_000
"""How far in the past times must lie: the coarsest clock of a common file system ticks every 2 s."""

Kind = Literal["file", "directory", "symlink", "absent"]


class Signature(NamedTuple):
    """What a stat says about a file: inode number, bytes, and nanoseconds since 1970."""

    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int

    def settled(self, at_ns: int) -> bool:
        """Say whether a read at `at_ns` or later saw what this signature stands for."""
        return max(self.mtime_ns, self.ctime_ns) < at_ns - SETTLED_NS


_ABSENT = Signature(0, 0, 0, 0)


class Seen(NamedTuple):
    """What is at a path; `real` when its folder is reached through no link."""

    kind: Kind
    signature: Signature
    real: bool


class Probes:
    """Looks at paths below a folder, at each only once; relative paths with `/`, links not followed.

    Make a new one for each run: what it has seen it never looks at again.
    """

    def __init__(self, root: str, at_ns: int) -> None:
        """Look below `root`, an absolute path; `at_ns` is the time now, before anything is looked at."""
        self.at_ns = at_ns
        self._root = root
        here = Seen("directory", _ABSENT, real=True)
        self._seen: dict[str, Seen] = {"": here, ".": here}
        self._digests: dict[str, str] = {}

    def look(self, path: str) -> Seen:
        """Return what is at `path`; anything that is neither a folder nor a link counts as a file."""
        return self._seen.get(path) or self._look(path)

    def _look(self, path: str) -> Seen:
        folder = self.look(path.rpartition("/")[0])
        real = folder.real and folder.kind == "directory"
        kind: Kind = "absent"
        signature = _ABSENT
        try:
            found = os.lstat(f"{self._root}/{path}")
        except OSError:
            # Below a file as below a folder there can be nothing; below nothing there is no place to look.
            real = folder.real and folder.kind in {"directory", "file"}
        else:
            signature = Signature(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            if stat.S_ISDIR(found.st_mode):
                kind = "directory"
            else:
                kind = "symlink" if stat.S_ISLNK(found.st_mode) else "file"
        seen = self._seen[path] = Seen(kind, signature, real)
        return seen

    def digest(self, path: str) -> str:
        """Return the hex SHA-256 of a file's content, a folder's listing or a link's target.

        The listing is the names in byte order, each ended by a line feed. Empty when it cannot be read.
        """
        digest = self._digests.get(path)
        if digest is None:
            try:
                digest = hashlib.sha256(self._content(path)).hexdigest()
            except OSError:
                digest = ""
            self._digests[path] = digest
        return digest

    def _content(self, path: str) -> bytes:
        kind = self.look(path).kind
        full = f"{self._root}/{path}"
        if kind == "symlink":
            return os.fsencode(os.readlink(full))  # noqa: PTH115 - 300 overlays look at thousands
        if kind == "directory":
            return b"\n".join(sorted(os.fsencode(name) for name in os.listdir(full))) + b"\n"  # noqa: PTH208
        descriptor = os.open(full, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - opened by descriptor: a pipe must not block
            return file.read()
