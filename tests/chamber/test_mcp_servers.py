"""MCP servers of a task: a real one in the chamber, with the real Codex and a scripted model."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.chamber import container_image
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import say, scripted, turn
from tests.chamber.sealed import git, until

if TYPE_CHECKING:
    from tests.chamber.cli import Ran
    from tests.chamber.scripted_model import ScriptedModel, Turn

    from sealock.domain.agent_run import CodexBinary

PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("tool_server.py")
SHELL = Path(__file__).with_name("shell_server.sh")

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
    pytest.mark.skipif(not os.path.exists(PYTHON), reason=f"the server needs {PYTHON}"),  # noqa: PTH110
]


def _sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _server(*args: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - keys of sealock.yaml
    files = [{"path": "tools/tool_server.py", "sha256": _sha256(SERVER)}]
    said = {"command": PYTHON, "sha256": _sha256(PYTHON), "args": ["tool_server.py", *args], "files": files}
    return said | {"startup": "20s"} | more


def _platform(folder: Path, codex: CodexBinary, model: ScriptedModel, **servers: dict[str, Any]) -> Path:
    """Make a repository whose task `fix` has these servers."""
    root = platform(folder, codex, model, {"tools/tool_server.py": SERVER.read_text()})
    _give(root, **servers)
    return root


def _give(root: Path, **servers: dict[str, Any]) -> None:
    settings = json.loads((root / "sealock.yaml").read_text())
    settings["agent"]["fix"]["mcpServers"] = servers
    settings["agent"].pop("review", None)
    (root / "sealock.yaml").write_text(json.dumps(settings, indent=2))
    git(root, "commit", "-qam", "servers")


def _call(codex: CodexBinary, tool: str, text: str = "", call: str = "m1") -> dict[str, Any]:
    """Return a call of a tool of the server `lab`, as this version names it."""
    space = "mcp__lab__" if codex.version == "0.130.0" else "mcp__lab"
    arguments = json.dumps({"text": text})
    return {
        "type": "function_call",
        "call_id": call,
        "name": tool,
        "namespace": space,
        "arguments": arguments,
    }


def _calls(codex: CodexBinary, *calls: tuple[str, str]) -> list[Turn]:
    """Return a script of one call after the other, and an answer."""
    asked = [turn(_call(codex, tool, text, f"m{at}")) for at, (tool, text) in enumerate(calls)]
    return [*asked, turn(say("All done."))]


def _exec(root: Path, *more: str) -> Ran:
    return sealock("exec", "--repo", root, "--task", "fix", *more, "Do it")


def _answers(model: ScriptedModel) -> list[str]:
    """Return what each call was answered, without the head that Codex puts before it."""
    found = []
    for each in model.requests[-1].outputs:
        text = each["output"] if isinstance(each["output"], str) else each["output"][-1]["text"]
        _, _, body = text.partition("\nOutput:\n")
        found.append(json.loads(body)[0]["text"] if body else text)
    return found


def _tools(model: ScriptedModel) -> list[str]:
    """Return the tools that the first request tells the model of the server `lab`."""
    spaces = [each for each in model.requests[0].json["tools"] if each.get("name", "").startswith("mcp__lab")]
    return [tool["name"] for each in spaces for tool in each["tools"]]


def test_the_model_calls_tools_of_a_pinned_server(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(_calls(codex, ("echo", "hello"), ("read", "tool_server.py"))) as model:
        root = _platform(tmp_path, codex, model, lab=_server())
        ran = _exec(root, "--format", "json")
        answers = _answers(model)
    assert ran.status == 0, ran.err
    assert answers == ["hello", SERVER.read_text()]
    said = json.loads(ran.out)
    assert said["run"]["details"]["mcpCalls"] == [
        {"server": "lab", "tool": "echo", "error": ""},
        {"server": "lab", "tool": "read", "error": ""},
    ]
    assert said["model"]["tool_calls"] == 2
    shown = sealock("runs", "show", "--repo", root, said["run"]["id"])
    assert "MCP calls 2\n  lab echo\n  lab read\n" in shown.out


def test_the_model_is_told_the_enabled_tools_and_gets_no_other(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(_calls(codex, ("write", "/tmp/x"), ("echo", "hello"))) as model:  # noqa: S108 - the sandbox's
        lab = _server(enabledTools=["echo", "read", "write"], disabledTools=["dial", "neighbours"])
        root = _platform(tmp_path, codex, model, lab=lab | {"enabledTools": ["echo", "read"]})
        ran = _exec(root)
        told, answers = _tools(model), _answers(model)
    assert ran.status == 0, ran.err
    assert told == ["echo", "read"]
    assert answers[0].startswith(("unsupported call", "Tool `mcp__lab__write` is not"))
    assert answers[1] == "hello"


def test_all_tools_are_told_at_once_where_none_is_named(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([turn(say("Nothing to do."))]) as model:
        ran = _exec(_platform(tmp_path, codex, model, lab=_server(disabledTools=["dial"])))
        told = _tools(model)
    assert ran.status == 0, ran.err
    assert told == ["echo", "neighbours", "read", "sleep", "variables", "write"]


@pytest.mark.parametrize("how", ["dead", "hang", "garbage"])
def test_a_server_that_does_not_start_ends_the_run_before_the_model_is_asked(
    codex: CodexBinary, tmp_path: Path, how: str
) -> None:
    with scripted([turn(say("Without it."))]) as model:
        ran = _exec(_platform(tmp_path, codex, model, lab=_server(how, startup="3s")))
        assert model.requests == []
    assert ran.status == 3, ran.err
    assert "failed: an MCP server did not start: lab: " in ran.err


def test_a_server_that_dies_in_a_call_is_on_record_and_the_run_goes_on(
    codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted(_calls(codex, ("echo", "hello"))) as model:
        ran = _exec(_platform(tmp_path, codex, model, lab=_server("dies")), "--format", "json")
        (answer,) = _answers(model)
    assert ran.status == 0, ran.err
    (call,) = json.loads(ran.out)["run"]["details"]["mcpCalls"]
    assert (call["server"], call["tool"]) == ("lab", "echo")
    assert "Transport closed" in call["error"]
    assert "Transport closed" in answer


def test_a_call_that_does_not_come_back_is_ended_by_its_deadline(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted(_calls(newest_codex, ("sleep", "60"))) as model:
        ran = _exec(_platform(tmp_path, newest_codex, model, lab=_server(timeout="2s")))
        (answer,) = _answers(model)
    assert ran.status == 0, ran.err
    assert "timed out" in answer


def test_a_server_reaches_nothing_but_what_it_was_given(codex: CodexBinary, tmp_path: Path) -> None:
    key = tmp_path / "key"
    asked = (
        ("read", str(key)),
        ("read", "/home/agent/.codex/auth.json"),
        ("read", "/workspace/tools/tool_server.py"),
        ("write", "/workspace/new.yaml"),
        ("write", "/opt/mcp/lab/tool_server.py"),
        ("dial", "127.0.0.1:8080"),
        ("dial", "192.0.2.1:443"),
        ("neighbours", "SEALOCK_MODEL_TOKEN"),
    )
    with scripted(_calls(codex, *asked)) as model:
        root = _platform(tmp_path, codex, model, lab=_server())
        ran = _exec(root)
        answers = _answers(model)
    assert ran.status == 0, ran.err
    assert key.exists()
    assert answers == [
        "refused: No such file or directory",
        "refused: No such file or directory",
        SERVER.read_text(),
        "refused: Read-only file system",
        "refused: Read-only file system",
        "refused: Connection refused",
        "refused: Network is unreachable",
        "[]",
    ]


def test_a_server_has_its_own_variables_and_none_of_ours(
    codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED", "a secret of this machine")
    with scripted(_calls(codex, ("variables", ""))) as model:
        ran = _exec(_platform(tmp_path, codex, model, lab=_server(env={"LEVEL": "debug"})))
        (answer,) = _answers(model)
    assert ran.status == 0, ran.err
    said = json.loads(answer)
    # Python and bubblewrap say these two themselves.
    assert {name: value for name, value in said.items() if name not in {"LC_CTYPE", "PWD"}} == {
        "HOME": "/tmp",  # noqa: S108 - the sandbox's
        "LANG": "C.UTF-8",
        "LEVEL": "debug",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": "UTC",
    }


def test_a_changed_program_is_refused_and_nothing_is_started(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted([turn(say("It ran."))]) as model:
        root = _platform(tmp_path, newest_codex, model, lab=_server())
        (root / "tools" / "tool_server.py").write_text("import os\n")
        ran = _exec(root)
        assert model.requests == []
    assert ran.status == 1
    assert "the file tools/tool_server.py of the MCP server lab has the SHA-256" in ran.err
    assert not (root / ".sealock" / "runs").exists()


def test_a_server_whose_program_is_not_there_is_a_fault_of_the_settings(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted([]) as model:
        ran = _exec(_platform(tmp_path, newest_codex, model, lab=_server(command="/nowhere/server")))
    assert ran.status == 2
    assert "the file /nowhere/server of the MCP server lab cannot be read: No such file" in ran.err


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"env": {"LEVEL": "ghp_" + "a1B2c3D4e5" * 4}}, "LEVEL"),
        ({"env": {"API_TOKEN": "0123456789abcdef0123456789abcdef"}}, "API_TOKEN"),
        ({"args": ["tool_server.py", "https://me:hunter22@example.com"]}, "an argument"),
    ],
)
def test_a_secret_has_no_place_in_what_is_said_of_a_server(
    newest_codex: CodexBinary, tmp_path: Path, more: dict[str, Any], what: str
) -> None:
    with scripted([turn(say("It ran."))]) as model:
        ran = _exec(_platform(tmp_path, newest_codex, model, lab=_server(**more)), "--dry-run")
    assert (ran.status, ran.out) == (2, "")
    assert f"{what} of the MCP server lab looks like a secret" in ran.err
    assert "hunter22" not in ran.err


def test_without_a_sandbox_no_server_is_started(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([turn(say("It ran."))]) as model:
        ran = _exec(_platform(tmp_path, newest_codex, model, lab=_server()), "--unsealed")
        assert model.requests == []
    assert ran.status == 2
    assert "without a sandbox around them no MCP servers are started" in ran.err


def test_calls_of_servers_count_against_the_limit(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(_calls(codex, ("echo", "one"), ("echo", "two"), ("echo", "three"))) as model:
        root = _platform(tmp_path, codex, model, lab=_server())
        settings = json.loads((root / "sealock.yaml").read_text())
        settings["agent"]["fix"]["toolCalls"] = 2
        (root / "sealock.yaml").write_text(json.dumps(settings))
        ran = _exec(root, "--format", "json")
    said = json.loads(ran.out)["run"]
    assert (ran.status, said["outcome"]) == (1, "refused")
    assert said["reason"] == "it has had all its tool calls"
    assert [each["tool"] for each in said["details"]["mcpCalls"]] == ["echo", "echo"]


def _run_id(ran: Ran) -> str:
    assert ran.status == 0, ran.err
    (found,) = [line.split()[1] for line in ran.err.splitlines() if line.startswith("  run ")]
    return found


def test_a_replay_asks_the_servers_again_and_finds_the_same(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(_calls(codex, ("echo", "hello"), ("read", "tool_server.py"))) as model:
        root = _platform(tmp_path, codex, model, lab=_server())
        run = _run_id(_exec(root))
    for level in ("transport", "tree"):
        again = sealock("replay", "--repo", root, "--level", level, run)
        assert again.status == 0, again.out + again.err
    (root / "tools" / "tool_server.py").write_text("import os\n")
    again = sealock("replay", "--repo", root, run)
    assert again.status in {1, 3}
    assert "of the MCP server lab has the SHA-256" in again.out + again.err


def test_a_server_that_answers_otherwise_is_a_mismatch_of_the_replay(
    codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted(_calls(codex, ("read", "/proc/uptime"))) as model:
        root = _platform(tmp_path, codex, model, lab=_server())
        run = _run_id(_exec(root))
    began = Path("/proc/uptime").read_text()
    assert until(lambda: Path("/proc/uptime").read_text() != began)
    again = sealock("replay", "--repo", root, "--level", "transport", run)
    assert again.status == 1, again.out + again.err
    assert "input[" in again.out + again.err


def test_the_lock_says_in_words_what_changed_of_a_server(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([]) as model:
        root = _platform(tmp_path, codex, model, lab=_server())
    assert sealock("lock", "--repo", root).status == 0
    assert sealock("lock", "--repo", root, "--check").out == ""
    locked = json.loads((root / "agent.lock").read_text())["tasks"]["fix"]
    assert locked["server-tools lab"] == "dial, echo, neighbours, read, sleep, variables, write"
    assert locked["server-program lab"] == f"python3 sha256:{_sha256(PYTHON)}"
    assert str(tmp_path) not in json.dumps(locked)

    (root / "newer").mkdir()
    newer = root / "newer" / "tool_server.py"
    newer.write_text(SERVER.read_text().replace('    "dial": _dial,\n', ""))
    files = [{"path": "newer/tool_server.py", "sha256": _sha256(newer)}]
    changed = _server(timeout="9s") | {"files": files}
    _give(root, lab=changed, more=_server(enabledTools=["echo"]))
    found = sealock("lock", "--repo", root, "--check")
    said = {
        line.partition(" from ")[0].partition(": ")[2].partition(": ")[0] for line in found.out.splitlines()
    }
    assert found.status == 1
    assert {
        "the MCP server lab changed",
        "the file of the MCP server lab/tool_server.py changed",
        "the tool list of the MCP server lab changed",
        "what the model is told of the tools of the MCP server lab changed",
        "the MCP server more is new",
        "the program of the MCP server more is new",
        "the tool list of the MCP server more is new",
        "the first request to the model changed",
    } <= said


def test_explain_shows_the_tasks_servers_and_those_that_are_kept_out(
    codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".codex").mkdir(parents=True)
    (home / ".codex" / "config.toml").write_text('[mcp_servers.mine]\ncommand = "/bin/true"\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    with scripted([]) as model:
        root = _platform(tmp_path, codex, model, lab=_server(enabledTools=["echo", "sing"]))
    (root / ".codex").mkdir()
    (root / ".codex" / "config.toml").write_text('[mcp_servers.ours]\ncommand = "/bin/true"\n')
    options = ("--repo", root, "--task", "fix", "--no-compare")
    found = sealock("explain", *options, "--format", "json")
    assert found.status == 0, found.out + found.err
    servers = {each["name"]: each for each in json.loads(found.out)["servers"]}
    assert {name: (each["layer"], each["sealed"]) for name, each in servers.items()} == {
        "lab": ("task", "started"),
        "mine": ("user", "kept out"),
        "ours": ("project", "kept out"),
    }
    assert (servers["lab"]["tools"], servers["lab"]["missing"]) == (["echo"], ["sing"])
    text = sealock("explain", *options).out
    assert "\n  lab: started  [task: sealock.yaml]\n" in text
    assert "\n    tools: echo\n    enabled, and it has them not: sing\n" in text
    assert f"\n  mine: kept out  [user: {home}/.codex/config.toml]\n" in text


def test_a_server_that_does_not_start_leaves_nothing_to_explain(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted([]) as model:
        root = _platform(tmp_path, newest_codex, model, lab=_server("dead"))
    found = sealock("explain", "--repo", root, "--task", "fix", "--no-compare")
    assert found.status == 3
    assert "an MCP server did not start: lab: " in found.err


def test_a_schema_is_sent_with_servers_on_and_the_answer_judged_by_it(
    codex: CodexBinary, tmp_path: Path
) -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"owner": {"type": "string"}},
        "required": ["owner"],
    }
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    script = [turn(_call(codex, "echo", "hello")), turn(say("No JSON.")), turn(say('{"owner": "team-shop"}'))]
    with scripted(script) as model:
        root = _platform(tmp_path, codex, model, lab=_server())
        ran = _exec(root, "--schema", str(tmp_path / "schema.json"))
        sent = [each.json["text"]["format"]["schema"] for each in model.requests]
    assert ran.status == 0, ran.err
    assert json.loads(ran.out) == {"owner": "team-shop"}
    assert sent == [schema] * 3


@pytest.mark.parametrize(
    ("backend", "network"), [("bwrap", []), ("container", []), ("container", ["pypi.org"])]
)
def test_a_server_is_sealed_by_every_backend(
    newest_codex: CodexBinary, tmp_path: Path, backend: str, network: list[str]
) -> None:
    if backend == "container" and (why := container_image.why_not()):
        pytest.skip(why)
    asked = (
        "pwd",
        "ls /run/sealock /home/agent /tmp",
        "cat /proc/*/environ 2>/dev/null | grep -c SEALOCK",
        "touch /opt/mcp/lab/x",
        "env | grep -ci proxy",
        "echo > /dev/tcp/127.0.0.1/8080",
        "echo > /dev/tcp/127.0.0.1/8081",
    )
    with scripted(_calls(newest_codex, *(("sh", each) for each in asked))) as model:
        root = platform(tmp_path, newest_codex, model)
        if network:
            settings = json.loads((root / "sealock.yaml").read_text())
            settings["agent"]["fix"]["network"] = {"allow": network}
            (root / "sealock.yaml").write_text(json.dumps(settings))
        shutil.copy(SHELL, root / "server.sh")
        git(root, "add", "server.sh")
        _give(root, lab={"command": "server.sh", "sha256": _sha256(SHELL)})
        ran = _exec(root, "--backend", backend)
        answers = _answers(model)
    assert ran.status == 0, ran.err
    assert answers[:5] == [
        "/opt/mcp/lab ",
        "/home/agent:  /run/sealock:  /tmp: ",
        "0 ",
        "touch: cannot touch '/opt/mcp/lab/x': Read-only file system ",
        "0 ",
    ]
    assert all("Connection refused" in each for each in answers[5:])


@pytest.mark.parametrize("model_name", ["gpt-5.6-sol", "o3"])
def test_models_that_are_told_tools_in_another_way_are_told_them_too(
    newest_codex: CodexBinary, tmp_path: Path, model_name: str
) -> None:
    with scripted([]) as model:
        root = _platform(tmp_path, newest_codex, model, lab=_server(enabledTools=["echo"]))
    text = (root / "sealock.yaml").read_text()
    (root / "sealock.yaml").write_text(text.replace("gpt-5.5", model_name))
    found = sealock("explain", "--repo", root, "--task", "fix", "--no-compare", "--format", "json")
    assert found.status == 0, found.out + found.err
    assert json.loads(found.out)["servers"][0]["tools"] == ["echo"]
