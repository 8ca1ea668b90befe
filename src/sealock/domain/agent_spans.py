"""A run as spans of OpenTelemetry, named after the conventions for generative AI; plain values only.

Names: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/. No text of prompts, answers or
outputs is in them, as the conventions have it unless somebody asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.agent_events import CommandEnded, CommandStarted, Edited, ToolCalled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.agent_events import AgentEvent
    from sealock.domain.agent_run import RunManifest


class Span(msgspec.Struct, frozen=True):
    """One span: its name, begin and end in seconds since the run began, attributes; `error` if it failed."""

    name: str
    begin: float
    end: float
    attributes: dict[str, Any]
    error: str = ""


def spans(manifest: RunManifest, events: Iterable[AgentEvent]) -> Iterator[Span]:
    """Yield the span of the run, then those of its tools, which are its children."""
    yield _of_run(manifest)
    begun: dict[str, float] = {}
    for event in events:
        match event:
            case CommandStarted():
                begun[event.id] = event.at
            case CommandEnded():
                failed = "" if event.status == 0 else str(event.status)
                yield _of_tool("exec_command", event.id, begun.pop(event.id, event.at), event.at, failed)
            case Edited():
                yield _of_tool(
                    "apply_patch", event.id, event.at, event.at, "" if event.applied else "refused"
                )
            case ToolCalled():
                name = f"{event.server}.{event.tool}"
                yield _of_tool(name, event.id, event.at, event.at, "failed" if event.error else "")
            case _:
                pass


def _of_run(manifest: RunManifest) -> Span:
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "openai",
        "gen_ai.agent.name": "codex",
        "gen_ai.agent.version": manifest.codex.version,
        "gen_ai.request.model": manifest.model,
        "gen_ai.usage.input_tokens": manifest.usage.input,
        "gen_ai.usage.output_tokens": manifest.usage.output,
        "sealock.run.id": manifest.id,
        "sealock.run.action": manifest.action,
        "sealock.run.task": manifest.task,
        "sealock.run.outcome": manifest.outcome,
        "sealock.run.ended_by": manifest.exit.ended_by,
        "sealock.run.cost_usd": manifest.cost_usd,
    }
    failed = "" if manifest.outcome == "done" else manifest.outcome
    return Span("invoke_agent codex", 0.0, manifest.seconds, attributes, failed)


def _of_tool(name: str, call: str, begin: float, end: float, failed: str) -> Span:
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": call,
        **({"error.type": failed} if failed else {}),
    }
    return Span(f"execute_tool {name}", begin, end, attributes, failed)
