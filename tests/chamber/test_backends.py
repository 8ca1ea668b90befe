"""The agent in its sandbox: what it sees and reaches, when it is ended, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from msgspec.structs import replace
from tests.chamber import container_image
from tests.chamber.scripted_model import patch, run, say, scripted, turn
from tests.chamber.sealed import QUICK, TOKEN, outputs, plain, repository, running, sealed, until

from sealock.chamber.backends import start
from sealock.chamber.backends.disk import DiskWatch
from sealock.chamber.backends.running import LARGEST_FILE
from sealock.chamber.seal import INSIDE, compose
from sealock.domain.agent_run import Limits, ModelEndpoint, SealedCommand
from sealock.domain.settings import AgentTask
from sealock.errors import Undecided

if TYPE_CHECKING:
    from sealock.domain.agent_run import CodexBinary

HOME = tempfile.gettempdir()

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]

TESTS = Path(__file__).resolve().parent


@pytest.fixture(params=["bwrap", "container"])
def backend(request: pytest.FixtureRequest) -> str:
    """Give each backend that seals; the container's image is built first, where there is an engine."""
    name: str = request.param
    if name == "container" and (why := container_image.why_not()):
        pytest.skip(why)
    return name


def test_every_pinned_version_works_in_the_sandbox(backend: str, codex: CodexBinary, tmp_path: Path) -> None:
    root = repository(tmp_path / "work")
    script = [
        turn(run("cat base.yaml; echo made > by-tool.txt")),
        turn(patch("*** Add File: k.yaml\n+x")),
        turn(say("ok")),
    ]
    with scripted(script) as model, start(sealed(codex, model, root), backend, QUICK) as agent:
        lines = [line.content for line in agent]
        ended = agent.wait()
    assert (ended.status, ended.ended_by, len(model.requests)) == (0, "itself", 3)
    assert "a: 1" in outputs(model)
    assert ((root / "by-tool.txt").read_text(), (root / "k.yaml").read_text()) == ("made\n", "x\n")
    assert b"turn.completed" in lines[-1]


def test_the_agent_shows_its_throw_away_bearer_and_nobody_else_can_read_it(
    backend: str, newest_codex: CodexBinary, tmp_path: Path
) -> None:
    root = repository(tmp_path / "work")
    look = "env; cat /proc/*/environ | tr '\\0' '\\n'; cat /proc/*/cmdline | tr '\\0' '\\n'; ls -R /home /run"
    script = [turn(run(look)), turn(say("ok"))]
    with scripted(script) as model, start(sealed(newest_codex, model, root), backend, QUICK) as agent:
        agent.wait()
    assert {f"Bearer {TOKEN}"} == {each.headers["authorization"] for each in model.requests}
    assert TOKEN not in outputs(model)


def test_tools_reach_no_network_not_even_the_model(
    backend: str, newest_codex: CodexBinary, tmp_path: Path
) -> None:
    root = repository(tmp_path / "work")
    look = "(echo x > /dev/tcp/127.0.0.1/8080) && echo REACHED; cat /sys/class/net/*/address"
    with scripted([turn(run(look)), turn(say("ok"))]) as model:
        with start(sealed(newest_codex, model, root), backend, QUICK) as agent:
            agent.wait()
        assert "REACHED" not in outputs(model)
        assert "not permitted" in outputs(model)
        assert len(model.requests) == 2


def test_the_sandbox_itself_has_no_network_but_loopback(backend: str) -> None:
    command = plain("/bin/sh", "-c", "cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '")
    command = replace(command, relay="http://127.0.0.1:9/v1")
    with start(command, backend, QUICK) as agent:
        assert [line.content for line in agent] == [b"lo"]


def test_nothing_of_the_host_is_there_but_the_system(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("x")
    monkeypatch.setenv("PLANTED_SECRET", "x")
    look = f"env; ls -A / /etc /home /root {tmp_path} 2>&1; hostname; id -u"
    with start(plain("/bin/sh", "-c", look, ONLY="this"), backend, QUICK) as agent:
        text = b"\n".join(line.content for line in agent).decode()
    assert "ONLY=this" in text
    assert "PLANTED_SECRET" not in text
    assert f"cannot access '{tmp_path}'" in text
    assert text.endswith("sealock\n1000")


def test_a_read_only_task_writes_nothing(backend: str, codex: CodexBinary, tmp_path: Path) -> None:
    root = repository(tmp_path / "work")
    script = [
        turn(run("touch /workspace/x /tmp/x /home/agent/x")),
        turn(patch("*** Add File: k.yaml\n+x")),
        turn(say("ok")),
    ]
    with scripted(script) as model, start(sealed(codex, model, root, "read-only"), backend, QUICK) as agent:
        agent.wait()
    assert outputs(model).count("Read-only file system") == 3
    assert sorted(each.name for each in root.iterdir()) == [".git", "base.yaml"]


def test_gits_own_folder_is_read_only(backend: str, codex: CodexBinary, tmp_path: Path) -> None:
    root = repository(tmp_path / "work")
    with scripted(
        [turn(run("echo x > .git/hooks-x; git config a.b c; git commit -m x --allow-empty")), turn(say("ok"))]
    ) as model:
        before = (root / ".git" / "config").read_bytes()
        with start(sealed(codex, model, root), backend, QUICK) as agent:
            agent.wait()
    assert (before, False) == ((root / ".git" / "config").read_bytes(), (root / ".git" / "hooks-x").exists())


def test_a_run_ends_at_its_deadline(backend: str, newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = repository(tmp_path / "work")
    limits = Limits(wall_seconds=3, idle_seconds=60)
    with scripted([turn(run("sleep 7531901", yield_time_ms=60_000))]) as model:
        began = time.monotonic()
        with start(sealed(newest_codex, model, root), backend, limits) as agent:
            ended = agent.wait()
        assert (ended.ended_by, ended.status) == ("wall", -signal.SIGKILL)
        assert time.monotonic() - began < 3 + 10
    assert until(lambda: not running("7531901"))


def test_a_silent_provider_ends_a_run_at_its_idle_deadline(
    backend: str, newest_codex: CodexBinary, tmp_path: Path
) -> None:
    root = repository(tmp_path / "work")
    limits = Limits(wall_seconds=60, idle_seconds=2)
    script = [turn(say("never"), fault="hang")]
    with scripted(script) as model, start(sealed(newest_codex, model, root), backend, limits) as agent:
        assert agent.wait().ended_by == "idle"


def test_a_slow_provider_is_not_a_silent_one(backend: str, newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = repository(tmp_path / "work")
    limits = Limits(wall_seconds=60, idle_seconds=3)
    script = [turn(*(say("slow") for _ in range(6)), fault="slow", seconds=1.0)]
    with scripted(script) as model, start(sealed(newest_codex, model, root), backend, limits) as agent:
        assert agent.wait().ended_by == "itself"


@pytest.mark.parametrize("backend", ["bwrap", "container", "none"], indirect=True)
def test_what_daemons_start_ends_with_the_run(backend: str) -> None:
    daemon = "setsid nohup sh -c 'sleep 7531902 & sleep 7531902' >/dev/null 2>&1 & echo started"
    argv = ("/bin/sh", "-c", daemon)
    command = plain(*argv, CODEX_HOME=HOME)
    with start(command, backend, QUICK) as agent:
        assert [line.content for line in agent] == [b"started"]
    assert until(lambda: not running("7531902"))


KILLED = """
import sys, threading
sys.path[:0] = {paths!r}
from tests.chamber.sealed import QUICK, plain
from sealock.chamber.backends import start
script = "setsid sleep 7531903 & echo up; sleep 7531903"
command = plain("/bin/sh", "-c", script, CODEX_HOME={home!r})
def work():
    for line in start(command, {backend!r}, QUICK):
        print(line.content.decode(), flush=True)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("backend", ["bwrap", "container", "none"], indirect=True)
def test_kill_9_of_sealock_leaves_no_orphan(backend: str) -> None:
    source = str(TESTS.parents[1] / "src")
    program = KILLED.format(
        paths=[str(TESTS.parents[1]), source, str(TESTS.parents[1] / "tools")], backend=backend, home=HOME
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as sealock:
        assert sealock.stdout
        assert sealock.stdout.readline() == b"up\n"
        assert until(lambda: len(running("7531903")) >= 2)
        sealock.kill()
    assert until(lambda: not running("7531903"))


def test_kill_9_of_sealock_and_of_its_supervisor_leaves_no_orphan(backend: str) -> None:
    paths = [str(TESTS.parents[1] / each) for each in (".", "src", "tools")]
    program = KILLED.format(paths=paths, backend=backend, home=HOME).replace("7531903", "7531916")
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as sealock:
        assert sealock.stdout
        assert sealock.stdout.readline() == b"up\n"
        assert until(lambda: len(running("7531916")) >= 2)
        # It must not see its supervisor end, and clean up.
        sealock.send_signal(signal.SIGSTOP)
        for each in psutil.Process(sealock.pid).children():
            each.kill()
        sealock.kill()
    assert until(lambda: not running("7531916"))


@pytest.mark.parametrize("backend", ["bwrap", "container", "none"], indirect=True)
def test_kill_9_of_the_supervisor_leaves_no_orphan_of_the_sandbox(backend: str) -> None:
    command = plain("/bin/sh", "-c", "echo up; exec sleep 7531904", CODEX_HOME=HOME)
    with start(command, backend, QUICK) as agent:
        assert next(iter(agent)).content == b"up"
        os.kill(agent._process.pid, signal.SIGKILL)
        assert agent.wait().status == -signal.SIGKILL
    assert until(lambda: not running("7531904"))


def test_the_end_of_the_thread_that_started_it_does_not_end_it(backend: str) -> None:
    started: list[object] = []
    command = plain("/bin/sh", "-c", "read line; echo done")
    thread = threading.Thread(target=lambda: started.append(start(command, backend, QUICK)))
    thread.start()
    thread.join()
    (agent,) = started
    with agent:  # type: ignore[attr-defined]
        assert [line.content for line in agent] == [b"done"]  # type: ignore[attr-defined]


def test_leaving_the_context_ends_the_agent(backend: str) -> None:
    with start(plain("/bin/sh", "-c", "echo up; exec sleep 7531905"), backend, QUICK) as agent:
        assert next(iter(agent)).content == b"up"
    assert until(lambda: not running("7531905"))


def test_a_prompt_of_many_bytes_arrives_whole(backend: str) -> None:
    command = plain("/usr/bin/wc", "-c")
    command = replace(command, stdin=b"x" * 3_000_000)
    with start(command, backend, QUICK) as agent:
        assert [line.content for line in agent] == [b"3000000"]


def test_lines_come_whole_however_they_are_written(backend: str) -> None:
    script = "printf 'a'; sleep 0.05; printf 'b\\nc'; sleep 0.05; printf 'd\\n\\nlast'; echo words >&2"
    with start(plain("/bin/sh", "-c", script), backend, QUICK) as agent:
        lines = list(agent)
        ended = agent.wait()
    assert [line.content for line in lines] == [b"ab", b"cd", b"", b"last"]
    assert sorted(lines) == lines
    assert ended.stderr_tail == "words\n"


def test_a_program_that_is_not_there_is_said() -> None:
    command = plain("/nowhere/codex", CODEX_HOME=HOME)
    why = r"could not be started: /nowhere/codex: No such file"
    with pytest.raises(Undecided, match=why), start(command, "none", QUICK) as agent:
        agent.wait()


def test_no_file_grows_beyond_the_bound(backend: str) -> None:
    with start(plain("/bin/bash", "-c", "ulimit -f; ulimit -c"), backend, QUICK) as agent:
        assert [line.content for line in agent] == [b"%d" % (LARGEST_FILE // 1024), b"0"]


def test_a_workspace_that_holds_too_much_is_told(tmp_path: Path) -> None:
    watch = DiskWatch(str(tmp_path), most_bytes=4 << 20)
    (tmp_path / "big").write_bytes(b"x" * (9 << 20))
    os.sync()
    assert until(watch.full)


def test_a_workspace_in_bounds_is_not_told_although_the_disk_fills(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    watch = DiskWatch(str(tmp_path / "work"), most_bytes=4 << 20)
    (tmp_path / "big").write_bytes(b"x" * (9 << 20))
    assert not until(watch.full, 1.5)


def test_without_a_sandbox_places_are_the_hosts_own(newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = repository(tmp_path / "work")
    home = tmp_path / "home"
    home.mkdir()
    script = [turn(patch("*** Add File: k.yaml\n+x")), turn(say("ok"))]
    with scripted(script) as model:
        places = type(INSIDE)(workspace=str(root), home=str(home), sandboxed=False)
        command = compose(
            AgentTask("gpt-5.5", sandbox="workspace-write"),
            newest_codex,
            ModelEndpoint(model.url, TOKEN),
            "Do it",
            None,
            workspace=str(root),
            places=places,
        )
        with start(command, "none", QUICK) as agent:
            assert agent.wait().status == 0
    assert (root / "k.yaml").read_text() == "x\n"
    assert (command.mounts, command.relay) == ((), "")


def test_without_any_bubblewrap_the_backend_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Undecided, match="there is no bubblewrap"):
        start(SealedCommand(("/bin/true",), {}, (), {}, ()), "bwrap", QUICK)
