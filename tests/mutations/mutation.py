"""What a mutation is: one realistic fault, as an edit of a repository that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

ARGOCD = "https://argo-cd.readthedocs.io/en/stable"
ARGOCD_ISSUE = "https://github.com/argoproj/argo-cd/issues"
KUSTOMIZE = "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization"
KUSTOMIZE_ISSUE = "https://github.com/kubernetes-sigs/kustomize/issues"
KUBERNETES = "https://kubernetes.io/docs"

PLATFORM = "examples/platform"
KINDS = "tests/mutations/repository"

CONFIGURATION = "configuration"
"""In place of a rule: sealock.yaml or services.yaml is refused as a whole, with the place (exit code 2)."""


class Stale(Exception):
    """An edit that no longer fits the repository."""


class Swap(msgspec.Struct, frozen=True):
    """Replace a text that stands in the file exactly once."""

    path: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Edit the file. Raises Stale."""
        file = root / self.path
        text = file.read_text()
        if text.count(self.old) != 1:
            message = f"{self.path} has {self.old!r} {text.count(self.old)} times, and it should be once"
            raise Stale(message)
        file.write_text(text.replace(self.old, self.new))


class Append(msgspec.Struct, frozen=True):
    """Add text at a file's end."""

    path: str
    text: str

    def apply(self, root: Path) -> None:
        """Edit the file, which must be there."""
        file = root / self.path
        file.write_text(file.read_text() + self.text)


class Add(msgspec.Struct, frozen=True):
    """Add a file."""

    path: str
    text: str

    def apply(self, root: Path) -> None:
        """Write the file. Raises Stale when it is there."""
        file = root / self.path
        if file.exists():
            message = f"{self.path} is there already"
            raise Stale(message)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.text)


class Delete(msgspec.Struct, frozen=True):
    """Delete a file."""

    path: str

    def apply(self, root: Path) -> None:
        """Delete the file, which must be there."""
        (root / self.path).unlink()


Edit = Swap | Append | Add | Delete


class Mutation(msgspec.Struct, frozen=True):
    """One fault, where it is known from, and the rule that must report it.

    `at` are files where the finding may point: the place of the cause; the edited files when empty.
    `steps` are committed one by one before the fault, the last with the message `said` if any. With
    `since` the fault is looked for with
    `--since HEAD`, because only the change is wrong. `gap` says why nothing catches it yet.
    """

    id: str
    topic: str
    what: str
    source: str
    rule: str
    edits: tuple[Edit, ...]
    repository: str = PLATFORM
    at: tuple[str, ...] = ()
    since: bool = False
    steps: tuple[tuple[Edit, ...], ...] = ()
    gap: str = ""
    said: str = ""

    @property
    def files(self) -> frozenset[str]:
        """Return the files in which a finding counts."""
        return frozenset(self.at or (edit.path for edit in self.edits))
