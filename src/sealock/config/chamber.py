"""`agent` and `chamber` in `sealock.yaml` → AgentTask, Chamber."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from sealock.config.decode import items_of, pair_of, value_of
from sealock.config.promotion import token
from sealock.config.settings_types import (
    AgentSection,
    BudgetSection,
    ChamberSection,
    CodexSection,
    McpServerSection,
    NetworkSection,
    PeriodBudgetSection,
    PriceSection,
    UpstreamSection,
)
from sealock.config.vocabulary import plain_path
from sealock.domain import egress
from sealock.domain.agent_run import Limits, Price
from sealock.domain.mcp_server import McpServer, PinnedFile
from sealock.domain.settings import (
    AgentTask,
    Budget,
    Chamber,
    CodexChoice,
    PeriodBudget,
    UpstreamSettings,
)

if TYPE_CHECKING:
    from sealock.config.decode import Problems
    from sealock.domain.yaml_document import Node

_HOUR = 3600
_DAY = 86_400
_SECONDS = {"s": 1, "m": 60, "h": _HOUR, "d": _DAY}


def _seconds(text: str, node: Node | None, key: str, most: int, problems: Problems) -> int:
    """Return a duration in seconds, 0 for none; one above `most` is a fault at the key."""
    if not text:
        return 0
    found = int(text[:-1]) * _SECONDS[text[-1]]
    if found > most and node is not None:
        problems.add(value_of(node, key), f"expected at most {most // _HOUR}h, found {text}")
    return found


def task(entry: AgentSection, node: Node | None, problems: Problems) -> AgentTask:
    """Return how the agent runs one task; `node` is its mapping."""
    budget = entry.budget or BudgetSection()
    default = Limits()
    wall = _seconds(entry.deadline or "", node, "deadline", _DAY, problems)
    idle = _seconds(entry.idle or "", node, "idle", _DAY, problems)
    return AgentTask(
        entry.model,
        entry.effort,
        entry.sandbox,
        Budget(budget.usd or None, budget.tokens or None),
        entry.summary,
        Limits(
            wall or default.wall_seconds,
            idle or default.idle_seconds,
            entry.turns or 0,
            entry.tool_calls or 0,
        ),
        paths=tuple(map(plain_path, entry.paths)),
        protect=tuple(map(plain_path, entry.protect)),
        unprotect=tuple(map(plain_path, entry.unprotect)),
        prompt=plain_path(entry.prompt or ""),
        schema=plain_path(entry.schema or ""),
        mcp_servers={
            name: _server(each, value_of(value_of(node, "mcpServers"), name) if node else None, problems)
            for name, each in entry.mcp_servers.items()
        },
        network=_network(entry.network or None, node, problems),
    )


def _network(section: NetworkSection | None, node: Node | None, problems: Problems) -> tuple[str, ...]:
    """Return the hosts and ports that are allowed, each once and in order."""
    if section is None:
        return ()
    nodes = items_of(node, ("network", "allow"), len(section.allow))
    found = []
    for at, each in enumerate(section.allow):
        try:
            found.append(str(egress.entry(each)))
        except ValueError as wrong:
            if node is not None:
                problems.add(nodes[at] if nodes else node, f"`{each}`: {wrong}")
    return tuple(sorted(set(found)))


def _server(entry: McpServerSection, node: Node | None, problems: Problems) -> McpServer:
    default = McpServer(PinnedFile(entry.command, entry.sha256))
    files = tuple(PinnedFile(each.path, each.sha256) for each in entry.files)
    names = [each.name for each in (default.program, *files)]
    if node is not None and len(names) != len(set(names)):
        problems.add(node, "two files of a server have the same name", "They lie in one folder: rename one.")
    both = sorted(set(entry.enabled_tools or ()) & set(entry.disabled_tools))
    if node is not None and both:
        problems.add(value_of(node, "disabledTools"), f"`{both[0]}` is enabled too", "Say one of them.")
    startup = _seconds(entry.startup or "", node, "startup", _HOUR, problems)
    call = _seconds(entry.timeout or "", node, "timeout", _HOUR, problems)
    return McpServer(
        default.program,
        tuple(entry.args),
        entry.env,
        files,
        tuple(entry.enabled_tools or ()),
        tuple(entry.disabled_tools),
        startup or default.startup_seconds,
        call or default.call_seconds,
    )


def chamber(section: ChamberSection, root: Node | None, problems: Problems) -> Chamber:
    """Return what holds for every run; `root` is the node of the whole file."""
    pair = pair_of(root, "chamber")
    node = pair.value if pair else None
    return Chamber(
        codex=_codex(section.codex or CodexSection(), node, problems),
        upstream=_upstream(section.upstream or UpstreamSection(), node, problems),
        prices={model: _price(entry) for model, entry in section.prices.items()},
        budgets=_budgets(section.budgets, node, problems),
    )


def _codex(section: CodexSection, root: Node | None, problems: Problems) -> CodexChoice:
    pair = pair_of(root, "codex")
    if pair and section.path and not pair_of(pair.value, "sha256"):
        message = "`sha256` is missing: a path does not say what stands there"
        problems.add(value_of(pair.value, "path"), message, "Print it: sha256sum FILE.")
    return CodexChoice(
        section.version or "", section.path or "", section.sha256 or "", section.allow_untested
    )


def _upstream(section: UpstreamSection, root: Node | None, problems: Problems) -> UpstreamSettings:
    pair = pair_of(root, "upstream")
    default = UpstreamSettings()
    key = default.key
    if section.key is None:
        key = None
    elif section.key is not UNSET and pair:
        key = token(section.key, value_of(pair.value, "key"), problems)
    silence = _seconds(section.timeout or "", pair.value if pair else None, "timeout", _HOUR, problems)
    return UpstreamSettings(
        (section.url or default.url).rstrip("/"),
        key,
        section.headers,
        silence or default.timeout_seconds,
        section.ca_file or "",
    )


def _price(entry: PriceSection) -> Price:
    cached = entry.input if entry.cached_input is UNSET else entry.cached_input
    return Price(entry.input, cached, entry.output)


def _budgets(
    sections: list[PeriodBudgetSection], root: Node | None, problems: Problems
) -> tuple[PeriodBudget, ...]:
    for node in items_of(root, ("budgets",), len(sections)):
        if not pair_of(node, "usd") and not pair_of(node, "tokens"):
            problems.add(node, "`usd` or `tokens` is missing", "Say the most that may be spent.")
    return tuple(
        PeriodBudget(each.per, each.usd or None, each.tokens or None, tuple(sorted(set(each.alert_at))))
        for each in sections
    )
