"""`agent` and `chamber` of sealock.yaml: what is left out, what is wrong and where."""

from __future__ import annotations

import pytest

from sealock.config.settings import load
from sealock.domain.agent_run import Limits, Price
from sealock.domain.mcp_server import McpServer, PinnedFile
from sealock.domain.settings import (
    AgentTask,
    Budget,
    Chamber,
    CodexChoice,
    PeriodBudget,
    TokenSource,
    UpstreamSettings,
)
from sealock.errors import ConfigurationError


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    problems = caught.value.problems or (caught.value,)
    return [f"{each.where}: {each.message} | {each.hint}" for each in problems]


def test_the_short_form_of_a_task_is_enough() -> None:
    text = "agent: {onboard: {model: gpt-5.5, effort: high, sandbox: read-only, budget: {usd: 0.5}}}"
    assert load(text).agent == {"onboard": AgentTask("gpt-5.5", "high", "read-only", Budget(0.5))}
    assert load(text).chamber == Chamber()


def test_a_task_says_what_it_may_do_and_for_how_long() -> None:
    text = """
agent:
  fix:
    model: gpt-5.5
    sandbox: workspace-write
    summary: concise
    deadline: 2h
    idle: 90s
    turns: 40
    toolCalls: 200
    paths: [overlays/**]
    protect: [tests/**]
    unprotect: [.github/workflows/check.yml]
    prompt: ./prompts/fix.md
    schema: schemas/fix.json
"""
    assert load(text).agent["fix"] == AgentTask(
        "gpt-5.5",
        sandbox="workspace-write",
        summary="concise",
        limits=Limits(7200, 90, 40, 200),
        paths=("overlays/**",),
        protect=("tests/**",),
        unprotect=(".github/workflows/check.yml",),
        prompt="prompts/fix.md",
        schema="schemas/fix.json",
    )


def test_a_task_may_have_servers_of_tools() -> None:
    digest = "0123456789abcdef" * 4
    text = f"""
agent:
  fix:
    model: gpt-5.5
    mcpServers:
      short: {{command: /opt/server, sha256: {digest}}}
      long:
        command: /usr/bin/python3
        sha256: {digest}
        args: [server.py, --fast]
        env: {{LEVEL: debug}}
        files: [{{path: tools/server.py, sha256: {digest}}}]
        enabledTools: [list, get]
        disabledTools: [delete]
        startup: 30s
        timeout: 2m
"""
    assert load(text).agent["fix"].mcp_servers == {
        "short": McpServer(PinnedFile("/opt/server", digest), (), {}, (), (), (), 10, 60),
        "long": McpServer(
            PinnedFile("/usr/bin/python3", digest),
            ("server.py", "--fast"),
            {"LEVEL": "debug"},
            (PinnedFile("tools/server.py", digest),),
            ("list", "get"),
            ("delete",),
            30,
            120,
        ),
    }


def test_what_holds_for_every_run_is_read() -> None:
    digest = "0123456789abcdef" * 4
    text = f"""
chamber:
  codex: {{path: /opt/codex/bin/codex, sha256: {digest}, version: 0.169.0, allowUntested: true}}
  upstream:
    url: https://gateway.example.com/v1/
    key: {{command: [pass, show, openai]}}
    headers: {{X-Team: platform}}
    timeout: 5m
  prices:
    gpt-5.5: {{input: 1.25, cachedInput: 0.125, output: 10}}
    local: {{input: 0, output: 0}}
  budgets: [{{per: day, usd: 5}}, {{per: month, tokens: 1000000, alertAt: [90, 50, 90]}}]
"""
    assert load(text).chamber == Chamber(
        CodexChoice("0.169.0", "/opt/codex/bin/codex", digest, allow_untested=True),
        UpstreamSettings(
            "https://gateway.example.com/v1",
            TokenSource(command=("pass", "show", "openai")),
            {"X-Team": "platform"},
            300,
        ),
        {"gpt-5.5": Price(1.25, 0.125, 10), "local": Price(0, 0, 0)},
        (PeriodBudget("day", 5), PeriodBudget("month", None, 1_000_000, (50, 90))),
    )


def test_a_key_of_null_sends_none() -> None:
    assert load("chamber: {upstream: {key: null}}").chamber.upstream.key is None
    assert load("chamber: {upstream: {}}").chamber.upstream.key == TokenSource(env="OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("agent: {a: {model: m, idle: 2d}}", "1:29: expected at most 24h, found 2d | "),
        ("agent: {a: {model: m, turns: 0}}", "1:30: expected a whole number from 1, found the number 0 | "),
        ("agent: {a: {model: m, paths: [../x]}}", "1:31: expected a path or glob inside the repository"),
        ("agent: {a: {model: m, sandbox: danger-full-access}}", "1:32: expected one of read-only, work"),
        ("chamber: {codex: {path: /c}}", "1:25: `sha256` is missing: a path does not say what stands there"),
        ("chamber: {codex: {version: latest}}", "1:28: expected a version of Codex such as 0.163.0, found"),
        ("chamber: {upstream: {key: {env: A, file: b}}}", "1:27: expected one of `env`, `file`, `command`"),
        ("chamber: {upstream: {url: http://a.example/v1}}", "1:27: expected an https URL such as"),
        ("chamber: {upstream: {headers: {Authorization: x}}}", "1:32: expected the name of an HTTP header"),
        ("chamber: {upstream: {timeout: 90m}}", "1:31: expected at most 1h, found 90m | "),
        (
            "chamber: {prices: {m: {input: -1, output: 1}}}",
            "1:31: expected a number from 0 to 1,000,000, found the number -1 | ",
        ),
        ("chamber: {budgets: [{per: day}]}", "1:21: `usd` or `tokens` is missing | Say the most"),
        ("chamber: {budgets: [{per: year, usd: 1}]}", "1:27: expected one of day, month, week, found"),
        ("chamber: {budgets: [{per: day, usd: 1, alertAt: [101]}]}", "1:50: expected a whole number from 1"),
    ],
)
def test_a_fault_names_its_place(text: str, fault: str) -> None:
    (found,) = faults(f"{text}\n")
    assert found.startswith(f"sealock.yaml:{fault}")


@pytest.mark.parametrize(
    ("name", "more", "fault"),
    [
        ("S", "", "5:7: expected the name of an MCP server (lower-case letters, digits and _, a letter"),
        ("s", "command: ..", "7:18: expected the path of a file (its name of letters, digits and . _ + @ -)"),
        ("s", "command: /s\n        startup: 2h", "8:18: expected at most 1h, found 2h | "),
        (
            "s",
            "command: /s\n        enabledTools: []",
            "8:23: expected a list that is not empty, found a list",
        ),
        (
            "s",
            "command: /s\n        enabledTools: [a]\n        disabledTools: [b, a]",
            "9:24: `a` is enabled too | Say one of them.",
        ),
        (
            "s",
            "command: /s\n        files: [{path: a/s, sha256: DIGEST}]",
            "6:9: two files of a server have the same name | They lie in one folder: rename one.",
        ),
    ],
)
def test_a_fault_of_a_server_names_its_place(name: str, more: str, fault: str) -> None:
    text = f"""\
agent:
  a:
    model: m
    mcpServers:
      {name}:
        sha256: DIGEST
        {more or "command: /s"}
"""
    (found,) = faults(text.replace("DIGEST", "0123456789abcdef" * 4))
    assert found.startswith(f"sealock.yaml:{fault}")
