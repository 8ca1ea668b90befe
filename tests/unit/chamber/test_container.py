"""The command line for a container engine; none is started here."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sealock.chamber.backends.container import Sockets, arguments, named
from sealock.chamber.seal import compose
from sealock.domain.agent_run import CodexBinary, ModelEndpoint
from sealock.domain.settings import AgentTask
from sealock.errors import Undecided

COMMAND = compose(
    AgentTask("gpt-5.5"),
    CodexBinary("/somewhere/codex", "0.169.0", "0" * 64),
    ModelEndpoint("http://127.0.0.1:1/v1", "a-throw-away-bearer"),
    "Do it",
    None,
    workspace="/host/work",
)


def words() -> list[str]:
    sockets = Sockets("/host/model.sock", "/host/life.sock")
    return list(arguments(COMMAND, "sealock-1", sockets, ("sealock-agent",)))


def pairs(flag: str) -> list[str]:
    line = words()
    return [each for name, each in pairwise(line) if name == flag]


def test_the_container_has_no_network_no_capabilities_and_a_read_only_root() -> None:
    assert pairs("--network") == ["none"]
    assert pairs("--cap-drop") == ["ALL"]
    assert {"--read-only", "--rm", "--interactive"} <= set(words())
    assert "no-new-privileges" in pairs("--security-opt")


def test_no_image_is_fetched_and_no_log_kept() -> None:
    assert (pairs("--pull"), pairs("--log-driver")) == (["never"], ["none"])


def test_the_bearer_is_not_among_the_arguments() -> None:
    assert "a-throw-away-bearer" not in " ".join(words())
    assert "SEALOCK_MODEL_TOKEN" in pairs("--env")


def test_the_workspace_is_mounted_as_the_task_may_use_it_and_its_git_folder_to_read() -> None:
    volumes = pairs("--volume")
    assert "/host/work:/workspace:ro" in volumes
    assert "/host/work/.git:/workspace/.git:ro" in volumes
    assert "/host/model.sock:/run/sealock/model.sock" in volumes
    assert not [each for each in volumes if each.startswith(("/usr", "/etc", "/lib", "/bin"))]


def test_what_runs_in_it_is_the_sealed_command_itself() -> None:
    line = words()
    assert tuple(line[line.index("sealock-agent") + 1 :]) == COMMAND.argv


def test_without_an_engine_what_each_one_said_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Undecided) as caught:
        named()
    assert caught.value.message == (
        "no container engine has the image sealock-agent: podman is not installed; docker is not installed"
    )
