"""The container backend beyond what every backend does: whole runs, and what its engine must not add."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from tests.chamber import container_image
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import patch, run, say, scripted, turn
from tests.chamber.sealed import QUICK, plain, repository, sealed

from sealock.chamber.backends import container, start
from sealock.chamber.doctor import Machine
from sealock.domain.settings import CodexChoice
from sealock.errors import Undecided

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="Codex is pinned for Linux"),
]


@pytest.fixture
def image() -> str:
    """Give the image, built here; skips, with what every engine said, where none runs a container."""
    if why := container_image.why_not():
        pytest.skip(why)
    return container.IMAGE


@pytest.mark.usefixtures("image")
def test_a_run_in_a_container_is_recorded_and_replayed(codex: CodexBinary, tmp_path: Path) -> None:
    script = [
        turn(run("cat base.yaml > copy.yaml; git status --short")),
        turn(patch("*** Add File: k.yaml\n+x: 1")),
        turn(say("done")),
    ]
    with scripted(script) as model:
        root = platform(tmp_path, codex, model, {"base.yaml": "a: 1\n"})
        ran = sealock("exec", "--backend", "container", "--task", "fix", "--repo", root, "Do it")
        shown = json.loads(sealock("runs", "show", "last", "--format", "json", "--repo", root).out)
    replayed = sealock("replay", "last", "--repo", root)
    assert (ran.status, ran.out) == (0, "done\n"), ran.err
    assert "fatal" not in str(model.requests[1].outputs)
    assert (shown["run"]["backend"], shown["run"]["sealed"]) == ("container", True)
    assert sorted(each["path"] for each in shown["run"]["result"]["changed"]) == ["copy.yaml", "k.yaml"]
    assert replayed.status == 0, replayed.err


@pytest.mark.usefixtures("image")
def test_what_the_engine_adds_to_the_environment_does_not_reach_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = os.environ.get("CONTAINERS_CONF", "")
    text = (tmp_path / kept).read_text() if kept else ""
    (tmp_path / "containers.conf").write_text(f'[containers]\nenv = ["PLANTED=by-the-engine"]\n{text}')
    monkeypatch.setenv("CONTAINERS_CONF", str(tmp_path / "containers.conf"))
    with start(plain("/usr/bin/env", ONLY="this"), "container", QUICK) as agent:
        assert sorted(line.content for line in agent) == [b"ONLY=this", b"PATH=/usr/bin:/bin"]


@pytest.mark.usefixtures("image")
def test_hosts_and_name_servers_of_the_machine_stay_outside(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    root = repository(tmp_path / "work")
    with scripted([turn(run("cat /etc/hosts /etc/resolv.conf; echo END")), turn(say("ok"))]) as model:
        with start(sealed(newest_codex, model, root), "container", QUICK) as agent:
            agent.wait()
        (answer,) = model.requests[-1].outputs
    assert str(answer["output"]).rstrip().endswith("Output:\n127.0.0.1 localhost\nEND")


@pytest.mark.usefixtures("image")
def test_the_agent_is_nobody_in_particular_and_gains_nothing() -> None:
    states = "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status"
    look = f"id -u; {states}; echo x > /proc/sys/kernel/core_pattern"
    with start(plain("/bin/sh", "-c", look), "container", QUICK) as agent:
        lines = [line.content.replace(b"\t", b" ") for line in agent]
        ended = agent.wait()
    assert lines[0] != b"0"
    assert lines[1:] == [b"CapEff: 0000000000000000", b"CapBnd: 0000000000000000", b"NoNewPrivs: 1"]
    assert "core_pattern" in ended.stderr_tail


@pytest.mark.usefixtures("image")
def test_a_command_without_a_model_reaches_no_port() -> None:
    look = "(echo x > /dev/tcp/127.0.0.1/8080) 2>/dev/null && echo REACHED; ls /run/sealock"
    with start(plain("/bin/bash", "-c", look), "container", QUICK) as agent:
        assert [line.content for line in agent] == [b"life.sock"]


@pytest.mark.usefixtures("image")
def test_doctor_tries_a_container_for_real() -> None:
    said = Machine("/nowhere", CodexChoice(), {}).container()
    assert said in {f"{name}: nested sandbox works, no network but loopback" for name in container.ENGINES}


@pytest.mark.usefixtures("image")
def test_doctor_says_why_containers_do_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "_SEALS", (*container._SEALS, "--security-opt", "nonsense=1"))
    with pytest.raises(Undecided, match=r"runs no sealed container: .*nonsense"):
        Machine("/nowhere", CodexChoice(), {}).container()


def test_an_image_that_nobody_built_is_not_fetched_but_said(monkeypatch: pytest.MonkeyPatch) -> None:
    if not any(map(shutil.which, container.ENGINES)):
        pytest.skip("no engine is installed")
    monkeypatch.setattr(container, "ENGINES", tuple(filter(shutil.which, container.ENGINES)))
    with pytest.raises(Undecided, match="no container engine has the image sealock-nobody-built") as caught:
        container.named("sealock-nobody-built")
    assert "podman build -t sealock-nobody-built docker/" in caught.value.hint


def test_without_any_engine_the_backend_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Undecided, match="podman is not installed; docker is not installed"):
        start(plain("/bin/true"), "container", QUICK)
