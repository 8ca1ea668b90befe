"""Runs that are done on record, found by the digest of all that decided them.

A record is a file of the repository's folder: who can write there can make one up. So a record stands for a
run only when the user asks for it, and only where its result is still an object that Git has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.adapters import git_program
from sealock.chamber.run_store import RunStore
from sealock.errors import Undecided

if TYPE_CHECKING:
    from sealock.domain.agent_run import RunManifest


class KnownRuns:
    """The runs of one repository that are done; looked at once, the newest of each action counts."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._store = RunStore(root)
        self._found: dict[str, RunManifest] | None = None

    def done(self, action: str) -> tuple[RunManifest, bytes] | None:
        """Return the manifest and the patch of a run of this action; None where there is none to use."""
        if self._found is None:
            self._found = self._look()
        manifest = self._found.get(action)
        if manifest is None or manifest.result is None:
            return None
        result = manifest.result
        arguments = ["diff-tree", "-p", "--binary", "--full-index", result.base_tree, result.tree]
        done = git_program.run(self._root, arguments)
        # What a collection of garbage took is run again.
        return None if done.status else (manifest, done.stdout)

    def _look(self) -> dict[str, RunManifest]:
        found: dict[str, RunManifest] = {}
        for name in self._store.ids():
            try:
                manifest = self._store.manifest(name)
            except Undecided:
                continue
            if manifest.outcome == "done":
                found.setdefault(manifest.action, manifest)
        return found
