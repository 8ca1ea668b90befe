"""A Git revision: which one a name means, what differs from another, and its files, without a checkout."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from bisect import bisect_left
from collections import deque
from contextlib import nullcontext, suppress
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from sealock.adapters import git_program
from sealock.adapters.cache_file import CacheFile
from sealock.adapters.git_objects import GitObjects
from sealock.adapters.stat_signature import Seen, Signature
from sealock.domain.location import Location
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.printable import printable
from sealock.domain.revision import PathChange, Revision
from sealock.domain.yaml_document import decode
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_MOST_LINKS = 40
_MOST_LISTINGS = 50
_SIBLINGS = 30
_FARTHEST_AHEAD = 64
_LINK = "120000"
_LINE = re.compile(r"([0-7]{6}) [a-z]+ ([0-9a-f]+)\t([^\0]*)\0")
_SUBMODULE = "160000"
_STATUS: dict[str, Literal["added", "removed", "changed"]] = {"A": "added", "D": "removed"}
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_NO_SIGNATURE = Signature(0, 0, 1 << 62, 1 << 62)
"""Never settled, and equal to none that a disk has: only contents count."""


class GitRevisions:
    """The revisions of the repository that holds the folder `root`."""

    def __init__(self, root: str, cache: Path | None = None) -> None:
        """Ask about the repository at `root`; nothing runs before a question.

        What the last revision of each role holds is remembered in the folder `cache`.
        """
        self.root = os.path.realpath(root)
        self._cache = cache

    @cached_property
    def git_dir(self) -> str:
        """The absolute path of the `.git` directory, a worktree's own where it is one. Raises Undecided."""
        return self._places[0]

    @cached_property
    def _places(self) -> tuple[str, str]:
        """The `.git` directory, and the root's path in the work tree with a slash at its end, or empty."""
        found = git_program.output(self.root, ["rev-parse", "--absolute-git-dir", "--show-prefix"])
        lines = os.fsdecode(found).split("\n")
        if len(lines) != 3:  # noqa: PLR2004 - two answers, and what follows the last newline
            message = f"the path of this repository cannot be read: {printable(os.fsdecode(found))}"
            raise Undecided(message, hint="Rename the folder that has a newline in its name.")
        return lines[0], lines[1]

    def resolve(self, revision: str) -> Revision:
        """Return the commit that `revision` names. Raises UsageError for none, Undecided."""
        commit = self._named(f"{revision}^{{commit}}")
        if commit is None:
            message = f"{printable(revision)!r} is no commit of this repository"
            hint = "In CI, fetch it first: a shallow clone has only the newest commits."
            raise UsageError(message, hint=hint)
        # Before a folder was made it was empty.
        tree = self._named(f"{commit}:{self._places[1]}") or _EMPTY_TREE
        return Revision(commit, tree)

    def of_tree(self, commit: str, root_tree: str) -> Revision:
        """Return the revision that a root tree would be on `commit`, before it is committed."""
        if not self._places[1]:
            return Revision(commit, root_tree)
        return Revision(commit, self._named(f"{root_tree}:{self._places[1]}") or _EMPTY_TREE)

    def edited(self, files: RevisionFiles, root_tree: str) -> RevisionFiles:
        """Return the files of `root_tree`, which differs from `files` in the contents of plain files alone.

        Read them while `files` is open. Raises KeyError where anything came, went or changed its kind,
        Undecided.
        """
        revision = self.of_tree(files.revision.commit, root_tree)
        form = ["--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv"]
        asked = ["diff-tree", "-r", *form, files.revision.tree, revision.tree, "--"]
        fields = os.fsdecode(git_program.output(self.root, asked)).split("\0")
        blobs = {}
        for about, path in zip(fields[::2], fields[1::2], strict=False):
            before, after, _, blob, status = about.lstrip(":").split(" ")
            if status != "M" or before != after:
                raise KeyError(path)
            blobs[path] = blob
        return files.with_blobs(revision, blobs)

    def _named(self, expression: str) -> str | None:
        if "\0" in expression:
            return None
        done = git_program.run(
            self.root, ["rev-parse", "--verify", "--quiet", "--end-of-options", expression]
        )
        if b"not a git repository" in done.stderr:
            return None
        if done.status not in {0, 1}:
            git_program.fail("rev-parse", done.stderr)
        return None if done.status else done.stdout.decode("ascii").strip()

    def merge_base(self, one: Revision, other: Revision) -> Revision:
        """Return the best common ancestor. Raises UsageError where there is none, Undecided."""
        if one == other:
            return one
        done = git_program.run(self.root, ["merge-base", one.commit, other.commit])
        if done.status == 0:
            return self.resolve(done.stdout.decode("ascii").split("\n", 1)[0])
        if done.status != 1:
            git_program.fail("merge-base", done.stderr)
        message = f"{one.commit[:12]} and {other.commit[:12]} have no commit in common"
        if self.is_shallow():
            message += " in this shallow clone"
            raise Undecided(message, hint="Run git fetch --unshallow.")
        raise UsageError(message, hint="Name two revisions of one history.")

    def is_shallow(self) -> bool:
        """Say whether the history is cut off. Raises Undecided."""
        return git_program.output(self.root, ["rev-parse", "--is-shallow-repository"]).strip() == b"true"

    def changed(
        self, base: Revision, head: Revision | None = None, present: Callable[[], Iterable[str]] | None = None
    ) -> tuple[PathChange, ...]:
        """Return the files below the root that differ from `base`, sorted.

        With no `head` those of the work tree are meant, new ones that are not ignored included. Where
        somebody lists the work tree's files anyway, `present` returns them: Git is not asked to look again.
        Raises Undecided.
        """
        form = ["--raw", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "-O/dev/null"]
        if head is not None:
            raw = git_program.output(self.root, ["diff-tree", "-r", *form, base.tree, head.tree, "--"])
            return tuple(sorted(_changes(raw)))
        raw = git_program.output(
            self.root, ["diff", *form, "--relative", "--ignore-submodules=none", base.commit, "--", "."]
        )
        found = {each.path: each for each in _changes(raw)}
        for path in self._listed("--others", "--exclude-standard") if present is None else self._new(present):
            if path:
                # One that was removed from the index alone is still on the disk.
                found[path] = PathChange(path, "changed" if path in found else "added")
        return tuple(sorted(found.values()))

    def _new(self, present: Callable[[], Iterable[str]]) -> set[str]:
        return set(present()).difference(self._listed("--cached"))

    def _listed(self, *options: str) -> list[str]:
        return os.fsdecode(git_program.output(self.root, ["ls-files", "-z", *options])).split("\0")

    def one_file(self, revision: str, objects: GitObjects | None = None) -> OneFile:
        """Return a reader of single files of what `revision` names, for who needs no more.

        With `objects` it needs no process of its own.
        """
        return OneFile(self.root, lambda: f"{revision}:{self._places[1]}", objects)

    def listed(self, tree: str, role: str) -> bytes:
        """Return what `git ls-tree` says of all that is in a tree. Raises Undecided.

        A tree's id is of all that is in it: what was listed of it holds for good.
        """
        arguments = ["ls-tree", "-r", "-z", "--full-tree", tree]
        if self._cache is None:
            return git_program.output(self.root, arguments)
        name = hashlib.blake2b(os.fsencode(f"{self.root}\0{role}"), digest_size=16).hexdigest()
        file = CacheFile(self._cache / "listings" / name, f"listing-{tree}", _MOST_LISTINGS)
        known = file.read()
        if known is None:
            known = git_program.output(self.root, arguments)
            file.write(known)
        return known

    def files(
        self, revision: Revision, role: str = "base", objects: GitObjects | None = None
    ) -> RevisionFiles:
        """Return the files of a revision, for reading. Close it when done.

        Renders of one `role` share a place in the cache: two revisions that are compared have one each.
        Who gives `objects` closes them.
        """
        return RevisionFiles(self, revision, role, objects)


def _changes(raw: bytes) -> Iterator[PathChange]:
    fields = os.fsdecode(raw).split("\0")
    for about, path in zip(fields[::2], fields[1::2], strict=False):
        yield PathChange(path, _STATUS.get(about.rpartition(" ")[2][:1], "changed"))


class OneFile:
    """Reads single plain files of a revision; a FileTree that lists nothing."""

    def __init__(self, root: str, folder: Callable[[], str], objects: GitObjects | None = None) -> None:
        """Read what is below the `folder` of a revision, as Git names it: `HEAD:apps/`."""
        self._root = root
        self._folder = folder
        self._objects = objects

    def files(self) -> tuple[str, ...]:
        """Return nothing: what there is, was not asked."""
        return ()

    def read_text(self, path: str) -> str:
        """Return a file's text. Raises FileNotFoundError, also where there is no such revision, Undecided."""
        with nullcontext(self._objects) if self._objects else GitObjects(self._root) as objects:
            found = objects.find(f"{self._folder()}{path}")
        if found is None or found[0] != "blob":
            raise FileNotFoundError(errno.ENOENT, "not in the revision", path)
        return decode(found[1], path)


class _Listed(NamedTuple):
    """What a revision has: object ids by path, and the modes of links and submodules."""

    ids: dict[str, str]
    odd: dict[str, str]


class RevisionFiles:
    """The files of one revision; implements SignedFiles. Close it, or use it in `with`."""

    def __init__(
        self,
        revisions: GitRevisions,
        revision: Revision,
        role: str = "base",
        objects: GitObjects | None = None,
    ) -> None:
        """Read what `revision` has below the root; nothing runs before a question.

        Who gives `objects` closes them.
        """
        self.role = role
        self.root = revisions.root
        self.revision = revision
        self._revisions = revisions
        self.objects = objects or GitObjects(self.root)
        self._owns_objects = objects is None
        self._ahead: dict[str, bytes] = {}
        self._window = 1
        self._next = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop Git."""
        self.close()

    def close(self) -> None:
        """Stop Git; the next question starts it again."""
        if self._owns_objects:
            self.objects.close()

    @property
    def git_dir(self) -> str:
        """The absolute path of the `.git` directory."""
        return self._revisions.git_dir

    @cached_property
    def _listed(self) -> _Listed:
        if self.revision.tree == _EMPTY_TREE:
            return _Listed({}, {})
        found = _LINE.findall(os.fsdecode(self._revisions.listed(self.revision.tree, self.role)))
        odd = {path: mode for mode, _, path in found if mode in {_LINK, _SUBMODULE}}
        return _Listed({path: name for _, name, path in found}, odd)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        """Every path, sorted: what lies in one folder stands together."""
        return tuple(sorted(self._listed.ids))

    def _is_folder(self, path: str) -> bool:
        below = f"{path}/" if path else ""
        at = bisect_left(self._paths, below)
        return not path or (at < len(self._paths) and self._paths[at].startswith(below))

    def files(self) -> tuple[str, ...]:
        """Return every file of the revision, sorted. Raises Undecided."""
        return self._paths

    def read_text(self, path: str) -> str:
        """Return a file's text as Git has it.

        Raises FileNotFoundError; Refused for what lies outside or is no regular file;
        ConfigurationError for what is not UTF-8; Undecided where Git cannot tell.
        """
        return decode(self.read_bytes(path), path)

    def read_bytes(self, path: str) -> bytes:
        """Return a file's content. Raises FileNotFoundError, Refused, Undecided."""
        ids, odd = self._listed
        real = path
        if path not in ids or odd.get(path) == _LINK:
            real = self._real(path)
            if real not in ids and self._is_folder(real):
                message = "this is no regular file"
                raise Refused(message, where=Location(path))
        if real not in ids:
            raise FileNotFoundError(errno.ENOENT, "not in the revision", path)
        if odd.get(real) == _SUBMODULE:
            message = "this is a submodule, whose files are in another repository"
            raise Undecided(message, where=Location(path))
        return self._content(path, ids[real])

    def _content(self, path: str, name: str) -> bytes:
        """Return an object's content; whoever reads kustomizations in order has the next ones read ahead."""
        place = self._kustomizations.get(path)
        if place is None:
            return self.objects.read(name)
        if name in self._ahead:
            return self._ahead[name]
        self._window = min(4 * self._window, _FARTHEST_AHEAD) if place == self._next else 1
        self._next = place + self._window
        names = (self._listed.ids[each] for each in islice(self._kustomizations, place, self._next))
        try:
            self._ahead = dict(self.objects.read_all(dict.fromkeys(names)))
        except Undecided:
            # One of the next may not be there; it fails when it is its turn.
            self._ahead = {}
            return self.objects.read(name)
        return self._ahead[name]

    @cached_property
    def _kustomizations(self) -> dict[str, int]:
        """The places of the kustomizations, in the order in which everybody reads them."""
        kustomizations = (path for path in self._paths if path.rpartition("/")[2] in KUSTOMIZATION_NAMES)
        found = (path for path in kustomizations if path not in self._listed.odd)
        return {path: place for place, path in enumerate(found)}

    def _real(self, path: str) -> str:
        """Return where `path` leads, links followed. Raises Refused for a way out."""
        done: list[str] = []
        left = deque(path.split("/"))
        links = 0
        while left:
            part = left.popleft()
            if part in {"", "."}:
                continue
            if part == "..":
                if not done:
                    raise _outside(path)
                done.pop()
                continue
            done.append(part)
            here = "/".join(done)
            if self._listed.odd.get(here) == _LINK:
                links += 1
                if links > _MOST_LINKS:
                    raise FileNotFoundError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.fsdecode(self.objects.read(self._listed.ids[here]))
                done.pop()
                if target.startswith("/"):
                    if not f"{target}/".startswith(f"{self.root}/"):
                        raise _outside(path)
                    done, target = [], target[len(self.root) :]
                left.extendleft(reversed(target.split("/")))
        return "/".join(done)

    def links(self) -> dict[str, str]:
        """Return where each link leads that stays inside, in the end. Raises Undecided."""
        found = {}
        for path, mode in self._listed.odd.items():
            if mode == _LINK:
                with suppress(FileNotFoundError, Refused):
                    found[path] = self._real(path)
        return found

    def signature(self, path: str) -> bytes:
        """Return a plain file's object id in bytes; empty for anything else."""
        return bytes.fromhex(self.blob(path))

    def blob(self, path: str) -> str:
        """Return a plain file's object id; empty for a link, what is behind one, and all else."""
        ids, odd = self._listed
        return "" if path in odd else ids.get(path, "")

    def with_blobs(self, revision: Revision, blobs: Mapping[str, str]) -> RevisionFiles:
        """Return the files of `revision`, which has other contents of some plain files.

        Raises KeyError for what is none here.
        """
        ids, odd = self._listed
        for path in blobs:
            if path not in ids or path in odd:
                raise KeyError(path)
        found = RevisionFiles(self._revisions, revision, "head", self.objects)
        found._listed, found._paths = _Listed({**ids, **blobs}, odd), self._paths
        return found

    def probes(self, at_ns: int) -> RevisionProbes:
        """Return what the render cache asks, at the time `at_ns`."""
        return RevisionProbes(self, at_ns)

    def look(self, path: str) -> tuple[Literal["file", "directory", "symlink", "absent", "submodule"], str]:
        """Return what is at `path`, links not followed, and the object's id; Raises Undecided."""
        ids, odd = self._listed
        if path in ids:
            kinds: dict[str, Literal["symlink", "submodule"]] = {_LINK: "symlink", _SUBMODULE: "submodule"}
            return kinds.get(odd.get(path, ""), "file"), ids[path]
        return ("directory" if self._is_folder(path) else "absent"), ""

    def names(self, folder: str) -> set[str]:
        """Return the names in a folder."""
        prefix = f"{folder}/" if folder else ""
        found: set[str] = set()
        at = bisect_left(self._paths, prefix)
        while at < len(self._paths) and self._paths[at].startswith(prefix):
            name, slash, _ = self._paths[at][len(prefix) :].partition("/")
            found.add(name)
            # What lies in a folder is passed over: `0` comes next after `/`.
            at = bisect_left(self._paths, f"{prefix}{name}0", at) if slash else at + 1
        return found

    def file_id(self, path: str) -> str:
        """Return the object id of a file or link at `path`; empty for anything else."""
        kind, name = self.look(path)
        return name if kind in {"file", "symlink"} else ""

    def contents(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each object's id and content. Raises Undecided."""
        return self.objects.read_all(names)


def _outside(path: str) -> Refused:
    message = "this leads out of the repository"
    return Refused(message, where=Location(path), hint="Copy the file into the repository.")


class RevisionProbes:
    """Looks at a revision as Probes look at the disk, so that the cache can tell whether a render holds."""

    def __init__(self, files: RevisionFiles, at_ns: int) -> None:
        """Look at `files`; `at_ns` is the time now."""
        self.at_ns = at_ns
        self._files = files
        here = Seen("directory", _NO_SIGNATURE, real=True)
        self._seen: dict[str, Seen] = {"": here, ".": here}
        self._digests: dict[str, str] = {}

    def look(self, path: str) -> Seen:
        """Return what is at `path`; a submodule is never what a render saw."""
        return self._seen.get(path) or self._look(path)

    def _look(self, path: str) -> Seen:
        folder = self.look(path.rpartition("/")[0])
        kind, _ = self._files.look(path)
        if kind == "submodule":
            seen = Seen("absent", _NO_SIGNATURE, real=False)
        elif kind == "absent":
            # Below a file as below a folder there can be nothing; below nothing there is no place to look.
            real = folder.real and folder.kind in {"directory", "file"}
            seen = Seen(kind, _NO_SIGNATURE, real)
        else:
            seen = Seen(kind, _NO_SIGNATURE, folder.real and folder.kind == "directory")
        self._seen[path] = seen
        return seen

    def digest(self, path: str) -> str:
        """Return the hex SHA-256 of a file's content, a folder's listing or a link's target."""
        digest = self._digests.get(path)
        if digest is None:
            folder = "" if path == "." else path
            if self._files.look(folder)[0] == "directory":
                names = sorted(map(os.fsencode, self._files.names(folder)))
                digest = self._digests[path] = hashlib.sha256(b"\n".join(names) + b"\n").hexdigest()
            else:
                digest = self._digests[path] = self._file_digest(path)
        return digest

    def _file_digest(self, path: str) -> str:
        """Return a file's digest; empty where Git does not have it, which the engine will say better."""
        for siblings in (_SIBLINGS, 0):
            try:
                return self._read(path, siblings)
            except Undecided:
                continue
        return ""

    def _read(self, path: str, siblings: int) -> str:
        """Learn the digest of a file, and of some beside it: who reads one mostly reads the others."""
        folder, slash, _ = path.rpartition("/")
        beside = (f"{folder}{slash}{name}" for name in self._files.names(folder))
        wanted = [path, *islice((each for each in beside if each not in self._digests), siblings)]
        ids = {each: name for each in wanted if (name := self._files.file_id(each))}
        contents = self._files.contents(dict.fromkeys(ids.values()))
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents}
        self._digests |= {each: digests[name] for each, name in ids.items()}
        return self._digests[path]
