"""Real repositories for tests: a bare remote, clones of it, strangers who push."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(root: Path, *arguments: str, stdin: str = "", **variables: str) -> str:
    """Run Git in `root` and return what it prints, without the last newline."""
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=root,
        check=False,
        capture_output=True,
        input=stdin.encode(),
        timeout=60,
        env={**os.environ, **ENVIRONMENT, **variables},
    )
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout.decode().removesuffix("\n")


def new_repository(root: Path, files: Mapping[str, str], *options: str) -> str:
    """Make a repository with one commit on main, and return that."""
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main", *options)
    return commit(root, files)


def commit(root: Path, files: Mapping[str, str], message: str = "change") -> str:
    """Commit these files in a work tree and return the commit."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-", stdin=message)
    return git(root, "rev-parse", "HEAD")


def publish(root: Path, bare: Path) -> None:
    """Make `bare` a bare repository with what `root` has, and the remote of it."""
    git(root, "clone", "-q", "--bare", ".", str(bare))
    git(root, "remote", "add", "origin", str(bare))
    git(root, "fetch", "-q")
    git(root, "branch", "-q", "--set-upstream-to=origin/main", "main")


def push_as_stranger(bare: Path, files: Mapping[str, str], message: str = "change") -> str:
    """Add a commit to main of a bare repository as somebody else would, and return it."""
    base = git(bare, "rev-parse", "main")
    index = str(bare / f"stranger-{os.getpid()}")
    git(bare, "read-tree", base, GIT_INDEX_FILE=index)
    for path, text in files.items():
        blob = git(bare, "hash-object", "-w", "--stdin", stdin=text)
        git(bare, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", GIT_INDEX_FILE=index)
    tree = git(bare, "write-tree", GIT_INDEX_FILE=index)
    made = git(bare, "commit-tree", "-p", base, tree, "-F", "-", stdin=message, GIT_AUTHOR_NAME="Stranger")
    git(bare, "update-ref", "refs/heads/main", made, base)
    return made


def state_of(root: Path) -> dict[str, str]:
    """Return what must stay: the bytes of the index, HEAD, the branches, and of every file outside .git."""
    found = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }
    found["index"] = hashlib.sha256((root / ".git" / "index").read_bytes()).hexdigest()
    found["HEAD"] = (root / ".git" / "HEAD").read_text()
    found["branches"] = git(root, "for-each-ref", "refs/heads", "refs/tags")
    found["leftovers"] = " ".join(sorted(each.name for each in (root / ".git").glob("*lock*")))
    return found
