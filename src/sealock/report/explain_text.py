"""The explanation of a run for people: the verdict, settings, what is there, what would leak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.agent_layers import DEFAULT
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.agent_layers import (
        Effective,
        EffectiveSetting,
        Explanation,
        HostInput,
        PartDifference,
    )
    from sealock.domain.mcp_server import ServerSeen

_WIDTH = 90
_PLACE = 200


def lines(explanation: Explanation) -> Iterator[str]:
    """Yield the lines of an explanation, without their ends."""
    yield from _verdict(explanation)
    yield from _section("Settings", _settings(explanation.settings))
    yield from _section("MCP servers", _servers(explanation.servers))
    yield from _section("Kept out by the seal", explanation.masked)
    yield from _section("Found on this machine", _inputs(explanation.inputs))
    yield from _section("With the article's flags", _leaks(explanation))


def _verdict(found: Explanation) -> Iterator[str]:
    yield (
        f"{found.verdict}: Codex {found.codex.version} in {found.backend}, {found.model},"
        f" effort {found.effort}, {found.sandbox}"
    )
    for reason in found.reasons:
        yield f"  because {printable(reason, _PLACE)}"
    yield f"fingerprint {found.fingerprint}"
    yield f"commit      {found.commit}"
    yield f"program     {found.codex.path} sha256:{found.codex.sha256}"
    if found.image:
        yield f"image       {found.image.name} {found.image.id}"
    if found.network:
        yield f"network     {', '.join(found.network)}: not hermetic, and not to be replayed"


def _section(title: str, content: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    shown = [f"  {each}" for each in content]
    yield from shown or ["  nothing"]


def _settings(settings: Iterable[EffectiveSetting]) -> Iterator[str]:
    for each in settings:
        yield f"{each.key} = {_value(each.sealed)}"
        if each.reason:
            yield f"  why: {each.reason}"
        if (each.without.layer, each.without.value) != (each.sealed.layer, each.sealed.value):
            yield f"  with the article's flags: {_value(each.without)}"


def _value(found: Effective) -> str:
    if found.layer == DEFAULT:
        return "(the program's default)"
    return f"{printable(found.value, _WIDTH)}  [{found.layer}: {printable(found.place, _PLACE)}]"


def _inputs(inputs: Iterable[HostInput]) -> Iterator[str]:
    for each in inputs:
        fate = f"{each.sealed}; with the article's flags {each.without}"
        yield f"{printable(each.place, _PLACE)} ({each.layer}): {fate}"
        yield f"  why: {printable(each.why, _PLACE)}"
        yield from (f"  {value.key} = {printable(value.value, _WIDTH)}" for value in each.values)


def _servers(servers: Iterable[ServerSeen]) -> Iterator[str]:
    for each in servers:
        place = printable(each.place, _PLACE)
        yield f"{printable(each.name, _WIDTH)}: {each.sealed}  [{each.layer}: {place}]"
        if each.program:
            yield f"  program: {printable(each.program, _PLACE)} sha256:{each.sha256}"
            yield f"  tools: {printable(', '.join(each.tools), _PLACE) or 'none'}"
        if each.missing:
            yield f"  enabled, and it has them not: {printable(', '.join(each.missing), _PLACE)}"


def _leaks(found: Explanation) -> Iterator[str]:
    if found.without_fault:
        yield f"not looked at: {printable(found.without_fault, _PLACE)}"
        return
    yield f"fingerprint {found.without_fingerprint}"
    for each in found.leaks:
        yield from _leak(each)


def _leak(found: PartDifference) -> Iterator[str]:
    yield f"{printable(found.part, _WIDTH)}: {found.where}"
    yield from (f"  {each}" for each in found.lines)
    if found.more:
        yield f"  and {found.more} more lines"
