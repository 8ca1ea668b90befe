"""What a diagnosis says and which exit code it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from sealock.app.doctor import Doctor
from sealock.domain.agent_layers import HostInput
from sealock.domain.agent_run import CodexBinary
from sealock.domain.doctor import version_in
from sealock.errors import Refused, SealockError, Undecided, UsageError
from sealock.report import doctor as report

if TYPE_CHECKING:
    from collections.abc import Sequence

FINE = {
    "git": "git version 2.39.5",
    "argocd": "argocd: v3.5.7+abc",
    "kustomize": "v5.8.1",
    "kubernetes-mcp-server": "0.0.50",
}


class FakePatient:
    """A machine of answers; an error in the place of one is raised."""

    def __init__(self, **answers: object) -> None:
        self.tools: dict[str, object] = {**FINE}
        self.answers: dict[str, object] = {"codex": None, "accepts": None, "sandbox": "works", **answers}
        self.found: Sequence[HostInput] = ()

    def said(self, program: str, arguments: Sequence[str]) -> str | None:
        assert arguments
        answer = self.tools.get(program)
        if isinstance(answer, SealockError):
            raise answer
        return None if answer is None else str(answer)

    def codex(self) -> CodexBinary:
        self._raise("codex")
        return CodexBinary("/codex", "0.169.0", "0" * 64, "wheel")

    def accepts(self, binary: CodexBinary) -> None:
        assert binary.version
        self._raise("accepts")

    def sandbox(self, binary: CodexBinary) -> str:
        assert binary.version
        self._raise("sandbox")
        return "works"

    def container(self) -> str:
        message = "there is no container engine"
        raise Undecided(message, hint="Start one.")

    def leaks(self) -> Sequence[HostInput]:
        return self.found

    def _raise(self, name: str) -> None:
        answer = self.answers[name]
        if isinstance(answer, SealockError):
            raise answer


def test_a_machine_where_all_is_well() -> None:
    diagnosis = Doctor(FakePatient()).examine()
    assert diagnosis.exit_code == 0
    assert list(report.text(diagnosis)) == snapshot(
        [
            "ok       Git: 2.39.5",
            "ok       Argo CD: 3.5.7",
            "ok       Kustomize: 5.8.1",
            "ok       Kubernetes MCP server: 0.0.50",
            "ok       Codex: 0.169.0 (wheel)",
            "ok       Sandbox: works",
            "missing  Container engine: there is no container engine",
            "         Start one.",
        ]
    )


@pytest.mark.parametrize(
    ("tool", "said", "state", "code"),
    [
        ("git", "git version 2.30.9", "old", 1),
        ("git", None, "missing", 1),
        ("git", Undecided("git does not answer"), "unknown", 3),
        ("git", "no idea", "unknown", 3),
        ("argocd", "argocd: v3.2.9", "old", 0),
        ("kustomize", "v5.5.0", "old", 0),
        ("kustomize", None, "missing", 0),
        ("kustomize", "v10.0.0", "fine", 0),
    ],
)
def test_tools_of_every_kind(tool: str, said: object, state: str, code: int) -> None:
    patient = FakePatient()
    patient.tools[tool] = said
    diagnosis = Doctor(patient).examine()
    states = dict(zip(FINE, (each.state for each in diagnosis.examined), strict=False))
    assert (states[tool], diagnosis.exit_code) == (state, code)


@pytest.mark.parametrize(
    ("answers", "state", "code"),
    [
        ({"codex": UsageError("there is no Codex program")}, "missing", 1),
        ({"codex": Refused("another hash")}, "broken", 1),
        ({"codex": Undecided("it does not run")}, "unknown", 3),
        ({"accepts": UsageError("never tested")}, "old", 1),
    ],
)
def test_a_codex_that_will_not_do(answers: dict[str, object], state: str, code: int) -> None:
    diagnosis = Doctor(FakePatient(**answers)).examine()
    (codex,) = [each for each in diagnosis.examined if each.name == "Codex"]
    assert (codex.state, diagnosis.exit_code) == (state, code)


def test_a_sandbox_that_does_not_work_is_broken_with_how_to_mend_it() -> None:
    diagnosis = Doctor(FakePatient(sandbox=Undecided("not permitted", hint="Set a sysctl."))).examine()
    (sandbox,) = [each for each in diagnosis.examined if each.name == "Sandbox"]
    assert (sandbox.state, sandbox.mend, diagnosis.exit_code) == ("broken", "Set a sysctl.", 1)


def test_leaks_are_told_and_are_no_fault() -> None:
    patient = FakePatient()
    patient.found = (
        HostInput("managed", "/etc/codex/managed_config.toml", "read", "kept out", "masked"),
        HostInput("user", "/home/u/.codex/config.toml", "ignored", "kept out", "fresh"),
    )
    diagnosis = Doctor(patient).examine()
    leaks = [each for each in diagnosis.examined if each.state == "leak"]
    assert [each.name for each in leaks] == ["Leak: managed"]
    assert diagnosis.exit_code == 0
    assert leaks[0].found == "/etc/codex/managed_config.toml (kept out of sealed runs: masked)"


@pytest.mark.parametrize(
    ("text", "version"),
    [("v5.8.1", (5, 8, 1)), ("git version 2.39.5 (Apple)", (2, 39, 5)), ("3.4", (3, 4)), ("x", ()), ("", ())],
)
def test_a_version_is_found_in_what_programs_say(text: str, version: tuple[int, ...]) -> None:
    assert version_in(text) == version
