"""What a task becomes: settings as TOML, places, versions that are refused."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.chamber.codex_versions import TESTED, parse, release
from sealock.chamber.seal import INSIDE, Places, compose
from sealock.chamber.toml_value import toml
from sealock.domain.agent_run import CodexBinary, ModelEndpoint
from sealock.domain.settings import AgentTask
from sealock.errors import UsageError

MODEL = ModelEndpoint("http://127.0.0.1:4711/v1", "bearer")
PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=8,
)


def codex(version: str) -> CodexBinary:
    return CodexBinary("/somewhere/codex", version, "0" * 64)


@given(VALUES)
def test_a_value_as_toml_reads_back_as_itself(value: object) -> None:
    assert value == tomllib.loads(f"key = {toml(value)}")["key"]


@pytest.mark.parametrize("version", TESTED)
def test_every_setting_is_toml_has_a_reason_and_stands_once(version: str) -> None:
    command = compose(AgentTask("gpt-5.5"), codex(version), MODEL, "p", None)
    keys = [each.key for each in command.settings]
    assert sorted(set(keys)) == sorted(keys)
    assert all(each.reason for each in command.settings)
    tomllib.loads("\n".join(f"{each.key} = {each.value}" for each in command.settings))
    pairs = [f"{each.key}={each.value}" for each in command.settings]
    assert pairs == [each for flag, each in zip(command.argv, command.argv[1:], strict=False) if flag == "-c"]


def test_a_model_of_any_name_stays_one_value() -> None:
    command = compose(AgentTask('x"\nmodel = "y'), codex("0.169.0"), MODEL, "p", None)
    (setting,) = [each for each in command.settings if each.key == "model"]
    assert tomllib.loads(f"model = {setting.value}") == {"model": 'x"\nmodel = "y'}


def test_the_prompt_is_no_argument() -> None:
    command = compose(AgentTask("m"), codex("0.169.0"), MODEL, "--sandbox danger", None)
    assert (command.stdin, command.argv[-1]) == (b"--sandbox danger", "-")


def test_the_bearer_is_in_the_environment_alone() -> None:
    command = compose(AgentTask("m"), codex("0.169.0"), MODEL, "p", None)
    assert [key for key, value in command.environment.items() if value == "bearer"] == ["SEALOCK_MODEL_TOKEN"]
    assert "bearer" not in " ".join(command.argv) + str(command.files) + str(command.mounts)


def test_in_the_sandbox_the_models_place_is_always_the_same() -> None:
    first = compose(AgentTask("m"), codex("0.169.0"), MODEL, "p", None, workspace="/a")
    other = ModelEndpoint("http://127.0.0.1:9/v1", "other")
    second = compose(AgentTask("m"), codex("0.169.0"), other, "p", None, workspace="/b")
    assert (first.argv, first.files, first.workdir) == (second.argv, second.files, second.workdir)
    assert (first.relay, second.relay) == ("http://127.0.0.1:4711/v1", "http://127.0.0.1:9/v1")


@pytest.mark.parametrize(("sandbox", "kind"), [("read-only", "read-only"), ("workspace-write", "read-write")])
def test_the_workspace_is_as_writable_as_the_task(sandbox: str, kind: str) -> None:
    task = AgentTask("m", sandbox=sandbox)  # type: ignore[arg-type] # one of the two
    command = compose(task, codex("0.169.0"), MODEL, "p", None, workspace="/w")
    kinds = {each.target: each.kind for each in command.mounts}
    assert (kind, "read-only", "masked") == tuple(
        kinds[each] for each in ("/workspace", "/workspace/.git", "/etc/codex")
    )


def test_without_a_sandbox_nothing_is_mounted_and_tools_write_no_shared_folder() -> None:
    places = Places(workspace="/w", home="/h", sandboxed=False)
    command = compose(AgentTask("m"), codex("0.169.0"), MODEL, "p", "/s.json", places=places)
    assert (
        command.mounts,
        command.files,
        command.workdir,
        command.environment["CODEX_HOME"],
    ) == ((), {}, "/w", "/h/.codex")
    assert "sandbox_workspace_write.exclude_slash_tmp=true" in command.argv
    assert (command.argv[-2], command.argv[0]) == ("/s.json", "/somewhere/codex")


def test_a_schema_is_at_the_same_place_for_every_run() -> None:
    command = compose(AgentTask("m"), codex("0.169.0"), MODEL, "p", "/tmp/x/1.json")  # noqa: S108 - a name
    assert ("--output-schema", INSIDE.schema) == command.argv[-3:-1]


@pytest.mark.parametrize(
    ("version", "allowed"),
    [("0.129.9", True), ("0.170.0", False), ("0.142.1", False), ("1.0", True), ("latest", True)],
)
def test_versions_that_are_refused(version: str, allowed: bool) -> None:  # noqa: FBT001 - a case
    with pytest.raises(UsageError):
        release(version, allow_untested=allowed)


def test_an_unknown_version_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError) as caught:
        release("0.170.0")
    assert (caught.value.message, caught.value.hint) == snapshot(
        (
            "Codex 0.170.0 was never run by Sealock's tests",
            "Take one that was, such as 0.169.0, or say --allow-untested: then a canary proves it.",
        )
    )


def test_a_release_that_nobody_can_run_is_refused_with_why() -> None:
    with pytest.raises(UsageError) as caught:
        release("0.153.1")
    assert (caught.value.message, caught.value.hint) == snapshot(
        (
            "Codex 0.153.1 was never run by Sealock's tests: npm has it, and no program of it for Linux",
            "Take one that was, such as 0.153.0, or say --allow-untested: then a canary proves it.",
        )
    )


def test_a_version_has_the_traits_of_the_newest_release_that_is_not_newer() -> None:
    assert release("0.145.0") == release("0.162.9", allow_untested=True)
    assert release("0.163.0") == release("9.0.0-alpha.1", allow_untested=True)
    assert release("0.130.0") != release("0.131.0")


@given(st.tuples(*[st.integers(0, 999_999)] * 3))
def test_a_version_reads_as_its_numbers(numbers: tuple[int, ...]) -> None:
    assert numbers == parse(".".join(map(str, numbers)))
