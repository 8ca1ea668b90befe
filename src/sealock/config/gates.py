"""The gates of an environment in `sealock.yaml` → Gate values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from sealock.config.decode import items_of, pair_of, value_of
from sealock.config.vocabulary import plain_path
from sealock.domain.settings import (
    HEALTH_MAX_AGE_SECONDS,
    PROGRAM_TIMEOUT_SECONDS,
    SIGNERS,
    SMOKE_TIMEOUT_SECONDS,
    Freeze,
    Gate,
)
from sealock.domain.yaml_document import Mapping, Node, Sequence, resolved

if TYPE_CHECKING:
    from collections.abc import Sequence as Entries

    from sealock.config.decode import Problems
    from sealock.config.settings_types import (
        ApprovalsSection,
        FreezeSection,
        GateSection,
        HealthySection,
        ProgramSection,
        SmokeSection,
    )

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TIMEOUT_MOST = 86_400
_FREEZE_MOST = 366 * 86_400


def gates(
    entries: Entries[GateSection | str],
    node: Node | None,
    key: str,
    problems: Problems,
    *,
    nothing_before: str,
) -> tuple[Gate, ...]:
    """Return the gates of the list under `key` of an environment's `node`.

    `nothing_before` says why there is no environment to be healthy before these gates, or is empty.
    """
    pair = pair_of(node, key)
    listed = resolved(pair.value) if pair else None
    for each in listed.items if isinstance(listed, Sequence) else ():
        keys = resolved(each)
        if isinstance(keys, Mapping) and len(keys.pairs) != 1:
            problems.add(
                each, f"expected one gate, found {len(keys.pairs)} keys", "Give each gate its own `- `."
            )
    places = items_of(node, (key,), len(entries))
    found = [_gate(entry, place, problems) for entry, place in zip(entries, places, strict=False)]
    for gate, place in zip(found, places, strict=False):
        if nothing_before and gate is not None and gate.kind in {"healthy", "soak"}:
            problems.add(place, f"nothing can be `{gate.kind}` here: {nothing_before}", "Remove this gate.")
    return _with_ages([each for each in found if each is not None])


def _with_ages(found: list[Gate]) -> tuple[Gate, ...]:
    """Let a soak take how old its evidence may be from the `healthy` beside it."""
    age = next((each.max_age_seconds for each in found if each.kind == "healthy"), HEALTH_MAX_AGE_SECONDS)
    return tuple(
        msgspec.structs.replace(each, max_age_seconds=age) if each.kind == "soak" else each for each in found
    )


def _gate(section: GateSection | str, node: Node, problems: Problems) -> Gate | None:
    if isinstance(section, str):
        return Gate("healthy")
    if section.freeze:
        return _freeze(section.freeze, value_of(node, "freeze"), problems)
    if section.approvals:
        return _approvals(section.approvals, node, problems)
    return _of_programs(section, node, problems) or _of_images(section)


def _of_images(section: GateSection) -> Gate | None:
    if section.healthy is not UNSET:
        return _healthy(section.healthy)
    if section.soak:
        return Gate("soak", soak_seconds=_seconds(section.soak))
    return Gate("signed", key=plain_path(section.signed.key)) if section.signed else None


def _of_programs(section: GateSection, node: Node, problems: Problems) -> Gate | None:
    if section.smoke:
        return _smoke(section.smoke, node, problems)
    return _program(section.program, node, problems) if section.program else None


def _seconds(text: str) -> int:
    return int(text[:-1]) * _SECONDS[text[-1]]


def _limited(
    text: str | UnsetType, default: int, most: int, where: tuple[Node, str], problems: Problems
) -> int:
    """Return a duration in seconds; one above `most` is a fault at the key `where`."""
    seconds = default if isinstance(text, UnsetType) else _seconds(text)
    if seconds > most:
        problems.add(value_of(*where), f"expected at most {most // 86_400}d, found {text}")
    return seconds


def _healthy(section: HealthySection) -> Gate:
    return Gate("healthy", _seconds(section.max_age) if section.max_age else HEALTH_MAX_AGE_SECONDS)


def _smoke(section: SmokeSection | str, node: Node, problems: Problems) -> Gate:
    if isinstance(section, str):
        return Gate("smoke", path=plain_path(section), timeout_seconds=SMOKE_TIMEOUT_SECONDS)
    where = (value_of(node, "smoke"), "timeout")
    timeout = _limited(section.timeout, SMOKE_TIMEOUT_SECONDS, _TIMEOUT_MOST, where, problems)
    return Gate("smoke", path=plain_path(section.run), timeout_seconds=timeout)


def _program(section: ProgramSection, node: Node, problems: Problems) -> Gate:
    where = (value_of(node, "program"), "timeout")
    timeout = _limited(section.timeout, PROGRAM_TIMEOUT_SECONDS, _TIMEOUT_MOST, where, problems)
    return Gate("program", path=plain_path(section.run), timeout_seconds=timeout)


def _approvals(section: ApprovalsSection | int, node: Node, problems: Problems) -> Gate:
    if isinstance(section, int):
        return Gate("approvals", approvals=section)
    inner = value_of(node, "approvals")
    people = tuple(section.from_ or ())
    if len({each.casefold() for each in people}) < len(people):
        problems.add(value_of(inner, "from"), "somebody stands here twice", "Name each person once.")
    if people and section.count > len(people):
        message = f"{section.count} approvals of {len(people)} people can never be had"
        problems.add(value_of(inner, "count"), message, "Lower `count`, or name more people in `from`.")
    key = pair_of(inner, "signers")
    if section.by == "forge" and key is not None:
        problems.add(key.key, "`signers` has no effect with `by: forge`", "Remove one of the two.")
    signers = plain_path(section.signers) if section.signers else SIGNERS
    return Gate("approvals", approvals=section.count, from_=people, by=section.by, signers=signers)


def _freeze(section: FreezeSection, node: Node, problems: Problems) -> Gate | None:
    # As they are written: a wrong value is a fault already, and not also a missing key.
    given = [key for key in ("from", "to", "cron", "for") if pair_of(node, key)]
    if given not in (["from", "to"], ["cron", "for"]):
        hint = 'Such as {from: "Fri 16:00", to: "Mon 08:00"} or {cron: "0 16 * * FRI", for: 64h}.'
        message = "expected `from` and `to`, or `cron` and `for`"
        problems.add(node, f"{message}, found {', '.join(f'`{each}`' for each in given) or 'neither'}", hint)
        return None
    if any(each is UNSET for each in _values(section, given)):
        return None
    before = len(problems.found)
    seconds = _limited(section.for_, 0, _FREEZE_MOST, (node, "for"), problems)
    freeze = Freeze(section.from_ or "", section.to or "", section.zone, section.cron or "", seconds)
    if len(problems.found) > before:
        return None
    from sealock.domain import freeze_window  # noqa: PLC0415 - needs time zones, which few files do

    wrong = freeze_window.fault(freeze)
    if wrong is not None:
        problems.add(value_of(node, wrong.key), wrong.message, wrong.hint)
        return None
    return Gate("freeze", freeze=freeze)


def _values(section: FreezeSection, keys: list[str]) -> tuple[str | UnsetType, ...]:
    return (section.from_, section.to) if "from" in keys else (section.cron, section.for_)
