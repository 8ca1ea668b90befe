"""What runs where: the matrix of services and environments, as Git says it."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from sealock.domain.hotfix_debt import HotfixDebt
from sealock.domain.promotion import Branch, GateResult, GateVerdict, ImagePin
from sealock.domain.promotion_branch import PREFIX

_SHORT_DIGEST = re.compile(r"[0-9a-f]{12}")

StandingWord = Literal["same", "ahead", "behind", "differs", "unknown"]


class OverlayPins(msgspec.Struct, frozen=True):
    """What counts for one overlay of its images; empty where nothing says anything of any.

    `files` are those that say it. `fault` says why it cannot be read.
    """

    path: str
    pins: tuple[ImagePin, ...]
    files: tuple[str, ...] = ()
    fault: str = ""


class Standing(msgspec.Struct, frozen=True):
    """A cell beside one that it comes from: `by` promotions, or None where that cannot be counted."""

    environment: str
    word: StandingWord
    by: int | None = None


class Arrival(msgspec.Struct, frozen=True):
    """Since when a cell has what it has, in seconds since 1970, and the commit that brought it.

    `how` is a promotion's action, or `by hand`. With `or_before` the search ended there: it may be older.
    """

    time: int
    commit: str = ""
    how: Literal["promote", "rollback", "hotfix", "by hand"] = "by hand"
    or_before: bool = False


class Soak(msgspec.Struct, frozen=True):
    """How long an environment has run a digest without a break, of what the gate asks, in seconds."""

    seconds: int
    of_seconds: int


class NextStep(msgspec.Struct, frozen=True):
    """What stands between a cell and an environment that comes after it.

    `verdict` counts the `asked` gates alone. `not_run` are the kinds of gates that only a promotion asks.
    """

    environment: str
    verdict: GateVerdict
    asked: tuple[GateResult, ...] = ()
    not_run: tuple[str, ...] = ()
    soak: Soak | None = None


class OpenPromotion(msgspec.Struct, frozen=True):
    """A promotion that waits on a branch of its own; `url` and `number` where a forge was asked.

    `service` is what the branch's name says in its place: that of a train is none that there is.
    """

    branch: str
    environment: str
    service: str
    url: str = ""
    number: int = 0


def open_promotion(branch: str, url: str = "", number: int = 0) -> OpenPromotion:
    """Return what the name of a promotion's branch says: `sealock/promote/staging/ledger-0123456789ab`."""
    environment, _, rest = branch.removeprefix(PREFIX).partition("/")
    service, dash, digest = rest.rpartition("-")
    named = dash and _SHORT_DIGEST.fullmatch(digest)
    return OpenPromotion(branch, environment, service if named else "", url, number)


class Cell(msgspec.Struct, frozen=True):
    """One service in one environment.

    `pins` are what all its overlays agree on; empty where they `differ`, or say nothing. `release` is the
    tag or version, empty where nobody says one. `next` are the environments after it that have something
    else, with what their gates say.
    """

    service: str
    environment: str
    overlays: tuple[OverlayPins, ...]
    pins: tuple[ImagePin, ...]
    differ: bool = False
    release: str = ""
    arrived: Arrival | None = None
    standings: tuple[Standing, ...] = ()
    next: tuple[NextStep, ...] = ()
    open: tuple[OpenPromotion, ...] = ()
    debts: tuple[HotfixDebt, ...] = ()


class EnvironmentState(msgspec.Struct, frozen=True):
    """One environment: what it comes after, and the freeze that holds now.

    `frozen_until` is RFC 3339 in UTC, or empty where the freeze has no end in sight.
    """

    name: str
    after: tuple[str, ...]
    frozen: bool = False
    frozen_until: str = ""


class StatusReport(msgspec.Struct, frozen=True):
    """All of it, at `commit` of `branch`, at the time `now` (seconds since 1970).

    `environments` are those shown, in promotion order. `gates_of` says whether there is a sealock.yaml.
    `trains` are open promotions that no single service can be told of. `why` says what of the history is
    missing; empty: nothing.
    """

    branch: Branch
    commit: str
    now: int
    environments: tuple[EnvironmentState, ...]
    cells: tuple[Cell, ...]
    gates_of: Literal["configured", "none configured"] = "configured"
    trains: tuple[OpenPromotion, ...] = ()
    why: str = ""
