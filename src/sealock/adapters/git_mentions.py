"""Finds the files of a revision that hold some text, mostly without reading them.

Of each file it is remembered, by its blob, what it says after each slash: a name in a path. That answers
whether `/name` is in it. What else is asked, Git searches. A text in UTF-16 counts as one with an escape:
what it names cannot be seen either.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from sealock.adapters import git_program
from sealock.domain.overlays import KUSTOMIZATION_NAMES

if TYPE_CHECKING:
    from collections.abc import Collection

    from sealock.adapters.git_revision import RevisionFiles
    from sealock.adapters.verdict_cache import VerdictStore

_NO_MATCH = 1
_ENDINGS = (".yaml", ".yml", ".json")
_ESCAPE = b"\\"
_NAME = rb"[A-Za-z0-9_.@+=\x80-\xff-]"
_SAID = re.compile(rb"/" + _NAME + rb"+|\\")
MEMORY = "mentions-2"
"""The name of the store: another one whenever something else is remembered of a file."""


class GitMentions:
    """Searches the YAML, the JSON and the kustomizations of one revision."""

    def __init__(self, files: RevisionFiles, store: VerdictStore) -> None:
        """Search `files`; `store` is for what this remembers alone. Nothing runs before a question."""
        self._files = files
        self._store = store

    def __call__(self, texts: Collection[str]) -> tuple[str, ...]:
        """Return the files that hold one of `texts`, sorted. Raises Undecided."""
        wanted = {os.fsencode(each) for each in texts if each and "\n" not in each}
        exact = tuple(each for each in wanted if _SAID.fullmatch(each))
        found = {path for path, said in self._said if any(each in said for each in exact)} if exact else set()
        if others := wanted.difference(exact):
            found |= self._searched(others)
        return tuple(sorted(found))

    @cached_property
    def _said(self) -> list[tuple[str, bytes]]:
        """What each file says after slashes."""
        blobs = {
            path: blob
            for path in self._files.files()
            if (path.endswith(_ENDINGS) or path.rpartition("/")[2] in KUSTOMIZATION_NAMES)
            and (blob := self._files.signature(path))
        }
        known = {blob: self._store.get(blob) for blob in blobs.values()}
        unknown = [blob.hex() for blob, said in known.items() if said is None]
        if unknown:
            for name, content in self._files.contents(unknown):
                blob, said = bytes.fromhex(name), _said_by(content)
                known[blob] = said
                self._store.put(blob, said)
            self._store.save()
        return [(path, known[blob] or b"") for path, blob in blobs.items()]

    def _searched(self, texts: Collection[bytes]) -> set[str]:
        tree = self._files.revision.tree
        patterns = [part for each in sorted(texts) for part in ("-e", os.fsdecode(each))]
        options = ["-z", "-l", "-F", "-I", "--no-color", "--full-name"]
        done = git_program.run(self._files.root, ["grep", *options, *patterns, tree, "--", ":/"])
        if done.status not in {0, _NO_MATCH}:
            git_program.fail("grep", done.stderr)
        listed = os.fsdecode(done.stdout).split("\0")
        return {each.removeprefix(f"{tree}:") for each in listed if each}


def _said_by(content: bytes) -> bytes:
    found = dict.fromkeys(_SAID.findall(content))
    if b"\0" in content:
        found[_ESCAPE] = None
    return b"".join(found)
