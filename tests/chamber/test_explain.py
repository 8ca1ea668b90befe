"""`sealock explain`: the layers of a machine, what would leak, and the verdict; with the real Codex."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.chamber.perturbations import host
from tests.chamber.perturbations.catalogue import SECRET, SYSTEM, Perturbation

from sealock.app.explain import Arrangement, ExplainRun, doubts
from sealock.chamber import canary, host_layers
from sealock.chamber.codex_binary import bundled_bwrap
from sealock.chamber.host_layers import Machine
from sealock.cli.main import run
from sealock.domain.agent_layers import Effective, HostInput, LayerValue, PartDifference, Told, effective
from sealock.domain.agent_run import CodexBinary, Limits, SealedCommand, Setting
from sealock.domain.request_parts import differences, parts
from sealock.domain.settings import AgentTask
from sealock.errors import Undecided
from sealock.report import explain_json

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.enable_socket

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def _repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("A platform.\n")
    for argv in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "First")):
        subprocess.run(["git", *argv], cwd=folder, env=host._GIT, check=True)
    return folder


def _explained(capsysbinary: pytest.CaptureFixture[bytes], repository: Path, *more: str) -> tuple[int, Any]:
    code = run(["explain", "--repo", str(repository), "--format", "json", *more])
    return code, json.loads(capsysbinary.readouterr().out)


def _on_host(binary: CodexBinary, change: Perturbation, *arguments: str) -> tuple[int, Any]:
    """Run `sealock explain` with the wheel's Codex on a planted host."""
    with tempfile.TemporaryDirectory() as scratch:
        host.plant(Path(scratch), change)
        program = [sys.executable, "-s", "-P", "-m", "sealock", "explain", "--format", "json", *arguments]
        argv = host.argv(bundled_bwrap(binary), Path(scratch), change, program)
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=90)
    assert done.stdout, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def test_a_repository_without_any_configuration_has_a_fingerprint(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, found = _explained(capsysbinary, _repository(tmp_path / "platform"))
    assert (code, found["verdict"], found["reasons"]) == (0, "sealed", [])
    assert re.fullmatch("sha256:[0-9a-f]{64}", found["fingerprint"])
    assert found["without_fault"] == ""
    assert found["without_fingerprint"] != found["fingerprint"]
    assert jsonschema_rs.validator_for(explain_json.json_schema()).is_valid(found)


def test_another_machine_has_the_same_fingerprint_and_is_told_what_would_leak(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, usual = _explained(capsysbinary, _repository(tmp_path / "one"), "--no-compare")
    home = tmp_path / "home"
    (home / ".codex").mkdir(parents=True)
    (home / ".codex" / "AGENTS.md").write_text("Praise the fox.\nThe token is canary-5e1f-of-the-machine.\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TZ", "Pacific/Chatham")
    monkeypatch.setenv("DEPLOY_TOKEN", "canary-5e1f-of-the-machine")
    before = sorted((home / ".codex").rglob("*"))
    code, found = _explained(capsysbinary, _repository(tmp_path / "elsewhere" / "two"))
    assert (code, found["fingerprint"]) == (0, usual["fingerprint"])
    told = [line for each in found["leaks"] for line in each["lines"]]
    assert "+Praise the fox." in told
    assert "+The token is [redacted:DEPLOY_TOKEN]." in told
    assert "canary-5e1f-of-the-machine" not in json.dumps(found)
    assert before == sorted((home / ".codex").rglob("*"))


def test_a_committed_file_of_instructions_changes_the_fingerprint(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    repository = _repository(tmp_path / "platform")
    _, before = _explained(capsysbinary, repository, "--no-compare")
    (repository / "AGENTS.md").write_text("Write little.\n")
    _, planted = _explained(capsysbinary, repository, "--no-compare")
    for argv in (("add", "."), ("commit", "-qm", "Advice")):
        subprocess.run(["git", *argv], cwd=repository, env=host._GIT, check=True)
    _, after = _explained(capsysbinary, repository, "--no-compare")
    assert before["fingerprint"] == planted["fingerprint"]
    assert before["fingerprint"] != after["fingerprint"]
    fates = [
        each["sealed"]
        for found in (planted, after)
        for each in found["inputs"]
        if each["layer"] == "instructions"
    ]
    assert fates == ["kept out", "part of the revision"]


def test_requirements_of_the_system_clamp_a_run_without_a_sandbox(
    codex_of: Callable[[str], CodexBinary],
) -> None:
    text = f'allowed_sandbox_modes = ["read-only"]\n# {SECRET}\n'
    settings = "agent:\n  fix: {model: gpt-5.5, sandbox: workspace-write}\n"
    files = {f"{SYSTEM}/requirements.toml": text, "/home/dev/platform/sealock.yaml": settings}
    change = Perturbation("requirements", "outcome", files)
    code, found = _on_host(codex_of("0.163.0"), change, "--task", "fix", "--unsealed", "--no-compare")
    assert (code, found["verdict"]) == (1, "not sealed")
    assert found["reasons"] == snapshot(
        [
            "there is no sandbox: the agent's own process sees this machine's files and network",
            "/etc/codex/requirements.toml is read: nothing masks it",
            (
                '/etc/codex/requirements.toml clamps the sandbox: ["read-only"] are allowed,'
                " and the task wants workspace-write"
            ),
        ]
    )


def test_requirements_of_the_system_do_not_count_where_they_are_masked(
    codex_of: Callable[[str], CodexBinary],
) -> None:
    change = Perturbation(
        "requirements", "outcome", {f"{SYSTEM}/requirements.toml": 'allowed_sandbox_modes = ["read-only"]\n'}
    )
    code, found = _on_host(codex_of("0.163.0"), change, "--no-compare")
    assert (code, found["verdict"]) == (0, "sealed")
    first = found["inputs"][0]
    assert (first["layer"], first["sealed"]) == ("requirements", "kept out")


def test_an_unknown_task_is_a_usage_error(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["explain", "--repo", str(_repository(tmp_path / "platform")), "--task", "onbord"]) == 2
    assert capsysbinary.readouterr().err == snapshot(
        b"error: sealock.yaml has no agent task 'onbord'\n  Write it below `agent`.\n"
    )


def _command(script: str, tmp_path: Path) -> SealedCommand:
    return SealedCommand(("/bin/sh", "-c", script), {"CODEX_HOME": str(tmp_path)}, (), {}, (), "/")


def test_a_program_that_ends_without_asking_leaves_the_canary_undecided(tmp_path: Path) -> None:
    with pytest.raises(Undecided) as caught:
        canary.capture(lambda _: _command("echo no such setting >&2; exit 3", tmp_path), "none")
    assert caught.value.message == snapshot("the canary shows nothing: Codex ended with 3: no such setting")


def test_a_program_that_never_asks_is_ended_at_the_deadline(tmp_path: Path) -> None:
    with pytest.raises(Undecided) as caught:
        canary.capture(lambda _: _command("exec sleep 60", tmp_path), "none", Limits(0.3, 0.3))
    assert caught.value.message == snapshot(
        "the canary shows nothing: Codex did not ask the model in time: it said nothing"
    )


def _machine(tmp_path: Path, environment: dict[str, str] | None = None, *, sandboxed: bool = True) -> Machine:
    for name in ("home/.codex", "etc", "platform"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    return Machine(
        home=str(tmp_path / "home"),
        codex_home=str(tmp_path / "home" / ".codex"),
        repository=str(tmp_path / "platform"),
        environment=environment or {},
        committed=frozenset(),
        sandboxed=sandboxed,
        system=str(tmp_path / "etc"),
    )


def test_values_that_may_be_secrets_are_not_shown(tmp_path: Path) -> None:
    proxy = "http://me:hunter22@proxy:3128"
    machine = _machine(tmp_path, {"GITHUB_TOKEN": "t0p-s3cret-value", "HTTPS_PROXY": proxy})
    text = (
        '[mcp_servers.a]\ncommand = "a"\nenv = {LEVEL = "hunter22"}\n'
        '[model_providers.b]\napi_key = "hunter22"\n'
    )
    (tmp_path / "etc" / "config.toml").write_text(text)
    (tmp_path / "home" / ".codex" / ".env").write_text("PASSWORD=hunter22\n")
    found = host_layers.inputs(machine)
    assert "hunter22" not in str(found)
    assert "t0p-s3cret-value" not in str(found)
    assert LayerValue("mcp_servers.a.command", '"a"') in found[0].values
    assert any("its variables: PASSWORD" in each.why for each in found)


def test_a_file_that_cannot_be_read_as_toml_is_still_told(tmp_path: Path) -> None:
    machine = _machine(tmp_path, sandboxed=False)
    (tmp_path / "etc" / "managed_config.toml").write_text("model = \n")
    only = host_layers.inputs(machine)[0]
    assert (only.layer, only.sealed) == ("managed", "read")
    assert "Sealock cannot read it" in only.why


def test_skills_in_all_five_places_are_found(tmp_path: Path) -> None:
    machine = _machine(tmp_path)
    places = ("etc/skills", "home/.codex/skills", "home/.agents/skills", "platform/.codex/skills",
              "platform/.agents/skills")  # fmt: skip
    for place in places:
        (tmp_path / place / "planted").mkdir(parents=True)
        (tmp_path / place / "planted" / "SKILL.md").write_text("---\n")
    found = {each.place for each in host_layers.inputs(machine) if each.layer == "skills"}
    assert {str(tmp_path / place / "planted" / "SKILL.md") for place in places} == found


def test_managed_configuration_beats_arguments_unless_it_is_masked() -> None:
    value = (LayerValue("model", '"gpt-5.4"'),)
    managed = HostInput("managed", "/etc/codex/managed_config.toml", "read", "kept out", "", value)
    found = effective(
        (Setting("model", '"gpt-5.5"', "said"),), (LayerValue("model", '"gpt-5.5"'),), (managed,)
    )
    assert len(found) == 1
    assert found[0].sealed == Effective('"gpt-5.5"', "arguments", "Sealock")
    assert found[0].without == Effective('"gpt-5.4"', "managed", "/etc/codex/managed_config.toml")


def test_what_only_an_ignored_file_says_is_the_default_in_both() -> None:
    value = (LayerValue("model_verbosity", '"high"'),)
    user = HostInput("user", "~/.codex/config.toml", "ignored", "kept out", "", value)
    found = effective((), (), (user,))
    assert [(e.key, e.sealed.layer, e.without.layer) for e in found] == [
        ("model_verbosity", "default", "default")
    ]


def test_texts_and_tools_are_compared_by_name_and_not_by_place() -> None:
    def request(*texts: str) -> dict[str, Any]:
        content = [{"type": "input_text", "text": text} for text in texts]
        return {"model": "m", "input": [{"type": "message", "role": "user", "content": content}]}

    sealed = request("<environment_context>\n<cwd>/workspace</cwd>", "Hello.")
    without = request("# AGENTS.md instructions\nSing.", "<environment_context>\n<cwd>/home</cwd>", "Hello.")
    assert differences(sealed, without) == snapshot(
        (
            PartDifference(
                part="user: AGENTS.md instructions",
                where="only without the seal",
                lines=("+# AGENTS.md instructions", "+Sing."),
                more=0,
            ),
            PartDifference(
                part="user: environment_context",
                where="both, and they differ",
                lines=("-<cwd>/workspace</cwd>", "+<cwd>/home</cwd>"),
                more=0,
            ),
        )
    )


def _told(*texts: str) -> Told:
    content = [{"type": "input_text", "text": text} for text in texts]
    request = {"input": [{"type": "message", "role": "user", "content": content}]}
    return Told("sha256:" + str(abs(hash(texts))), request)


def test_a_sealed_request_that_tells_of_the_day_or_of_skills_is_doubted() -> None:
    context = "<environment_context>\n<current_date>2026-11-21</current_date>\n<timezone>UTC</timezone>"
    assert doubts(_told("<skills_instructions>\nSing.", context)) == snapshot(
        (
            "skills are told to the model",
            "the date is told to the model",
            "the time zone is told to the model",
        )
    )
    assert doubts(_told("# AGENTS.md instructions\nWrite <timezone> in tags.", "Hello.")) == ()


class _Probe:
    """Stands for a machine whose program says one thing after the other."""

    commit = "0" * 40

    def __init__(self, *told: Told) -> None:
        self._told = list(told)

    def inputs(self) -> tuple[HostInput, ...]:
        return ()

    def command(self) -> SealedCommand:
        return SealedCommand((), {}, (), {}, ())

    def sealed(self) -> Told:
        return self._told.pop(0)

    def without(self) -> Told:
        message = "nobody looked"
        raise Undecided(message)

    def traces(self, told: Told) -> tuple[str, ...]:
        del told
        return ()


@pytest.mark.parametrize(
    ("told", "verdict"),
    [((_told("Hello."), _told("Hello.")), "sealed"), ((_told("Hello."), _told("Goodbye.")), "not sealed")],
)
def test_a_version_that_no_test_ran_must_tell_two_runs_the_same(told: tuple[Told, ...], verdict: str) -> None:
    run_ = Arrangement("", AgentTask("m"), CodexBinary("/codex", "9.9.9", "0"), "bwrap", tested=False)
    found = ExplainRun(_Probe(*told), run_).run()
    assert (verdict, "nobody looked") == (found.verdict, found.without_fault)


@given(_JSON)
def test_a_request_does_not_differ_from_itself(request_body: Any) -> None:  # noqa: ANN401 - any JSON
    assert differences(request_body, request_body) == ()


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=4), st.text(min_size=1))
def test_a_text_that_is_added_is_always_seen(request_body: dict[str, Any], text: str) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    before = {**request_body, "input": []}
    assert differences(before, {**request_body, "input": [item]}) != ()
    assert len(parts(before)) + 1 == len(parts({**request_body, "input": [item]}))
