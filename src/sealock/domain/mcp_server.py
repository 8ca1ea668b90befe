"""MCP servers of a task: what is pinned of them, what they offer, and why one did not start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of Codex, to standard error, before it ends: all versions say it so.
_NOT_STARTED = "required MCP servers failed to initialize: "
_END = " (code "


class PinnedFile(msgspec.Struct, frozen=True):
    """A file by path, absolute or relative to the repository's root, and the SHA-256 of its bytes (hex)."""

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """What it is called in the server's folder."""
        return self.path.rpartition("/")[2]


class McpServer(msgspec.Struct, frozen=True):
    """A server that speaks over its standard input and output; Codex starts it and its model calls its tools.

    `env` is added to what every server has, and nothing is inherited. No `enabled_tools` enables all;
    `startup_seconds` and `call_seconds` are deadlines of its start and of each call.
    """

    program: PinnedFile
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    files: tuple[PinnedFile, ...] = ()
    enabled_tools: tuple[str, ...] = ()
    disabled_tools: tuple[str, ...] = ()
    startup_seconds: int = 10
    call_seconds: int = 60


class McpTools(msgspec.Struct, frozen=True):
    """What a model is told of one server's tools: their names, and their definitions as Codex sends them."""

    names: tuple[str, ...] = ()
    definitions: Any = None


class McpCall(msgspec.Struct, frozen=True):
    """One call that a server was asked; `error` is empty when it did as asked."""

    server: str
    tool: str
    error: str = ""


class ServerSeen(msgspec.Struct, frozen=True):
    """A server that some layer names: where, and whether it is started. Of a task's own, tools and program.

    `place` is a file; `program` and `sha256` are empty for servers that are kept out. `missing` are tools
    that the task enables and the server does not have.
    """

    name: str
    layer: str
    place: str
    sealed: Literal["started", "kept out", "read"]
    tools: tuple[str, ...] = ()
    program: str = ""
    sha256: str = ""
    missing: tuple[str, ...] = ()


def tools_told(request: Any, server: str) -> McpTools:  # noqa: ANN401 - any JSON
    """Return what a request to a model says of a server's tools; nothing where it does not name it."""
    # Older versions end the name of a server's namespace with two more underscores.
    spaces = {f"mcp__{server}", f"mcp__{server}__"}
    for each in _tables(request):
        if each.get("type") == "namespace" and each.get("name") in spaces:
            tools = each.get("tools")
            listed = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
            return McpTools(tuple(sorted(str(tool.get("name", "")) for tool in listed)), each)
    return McpTools()


def not_started(stderr: str) -> str:
    """Return why servers did not start, as Codex says it with the name of each; empty where it does not."""
    _, found, rest = stderr.rpartition(_NOT_STARTED)
    return rest.partition("\n")[0].partition(_END)[0].strip() if found else ""


def _tables(found: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON
    if isinstance(found, dict):
        yield found
        for each in found.values():
            yield from _tables(each)
    elif isinstance(found, list):
        for each in found:
            yield from _tables(each)
