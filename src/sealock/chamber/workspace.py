"""A clean copy of one commit for the agent to work in, and what it left there as a tree.

The copy has no remotes, branches, history, hooks or settings, and its files are the blobs' own bytes: no
attribute converts them. What the agent left is read with a second repository that it never sees, so that
nothing which it wrote, its `.git` included, tells Git what to do.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import struct
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import process
from sealock.chamber import scratch
from sealock.domain.agent_run import ChangedPath, RefusedPath, TreeResult
from sealock.domain.path_policy import PathPolicy, judge
from sealock.domain.printable import printable
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_BYTES = 1 << 30
MOST_FILES = 500_000
_GIT_SECONDS = 300.0
_LEAST_NAMED = 3
_ID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_GONE = "000000"
# As `git fetch` has it: a few objects are laid out one by one, many stay in a pack.
_FEW_OBJECTS = 100
_PACK_HEAD = ">4sII"
_SETTINGS = {
    "safe.directory": "*",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.autocrlf": "false",
    "core.symlinks": "true",
    "core.fileMode": "true",
    "core.protectNTFS": "true",
    "core.protectHFS": "true",
    "core.logAllRefUpdates": "false",
    "core.quotePath": "false",
    "protocol.version": "2",
    "init.defaultBranch": "main",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "advice.addEmbeddedRepo": "false",
}
# Said where nothing overrules it: no text, filter or encoding of a repository's attributes counts.
_ATTRIBUTES = "* -text -eol -filter -ident -working-tree-encoding\n"
_OWN_CONFIG = (
    "[core]\n\trepositoryformatversion = {}\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = false\n"
)
_SHA256 = "[extensions]\n\tobjectformat = sha256\n"
_SHA1_LENGTH = 40
_FOLDERS = ("info", "objects/info", "objects/pack", "refs/heads", "refs/tags")


def _environment() -> dict[str, str]:
    settings = dict(_SETTINGS)
    numbered = {
        f"GIT_CONFIG_{part}_{count}": text
        for count, pair in enumerate(settings.items())
        for part, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    return {
        "PATH": os.defpath,
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": str(len(settings)),
        **numbered,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_OPTIONAL_LOCKS": "0",
    }


class Workspace:
    """A commit's files in `path`, the agent's; `commit` and `base_tree` are its ids."""

    def __init__(self, found: _Found, folder: str) -> None:
        """Lay it out below `folder`, a fresh one. Raises Undecided."""
        self.root = found.root
        self.commit = found.commit
        self.base_tree = found.tree
        self._shallow = found.has_parents
        self.path = str(Path(folder, "workspace"))
        self._judge = str(Path(folder, "judge.git"))
        self._environment = _environment()
        self._lay_out()

    def tree(self, policy: PathPolicy = PathPolicy()) -> TreeResult:  # noqa: B008 - a frozen value
        """Return what the agent left, judged by the policy.

        Files that the repository's own `.gitignore` ignores are not part of it. Raises Refused when it is
        too much to take, Undecided when Git fails.
        """
        self._bound()
        faults = self._add()
        tree = self._git("write-tree").decode().strip()
        if tree == self.base_tree:
            return TreeResult(tree, tree, (), faults)
        changed = tuple(self._changed(tree))
        judged = judge(changed, policy, sorted(self._base.keys() - {each.path for each in changed}))
        if judged.restored:
            tree = self._restored([each.path for each in judged.restored])
            changed = tuple(self._changed(tree))
        return TreeResult(self.base_tree, tree, changed, (*faults, *judged.refused), judged.restored)

    def apply(self, patch: bytes) -> str:
        """Apply a patch that `patch` made to the files, and return the tree that they are then.

        Raises Undecided where it does not fit.
        """
        if patch:
            self._git("apply", "--index", "--binary", "--whitespace=nowarn", "-", stdin=patch)
        return self._git("write-tree").decode().strip()

    def patch(self, tree: str) -> bytes:
        """Return the difference between the base and a tree, as `git apply` takes it."""
        return self._git("diff-tree", "-p", "--binary", "--full-index", self.base_tree, tree)

    def keep(self, tree: str) -> None:
        """Put a tree's objects into the repository, where nothing names them yet. Raises Undecided."""
        wanted = f"{tree}\n^{self.base_tree}\n".encode()
        pack = self._git("pack-objects", "--revs", "--stdout", "-q", stdin=wanted)
        self._run(self.root, ("unpack-objects", "-q"), stdin=pack)

    def _lay_out(self) -> None:
        Path(self.path).mkdir()
        self._found_judge()
        self._fetch()
        self._git("read-tree", "-u", "--reset", self.commit)
        # The agent gets a repository of its own: the commit, checked out, and nothing else.
        shutil.copytree(self._judge, Path(self.path, ".git"), symlinks=True)

    def _found_judge(self) -> None:
        """Make an empty repository at the commit, as `git init` would."""
        judge = Path(self._judge)
        for each in _FOLDERS:
            (judge / each).mkdir(parents=True)
        usual = len(self.commit) == _SHA1_LENGTH
        config = _OWN_CONFIG.format(0) if usual else _OWN_CONFIG.format(1) + _SHA256
        files = {"HEAD": f"{self.commit}\n", "config": config, "info/attributes": _ATTRIBUTES}
        if self._shallow:
            files["shallow"] = f"{self.commit}\n"
        for name, text in files.items():
            (judge / name).write_text(text, encoding="ascii")

    def _fetch(self) -> None:
        """Take the commit's objects from the repository, each proven by its name, and no history.

        `git fetch` does the same with five more processes.
        """
        # Without a search for differences: what the repository has packed is taken as it is. By way of a
        # pipe: a file would be begun in the repository, which may lie on another disk or not be writable.
        asked = ("pack-objects", "--revs", "--stdout", "-q", "--window=0")
        wanted = f"--shallow {self.commit}\n{self.commit}\n".encode()
        pack = self._run(self.root, asked, stdin=wanted)
        _, _, count = struct.unpack_from(_PACK_HEAD, pack)
        taken = ("unpack-objects", "-q") if count < _FEW_OBJECTS else ("index-pack", "--stdin")
        self._git(*taken, stdin=pack)

    def _bound(self) -> None:
        """Refuse what would take too long or too much to read."""
        size = files = 0
        for folder, folders, names in os.walk(self.path, followlinks=False):
            if folder == self.path:
                folders.remove(".git")
            for name in names:
                found = Path(folder, name).lstat()
                files += 1
                size += found.st_size if stat.S_ISREG(found.st_mode) else 0
            if size > MOST_BYTES or files > MOST_FILES:
                message = f"the agent left more than {MOST_BYTES >> 20} MiB or {MOST_FILES} files"
                raise Refused(message, hint="Its work is not taken.")

    def _add(self) -> tuple[RefusedPath, ...]:
        """Take all files into the index; return what Git refuses to take."""
        done = self._run_judge(("add", "--all", "--ignore-errors", "--", "."))
        if done.status == 0:
            return ()
        words = printable(done.stderr.decode("utf-8", "replace").strip(), 500)
        return (RefusedPath(".", f"not all of it can be read: {words}"),)

    def _restored(self, paths: Sequence[str]) -> str:
        """Return the tree with these paths as the base has them; what stands in their way is gone."""
        base = self._base
        gone = ["0", "", "0" * len(self.base_tree)]
        wanted = ((*base.get(path, gone)[::2], path) for path in paths)
        order = "".join(f"{mode} {blob}\t{path}\0" for mode, blob, path in wanted)
        self._git("update-index", "--add", "--replace", "-z", "--index-info", stdin=os.fsencode(order))
        return self._git("write-tree").decode().strip()

    def _changed(self, tree: str) -> Iterator[ChangedPath]:
        raw = self._git("diff-tree", "-r", "-z", "--no-renames", self.base_tree, tree)
        parts = os.fsdecode(raw).split("\0")
        for entry, path in zip(parts[::2], parts[1::2], strict=False):
            _, mode, _, blob, _ = entry.split(" ")
            yield ChangedPath(path) if mode == _GONE else ChangedPath(path, mode, blob)

    @cached_property
    def _base(self) -> dict[str, list[str]]:
        """Return what the base has at each path: mode, type, id."""
        listed = os.fsdecode(self._git("ls-tree", "-r", "-z", self.base_tree)).split("\0")
        entries = (each.partition("\t") for each in listed if each)
        return {path: entry.split(" ") for entry, _, path in entries}

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = self._run_judge(arguments, stdin=stdin)
        if done.status:
            _fail(arguments[0], done.stderr)
        return done.stdout

    def _run_judge(self, arguments: Sequence[str], stdin: bytes = b"") -> process.Completed:
        places = (f"--git-dir={self._judge}", f"--work-tree={self.path}")
        return _run(self.path, (*places, *arguments), self._environment, stdin)

    def _run(self, folder: str, arguments: Sequence[str], stdin: bytes = b"") -> bytes:
        done = _run(folder, arguments, self._environment, stdin)
        if done.status:
            _fail(arguments[0], done.stderr)
        return done.stdout


@contextmanager
def open_workspace(root: str, revision: str = "HEAD") -> Iterator[Workspace]:
    """Give a clean copy of a revision of the repository at `root`, gone afterwards.

    Raises UsageError where there is no such repository or revision, Undecided when Git fails.
    """
    found = _resolved(root, revision)
    with scratch.folder() as made:
        yield Workspace(found, made)


def commit_of(root: str, revision: str) -> str:
    """Return the id of the commit that a revision names now. Raises UsageError, Undecided."""
    return _resolved(root, revision).commit


class _Found(NamedTuple):
    """A repository's root, the commit that a revision names, its tree, and whether it has parents."""

    root: str
    commit: str
    tree: str
    has_parents: bool


def _resolved(root: str, revision: str) -> _Found:
    names = (f"{revision}^{{commit}}^@", f"{revision}^{{commit}}", f"{revision}^{{commit}}^{{tree}}")
    asked = ("rev-parse", "--show-toplevel", "--end-of-options", *names)
    done = _run(root, asked, _environment())
    # Some versions of Git repeat the option between the answers.
    top, *lines = [each for each in os.fsdecode(done.stdout).split("\n") if each != "--end-of-options"]
    named = done.status == 0 and len(lines) >= _LEAST_NAMED and all(map(_ID.fullmatch, lines[:-1]))
    if not named:
        message = f"{printable(revision)} names no commit in the repository {printable(root)}"
        raise UsageError(message, hint="The agent works on a commit: make one, or name one with --base.")
    *parents, commit, tree, _ = lines
    return _Found(top, commit, tree, bool(parents))


def _run(
    folder: str, arguments: Sequence[str], environment: dict[str, str], stdin: bytes = b""
) -> process.Completed:
    git = shutil.which("git")
    if git is None:
        message = "there is no git program"
        raise Undecided(message, hint="Install Git, or add it to PATH.")
    try:
        return process.run(
            [git, "-C", folder, *arguments],
            environment=environment,
            stdin=stdin,
            timeout_seconds=_GIT_SECONDS,
        )
    except process.TimedOut:
        message = f"git {arguments[-1]} took more than {_GIT_SECONDS:g} s"
        raise Undecided(message, hint="Run `git fsck` in the repository.") from None


def _fail(what: str, said: bytes) -> None:
    words = printable(said.decode("utf-8", "replace").strip().rpartition("\n")[2], 300)
    message = f"git {what} failed: {words}"
    raise Undecided(message, hint="Run `git fsck` in the repository, and mend what it reports.")
