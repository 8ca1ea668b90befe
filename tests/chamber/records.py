"""Manifests and records for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.chamber.recording import Answered
from sealock.domain.agent_run import AgentExit, CodexBinary, RunManifest, Usage

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 21, 12, 0, 0, 123_000, UTC)

_MANIFEST = RunManifest(
    id="20261121T120000123Z-0a1b2c",
    task="onboard",
    action="sha256:" + "0" * 64,
    codex=CodexBinary("/opt/codex", "0.169.0", "1" * 64, "tests"),
    model="gpt-5.5",
    effort="medium",
    backend="none",
    sealed=False,
    base_commit="2" * 40,
    base_tree="3" * 40,
    prompt_sha256="4" * 64,
    started=NOON,
    seconds=1.5,
    outcome="done",
    reason="",
    exit=AgentExit(0),
    usage=Usage(),
    cost_usd=0.0,
    result=None,
    final_message="",
    normalisation=1,
)


def manifest(**more: Any) -> RunManifest:  # noqa: ANN401 - the fields of a manifest
    """Return a manifest with everything in it."""
    return msgspec.structs.replace(_MANIFEST, **more)


def answered(request: Any, response: bytes = b"", **more: Any) -> Answered:  # noqa: ANN401 - any JSON
    """Return an exchange with this request; the answer is a stream unless `headers` say otherwise."""
    fields: dict[str, Any] = {
        "lane": "main",
        "index": 0,
        "request": msgspec.json.encode(request),
        "response": response,
        "status": 200,
        "headers": {"content-type": "text/event-stream"},
        "usage": Usage(10, 0, 2, 0),
        "cost_usd": 0.25,
        "started": NOON,
        "seconds": 0.5,
        **more,
    }
    return Answered(**fields)


def delta(text: str, item: str = "msg_1") -> bytes:
    """Return an event with a piece of an answer."""
    value = {"type": "response.output_text.delta", "item_id": item, "output_index": 0, "delta": text}
    return b"event: response.output_text.delta\ndata: %b\n\n" % msgspec.json.encode(value)


def every_byte(folder: Path) -> bytes:
    """Return all that a record holds, names and contents, blobs unpacked."""
    import zstandard  # noqa: PLC0415 - only here

    held = b""
    for path in sorted(folder.rglob("*")):
        held += path.name.encode() + b"\n"
        if path.is_file():
            content = path.read_bytes()
            held += content
            if path.suffix == ".zst":
                held += zstandard.ZstdDecompressor().decompress(content)
    return held
