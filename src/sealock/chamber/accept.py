"""Takes what an agent made: as a commit on its base, named by a branch or by nothing but its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.adapters import git_program
from sealock.adapters.git_write import author, write_commit
from sealock.domain.printable import printable
from sealock.errors import Conflict, UsageError

if TYPE_CHECKING:
    from sealock.domain.agent_run import RunManifest

_NONE_YET = "0" * 40


class Acceptance:
    """Where accepted work goes; what can be wrong with it is found before an agent runs."""

    def __init__(self, root: str, branch: str = "") -> None:
        """Put it on a new branch, or on none. Raises UsageError, Conflict, Undecided."""
        self._root = root
        self._branch = branch
        author(root)
        if branch:
            self._look()

    def take(self, manifest: RunManifest) -> str:
        """Write the commit, and say what there is now. Raises Conflict, Refused, UsageError, Undecided."""
        tree = manifest.result
        if tree is None or not tree.changed:
            return "nothing changed, so there is nothing to take"
        message = _message(manifest)
        commit = write_commit(self._root, tree.tree, manifest.base_commit, message, sign=False)
        if not self._branch:
            return f"commit {commit}"
        nothing = _NONE_YET if len(commit) == len(_NONE_YET) else "0" * len(commit)
        arguments = ["update-ref", f"refs/heads/{self._branch}", commit, nothing]
        if git_program.run(self._root, arguments).status:
            raise self._there()
        return f"branch {self._branch}, commit {commit}"

    def _look(self) -> None:
        shown = printable(self._branch, 200)
        if git_program.run(self._root, ["check-ref-format", "--branch", self._branch]).status:
            message = f"{shown!r} is no name of a branch"
            raise UsageError(message, hint="See git help check-ref-format.")
        asked = ["show-ref", "--verify", "--quiet", f"refs/heads/{self._branch}"]
        if git_program.run(self._root, asked).status == 0:
            raise self._there()

    def _there(self) -> Conflict:
        message = f"the branch {printable(self._branch, 200)!r} is there already"
        return Conflict(message, hint="Name another: the agent's work never replaces one.")


def _message(manifest: RunManifest) -> str:
    """Return a commit message of facts alone: nothing of it is the agent's."""
    tested = manifest.details.get("tests", {})
    lines = [
        f"sealock exec: {manifest.task or 'a task of the command line'}",
        "",
        f"Sealock-Run: {manifest.id}",
        f"Sealock-Action: {manifest.action}",
        f"Sealock-Agent: codex {manifest.codex.version}, {manifest.model}",
    ]
    if tested:
        lines.append(f"Sealock-Tests: {tested['verdict']}")
    return "\n".join(lines) + "\n"
