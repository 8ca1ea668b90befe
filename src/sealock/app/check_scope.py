"""Which overlays a check is about: all, or those that read something that changed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.manifest_folder import is_folder, path_of
from sealock.domain.overlays import KUSTOMIZATION_NAMES, read_kustomization
from sealock.domain.printable import printable
from sealock.errors import SealockError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sealock.domain.rendered import Rendered


class Scope(msgspec.Struct, frozen=True, dict=True):
    """`everything`; or the `changed` files, and the `overlays` that were named themselves."""

    everything: bool = True
    changed: frozenset[str] = frozenset()
    overlays: frozenset[str] = frozenset()

    def touches(self, rendered: Rendered) -> bool:
        """Say whether a render looked at anything that changed."""
        if self.everything or rendered.overlay in self.overlays:
            return True
        if self.changed and rendered.failure is not None and not rendered.trace:
            return True  # it broke before it could say what it reads
        if is_folder(rendered.overlay):
            inside = f"{path_of(rendered.overlay)}/"
            if any(path.startswith(inside) or inside == "./" for path in self.changed):
                return True
        changed, folders = self.changed, self._folders
        for entry in rendered.trace:
            if entry.path in changed:
                return True
            if entry.kind == "directory" and entry.digest and entry.path in folders:
                return True
        return False

    @cached_property
    def _folders(self) -> frozenset[str]:
        """The folders that hold what changed."""
        return frozenset(path.rpartition("/")[0] or "." for path in self.changed)


def named(paths: Sequence[str], files: Sequence[str], read_text: Callable[[str], str]) -> Scope:
    """Return the scope of paths that a user named: overlays, or files and folders that overlays read.

    Raises UsageError for a path that is not there.
    """
    overlays: set[str] = set()
    changed: set[str] = set()
    known = set(files)
    for path in paths:
        if path == ".":
            return Scope()
        if _is_overlay(path, known, read_text):
            overlays.add(path)
            continue
        below = {file for file in files if file.startswith(f"{path}/")}
        if path not in known and not below:
            message = f"there is no file or folder {printable(path)!r} in this repository"
            raise UsageError(message, hint="Paths are relative to the current folder, or to --repo if given.")
        changed |= below or {path}
    return Scope(everything=False, changed=frozenset(changed), overlays=frozenset(overlays))


def since(changed: Collection[str]) -> Scope:
    """Return the scope of files that changed; the settings concern everything."""
    return Scope(everything="sealock.yaml" in changed, changed=frozenset(changed))


def _is_overlay(path: str, known: Collection[str], read_text: Callable[[str], str]) -> bool:
    """Say whether a folder is an overlay whatever the rest of the repository holds: `…/overlays/NAME`."""
    if path.rpartition("/")[0].rpartition("/")[2] not in {"overlays", "overlay"}:
        return False
    for name in KUSTOMIZATION_NAMES:
        file = f"{path}/{name}"
        if file in known:
            try:
                kind, _ = read_kustomization(read_text(file), file)
            except (FileNotFoundError, SealockError):
                return True
            return kind != "Component"
    return False
