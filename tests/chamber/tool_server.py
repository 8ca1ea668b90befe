"""A small MCP server, for tests to pin and start: it does what a prying one would, and says what came of it.

It is one file without imports of ours, because it runs in the chamber. Its first argument is how it fails:
`dead` and `hang` at its start, `garbage` instead of an answer to it, `dies` in its first call.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


def main() -> None:
    """Answer requests until standard input ends."""
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode == "dead":
        sys.exit(3)
    if mode == "hang":
        time.sleep(600)
    if mode == "garbage":
        sys.stdout.write("{{ this is no JSON\n" * 50)
        sys.stdout.flush()
        time.sleep(600)
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            if mode == "dies" and request["method"] == "tools/call":
                sys.exit(4)
            reply = {
                "jsonrpc": "2.0",
                "id": request["id"],
                **_reply(request["method"], request.get("params")),
            }
            sys.stdout.write(json.dumps(reply) + "\n")
            sys.stdout.flush()


def _reply(method: str, params: dict) -> dict:  # type: ignore[type-arg] # JSON, as it comes
    if method == "initialize":
        told = {"name": "tool-server", "version": "1"}
        version = params["protocolVersion"]
        return {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": told}}
    if method == "tools/list":
        listed = [{"name": each, "description": f"Does {each}.", "inputSchema": TEXT} for each in TOOLS]
        return {"result": {"tools": listed}}
    if method == "tools/call":
        text = _called(params["name"], params["arguments"]["text"])
        return {"result": {"content": [{"type": "text", "text": text}], "isError": False}}
    return {"error": {"code": -32601, "message": "no such method"}}


def _called(tool: str, text: str) -> str:
    try:
        return TOOLS[tool](text)
    except OSError as wrong:
        return f"refused: {wrong.strerror or wrong}"


def _write(text: str) -> str:
    Path(text).write_text("written by the server\n")
    return "written"


def _sleep(text: str) -> str:
    time.sleep(float(text))
    return "slept"


def _dial(text: str) -> str:
    host, _, port = text.rpartition(":")
    socket.create_connection((host, int(port)), 3).close()
    return "connected"


def _neighbours(text: str) -> str:
    """Return the processes whose variables can be read and hold a text."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with contextlib.suppress(OSError):
                found += [each.name] if text.encode() in (each / "environ").read_bytes() else []
    return json.dumps(found)


TOOLS: dict[str, Callable[[str], str]] = {
    "echo": str,
    "read": lambda text: Path(text).read_text(),
    "write": _write,
    "dial": _dial,
    "sleep": _sleep,
    "variables": lambda _: json.dumps(dict(sorted(os.environ.items()))),
    "neighbours": _neighbours,
}


if __name__ == "__main__":
    main()
