"""States of a Git repository, and what differs between two of them."""

from __future__ import annotations

from typing import Literal

import msgspec


class Revision(msgspec.Struct, frozen=True):
    """A commit, and the tree that it has for the repository's root; hexadecimal ids.

    The two belong together: where the root is a folder of the Git work tree, `tree` is that folder's.
    """

    commit: str
    tree: str


class PathChange(msgspec.Struct, frozen=True, order=True):
    """A file that differs; `path` is relative to the repository with `/`. A rename is both others."""

    path: str
    status: Literal["added", "removed", "changed"]
