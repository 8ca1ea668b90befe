"""Records of the agent's runs, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.domain.mcp_server import McpCall
from sealock.domain.printable import printable
from sealock.report.agent_run import network_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.agent_run import Exchange, RunManifest

LIST_SCHEMA = "sealock.dev/agent-runs/v1"
SHOW_SCHEMA = "sealock.dev/agent-run-record/v1"

_MOST = 2000
_MOST_REASON = 80


def list_lines(found: Sequence[tuple[RunManifest, bool]], every: int) -> Iterator[str]:
    """Yield a line for each record, with whether it is still being made; `every` counts them all."""
    for manifest, running in found:
        outcome = "running" if running else manifest.outcome
        reason = f"  {printable(manifest.reason, _MOST_REASON)}" if manifest.reason else ""
        task = printable(manifest.task or "(no task)", 20)
        yield (
            f"{manifest.id}  {outcome:<10}  {task:<20}  {manifest.model:<12}  "
            f"{manifest.cost_usd:>8.4f} USD  {manifest.seconds:>6.1f} s{reason}"
        ).rstrip()
    if not found:
        yield "there are no records"
    if every > len(found):
        yield f"{every - len(found)} more: use --limit"


def list_json(found: Sequence[tuple[RunManifest, bool]], every: int) -> bytes:
    """Return manifests as JSON."""
    runs = [{**msgspec.to_builtins(manifest), "running": running} for manifest, running in found]
    return _json({"schema": LIST_SCHEMA, "runs": runs, "total": every})


def show_lines(manifest: RunManifest, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield one record: what decided it, what came of it, every request."""
    sealed = f"sealed by {manifest.backend}" if manifest.sealed else "not sealed"
    reason = f": {printable(manifest.reason, _MOST)}" if manifest.reason else ""
    yield f"run {manifest.id}, {sealed}"
    yield f"{manifest.outcome}{reason}"
    yield f"task      {printable(manifest.task or '(none)')}"
    yield f"model     {printable(manifest.model)}, effort {manifest.effort}"
    yield f"codex     {manifest.codex.version}, SHA-256 {manifest.codex.sha256}"
    if manifest.image:
        yield f"image     {printable(manifest.image.name)} {manifest.image.id}"
    yield f"action    {manifest.action}"
    yield f"base      commit {manifest.base_commit}, tree {manifest.base_tree}"
    yield f"prompt    SHA-256 {manifest.prompt_sha256}"
    yield f"began     {manifest.started:%Y-%m-%d %H:%M:%S} UTC, took {manifest.seconds:.1f} s"
    usage = manifest.usage
    yield (
        f"spent     {usage.input} tokens in ({usage.cached_input} cached), {usage.output} out "
        f"({usage.reasoning} reasoning), {manifest.cost_usd:.4f} USD"
    )
    if manifest.result:
        yield f"tree      {manifest.result.tree}"
        yield from (f"  {each.mode or 'gone':<6} {printable(each.path)}" for each in manifest.result.changed)
        yield from (
            f"  refused {printable(each.path)}: {printable(each.reason)}" for each in manifest.result.refused
        )
    yield from _calls(manifest.details.get("mcpCalls"))
    yield from network_lines(manifest.details)
    yield f"requests  {len(exchanges)}"
    yield from map(_exchange, exchanges)
    if manifest.final_message:
        yield "answer"
        yield from (f"  {printable(line, _MOST)}" for line in manifest.final_message.splitlines())


def _calls(found: object) -> Iterator[str]:
    """Yield what MCP servers were asked; nothing where none was."""
    calls = msgspec.convert(found or [], list[McpCall])
    if calls:
        yield f"MCP calls {len(calls)}"
    for each in calls:
        error = f": {printable(each.error, _MOST_REASON)}" if each.error else ""
        yield f"  {printable(each.server)} {printable(each.tool)}{error}"


def _exchange(each: Exchange) -> str:
    usage = each.usage
    return (
        f"  {each.lane}/{each.index}  {each.status}  {usage.input:>7} in  {usage.output:>6} out  "
        f"{each.cost_usd:.4f} USD  {each.seconds:>6.2f} s  {each.request_hash[7:19]}"
    )


def show_json(manifest: RunManifest, exchanges: Sequence[Exchange]) -> bytes:
    """Return one record as JSON."""
    found = {"run": msgspec.to_builtins(manifest), "exchanges": msgspec.to_builtins(exchanges)}
    return _json({"schema": SHOW_SCHEMA, **found})


def _json(body: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
