"""Writes Git objects: trees with some files changed, and commits; never a ref, an index or a work tree."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import git_program
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.errors import Conflict, Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealock.adapters.git_objects import GitObjects
    from sealock.domain.plan import FileChange

_FILE, _FOLDER, _LINK, _SUBMODULE = b"100644", b"40000", b"120000", b"160000"
_TREE_TYPE, _BLOB_TYPE = 2, 3
_SHA1_BYTES = 20
_LARGE_FILE = "version https://git-lfs.github.com/spec/"
_UNSIGNED = re.compile(rb"gpg|sign|key|ssh-keygen", re.IGNORECASE)
_NOBODY = re.compile(
    rb"tell me who you are|empty ident name|auto-detect email|no (name|email) was given", re.IGNORECASE
)
IDENTITY_HINT = "Set user.name and user.email: git config --global user.name 'Your Name'."


class _Entry(NamedTuple):
    mode: bytes
    id: str


_Entries = dict[bytes, _Entry]


class GitTrees:
    """Makes trees from trees, and writes what is new in one process."""

    def __init__(self, objects: GitObjects, root: str, id_length: int) -> None:
        """Write into the repository that the folder `root` is in, and read its `objects`.

        Ids have `id_length` hexadecimal digits.
        """
        self._root = root
        self._id_bytes = id_length // 2
        self._algorithm = "sha1" if self._id_bytes == _SHA1_BYTES else "sha256"
        self._objects = objects
        self._new: dict[str, tuple[int, bytes]] = {}

    def changed(self, tree: str, changes: Sequence[FileChange]) -> str:
        """Return the id of `tree` with `changes` made. Nothing is on the disk before `write`.

        Raises Refused for a path that is a link, a submodule, outside or in `.git`, Conflict when a file
        is not as `before` says, Undecided.
        """
        wanted: dict[str, FileChange] = {}
        for each in changes:
            refuse_path(each.path)
            if wanted.setdefault(each.path, each) != each:
                message = "two changes of one file do not agree"
                raise Refused(message, where=Location(each.path))
        return self._rewritten(tree, "", wanted) or self._keep(_TREE_TYPE, b"")

    def grafted(self, tree: str, folder: str, below: str) -> str:
        """Return the id of `tree` with the tree `below` at `folder`, a path that it has. Raises Undecided."""
        return self._grafted(tree, folder.split("/"), below)

    def write(self) -> None:
        """Put all new objects into the repository at once. Raises Undecided."""
        if not self._new:
            return
        pack = bytearray(struct.pack(">4sII", b"PACK", 2, len(self._new)))
        for kind, content in self._new.values():
            pack += _pack_header(kind, len(content)) + zlib.compress(content, 1)
        pack += hashlib.new(self._algorithm, pack, usedforsecurity=False).digest()
        done = git_program.run(self._root, ["unpack-objects", "-q"], stdin=bytes(pack))
        if done.status:
            raise cannot_write(done.stderr)
        self._new.clear()

    def _rewritten(self, tree: str | None, folder: str, changes: Mapping[str, FileChange]) -> str | None:
        """Return the id of the tree at `folder` with the changes below it; None for an empty one."""
        entries = self._entries(tree) if tree else {}
        below: dict[bytes, dict[str, FileChange]] = {}
        for path, change in changes.items():
            name, slash, _ = path[len(folder) :].partition("/")
            if slash:
                below.setdefault(os.fsencode(name), {})[path] = change
            else:
                self._place(entries, os.fsencode(name), change)
        for child, theirs in below.items():
            self._descend(entries, child, folder, theirs)
        if not entries:
            return None
        content = _tree_content(entries)
        return tree if tree == self._id(_TREE_TYPE, content) else self._keep(_TREE_TYPE, content)

    def _descend(
        self, entries: _Entries, name: bytes, folder: str, changes: Mapping[str, FileChange]
    ) -> None:
        there = entries.get(name)
        if there is not None and there.mode != _FOLDER:
            raise _in_the_way(next(iter(changes)), there.mode, f"{folder}{os.fsdecode(name)}")
        found = self._rewritten(there.id if there else None, f"{folder}{os.fsdecode(name)}/", changes)
        if found is None:
            entries.pop(name, None)
        else:
            entries[name] = _Entry(_FOLDER, found)

    def _place(self, entries: _Entries, name: bytes, change: FileChange) -> None:
        there = entries.get(name)
        if there is not None and there.mode in {_FOLDER, _LINK, _SUBMODULE}:
            raise _in_the_way(change.path, there.mode, change.path)
        before = None if change.before is None else self._id(_BLOB_TYPE, change.before.encode())
        if before != (there.id if there else None):
            message = "this file is not what it was when it was read"
            raise Conflict(message, where=Location(change.path), hint="Plan again.")
        if (change.before or "").startswith(_LARGE_FILE):
            message = "this file is kept by Git LFS, and Git has only a pointer to it"
            hint = "Take it out of Git LFS: git lfs migrate export --include=PATH."
            raise Refused(message, where=Location(change.path), hint=hint)
        if change.after is None:
            entries.pop(name, None)
        elif change.after != change.before:
            mode = there.mode if there else _FILE
            entries[name] = _Entry(mode, self._keep(_BLOB_TYPE, change.after.encode()))

    def _grafted(self, tree: str, parts: Sequence[str], below: str) -> str:
        entries = self._entries(tree)
        name = os.fsencode(parts[0])
        there = entries.get(name)
        if there is None or there.mode != _FOLDER:
            message = f"the deployed branch has no folder {printable(parts[0])!r}"
            raise Undecided(message, hint="Name the repository's own folder with --repo.")
        entries[name] = there._replace(
            id=self._grafted(there.id, parts[1:], below) if len(parts) > 1 else below
        )
        content = _tree_content(entries)
        return tree if tree == self._id(_TREE_TYPE, content) else self._keep(_TREE_TYPE, content)

    def _entries(self, tree: str) -> _Entries:
        content = self._objects.read(tree)
        found: _Entries = {}
        at = 0
        while at < len(content):
            end = content.index(b"\0", at)
            mode, _, name = content[at:end].partition(b" ")
            at = end + 1 + self._id_bytes
            found[name] = _Entry(mode, content[end + 1 : at].hex())
        return found

    def _keep(self, kind: int, content: bytes) -> str:
        name = self._id(kind, content)
        self._new[name] = kind, content
        return name

    def _id(self, kind: int, content: bytes) -> str:
        word = b"blob" if kind == _BLOB_TYPE else b"tree"
        whole = b"%s %d\0%s" % (word, len(content), content)
        return hashlib.new(self._algorithm, whole, usedforsecurity=False).hexdigest()


def _tree_content(entries: _Entries) -> bytes:
    """Return a tree object; folders sort as if their names ended in a slash."""
    ordered = sorted(entries.items(), key=lambda each: each[0] + b"/" * (each[1].mode == _FOLDER))
    return b"".join(b"%s %s\0%s" % (mode, name, bytes.fromhex(id_)) for name, (mode, id_) in ordered)


def _pack_header(kind: int, size: int) -> bytes:
    """Return how an entry of a pack begins: its type, and its size in groups of bits (gitformat-pack)."""
    first, size = kind << 4 | size & 15, size >> 4
    header = bytearray()
    while size:
        header.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    header.append(first)
    return bytes(header)


def refuse_path(path: str) -> None:
    """Raise Refused for a path that is no file below the root on every system that checks it out."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        message = f"{printable(path)!r} is no path of a file in the repository"
        raise Refused(message, hint="Paths are relative to the repository, without . and ..")
    if any(map(_means_git, parts)) or "\\" in path or not path.isprintable():
        message = f"{printable(path)!r} is no path that Sealock writes to"
        raise Refused(message, hint="Rename it: no .git, no backslash, nothing that cannot be printed.")


def _means_git(name: str) -> bool:
    """Say whether some system takes `name`, which can be printed, for `.git`: case, and NTFS's endings."""
    plain = name.casefold().partition(":")[0].rstrip(" .")
    return plain in {".git", "git~1"}


def _in_the_way(path: str, mode: bytes, at: str) -> Refused:
    kinds = {_LINK: "a symbolic link", _SUBMODULE: "a submodule", _FOLDER: "a folder"}
    message = f"{printable(at, 200)} is {kinds.get(mode, 'a file')}"
    return Refused(message, where=Location(path), hint="Name the file itself, where it really is.")


def cannot_write(said: bytes) -> Undecided:
    """Return the error for a repository that takes no more objects."""
    message = f"Git cannot write to this repository: {git_program.words(said) or 'it says nothing'}"
    return Undecided(message, hint="Look at the free space and the permissions of its .git folder.")


def write_commit(root: str, tree: str, parent: str, message: str, *, sign: bool) -> str:
    """Write a commit and return its id. Hooks for commits are not run, as by git commit-tree.

    Raises Refused when it cannot be signed, UsageError without an author, Undecided.
    """
    if "\0" in message:
        wrong = "a commit message cannot hold the character NUL"
        raise UsageError(wrong)
    options: Iterable[str] = ["-S"] if sign else ["--no-gpg-sign"]
    arguments = ["-c", "i18n.commitEncoding=UTF-8", "commit-tree", *options, "-p", parent, tree]
    done = git_program.run(root, arguments, stdin=message.encode(), variables=git_program.personal())
    if done.status == 0:
        return done.stdout.decode("ascii").strip()
    if _NOBODY.search(done.stderr):
        raise no_author()
    if sign and _UNSIGNED.search(done.stderr):
        words = f"Git cannot sign the commit: {git_program.words(done.stderr)}"
        raise Refused(words, hint="Try `git commit --allow-empty -S` here, and mend what it reports.")
    raise cannot_write(done.stderr)


def author(root: str) -> str:
    """Return who commits, as `Name <mail>`. Raises UsageError when Git does not know."""
    done = git_program.run(root, ["var", "GIT_AUTHOR_IDENT"], variables=git_program.personal())
    if done.status:
        if _NOBODY.search(done.stderr):
            raise no_author()
        git_program.fail("var", done.stderr)
    return done.stdout.decode("utf-8", "replace").rpartition("> ")[0] + ">"


def no_author() -> UsageError:
    """Return the error for a Git that does not know who commits."""
    message = "Git does not know who you are, so nobody can be named as the author"
    return UsageError(message, hint=IDENTITY_HINT)
