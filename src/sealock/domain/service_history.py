"""The history of one service: what moved where, when, by whom and why; newest first."""

from __future__ import annotations

from typing import Literal

import msgspec

How = Literal["promote", "rollback", "hotfix", "by hand"]


class ImageChange(msgspec.Struct, frozen=True):
    """One image reference before and after; empty where there was, or is, none."""

    before: str
    after: str


class HistoryEntry(msgspec.Struct, frozen=True):
    """What one commit changed of a service in an environment; `time` in seconds since 1970.

    The lines `gates`, `evidence`, `approvers` and `overridden` are those of a promotion's message. What is
    `by hand` is no promotion: nothing says which gates it passed.
    """

    commit: str
    time: int
    author: str
    how: How
    environment: str
    images: tuple[ImageChange, ...]
    subject: str
    source: str = ""
    reason: str = ""
    gates: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    plan: str = ""


class ServiceHistory(msgspec.Struct, frozen=True):
    """The newest entries of a service. `more` says that there are older ones; `why` what cut them off."""

    service: str
    commit: str
    entries: tuple[HistoryEntry, ...]
    more: bool = False
    why: str = ""
