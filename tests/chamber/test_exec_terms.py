"""`sealock exec` takes an answer that fits its schema and a patch that passes its tests, and nothing else."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.chamber.cli import KEY, platform, sealock
from tests.chamber.scripted_model import Turn, patch, run, say, scripted, turn
from tests.chamber.sealed import git

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]

# The second article's schema.
ISSUE = {
    "type": "object",
    "properties": {"file": {"type": "string"}, "line": {"type": "integer"}},
    "required": ["file"],
}
REVIEW = {
    "type": "object",
    "properties": {"issues": {"type": "array", "items": ISSUE}, "summary": {"type": "string"}},
    "required": ["issues", "summary"],
}
GOOD = {"issues": [{"file": "a.yaml", "line": None}], "summary": "one"}
ADD = {"add.sh": "expr $1 - $2\n", "tests/run.sh": 'test "$(sh add.sh 2 2)" = 4\n'}
MEND = patch("*** Update File: add.sh\n@@\n-expr $1 - $2\n+expr $1 + $2")


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    file = tmp_path / "review.json"
    file.write_text(json.dumps(REVIEW))
    return file


def record(root: Path) -> Any:  # noqa: ANN401 - any JSON
    (manifest,) = (root / ".sealock/runs").glob("*/manifest.json")
    return json.loads(manifest.read_text())


def test_an_answer_that_fits_is_written_as_it_was_asked_for(
    codex: CodexBinary, tmp_path: Path, schema: Path
) -> None:
    with scripted([turn(say(json.dumps(GOOD)))]) as model:
        root = platform(tmp_path, codex, model)
        options = ("--task", "review", "--schema", schema, "--strict-fix", "-o", tmp_path / "out.json")
        ran = sealock("exec", "--repo", root, *options, "Review it.")
    assert ran.status == 0, ran.err
    expected = {"issues": [{"file": "a.yaml"}], "summary": "one"}
    assert expected == json.loads((tmp_path / "out.json").read_text())
    assert expected == json.loads(ran.out)
    sent = model.requests[0].json["text"]["format"]
    assert (sent["strict"], sent["schema"]["required"]) == (True, ["issues", "summary"])


def test_a_schema_that_strict_mode_refuses_is_a_mistake_of_configuration(
    newest_codex: CodexBinary, tmp_path: Path, schema: Path
) -> None:
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model)
        ran = sealock("exec", "--repo", root, "--schema", schema, "Review it.")
    assert (ran.status, model.requests) == (2, [])
    assert "/properties/issues/items/properties/line: `line` is not required" in ran.err
    assert "--strict-fix" in ran.err


def test_an_answer_that_does_not_fit_is_asked_for_again_in_the_same_budget(
    newest_codex: CodexBinary, tmp_path: Path, schema: Path
) -> None:
    script = [turn(say("I see one issue.")), turn(say('{"issues": 1}')), turn(say(json.dumps(GOOD)))]
    with scripted(script) as model:
        root = platform(tmp_path, newest_codex, model)
        options = ("--task", "review", "--schema", schema, "--strict-fix", "--format", "json")
        ran = sealock("exec", "--repo", root, *options, "Review it.")
    assert ran.status == 0, ran.err
    found = json.loads(ran.out)["run"]
    assert [each["raw"] for each in found["details"]["answer"]["refused"]] == [
        "I see one issue.",
        '{"issues": 1}',
    ]
    assert found["usage"]["input"] == 300
    asked = str(model.requests[2].json["input"])
    assert "is not of type" in asked
    assert "Review it." in asked
    assert all("text" in each.json for each in model.requests)


def test_who_never_fits_is_refused_and_the_raw_answer_kept(
    newest_codex: CodexBinary, tmp_path: Path, schema: Path
) -> None:
    with scripted(lambda _: turn(say("prose"))) as model:
        root = platform(tmp_path, newest_codex, model)
        (tmp_path / "out.json").write_text("as it was")
        files = ("-o", tmp_path / "out.json", "--raw-output", tmp_path / "raw.txt")
        options = ("--task", "review", "--schema", schema, "--strict-fix", "--repairs", "1", *files)
        ran = sealock("exec", "--repo", root, *options, "Review it.")
    assert (ran.status, ran.out, len(model.requests)) == (1, "", 2)
    assert "refused: the answer does not fit the schema, after 2 attempts: it is not JSON" in ran.err
    assert (tmp_path / "out.json").read_text() == "as it was"
    assert (tmp_path / "raw.txt").read_text() == "prose"
    assert record(root)["final_message"] == "prose"


def test_a_repair_can_change_no_files_and_keeps_those_that_were_changed(
    newest_codex: CodexBinary, tmp_path: Path, schema: Path
) -> None:
    script = [
        turn(patch("*** Add File: k.yaml\n+x: 1")),
        turn(say("done")),
        turn(run("echo more > l.yaml")),
        turn(say(json.dumps(GOOD))),
    ]
    with scripted(script) as model:
        root = platform(tmp_path, newest_codex, model)
        options = ("--task", "fix", "--schema", schema, "--strict-fix", "--format", "json")
        ran = sealock("exec", "--repo", root, *options, "Write it.")
    found = json.loads(ran.out)["run"]
    assert (found["outcome"], [each["path"] for each in found["result"]["changed"]]) == ("done", ["k.yaml"])


def trial(root: Path, *options: str | Path) -> Any:  # noqa: ANN401 - what it ran
    return sealock("exec", "--repo", root, "--task", "fix", "--test", "sh tests/run.sh", *options, "Mend it.")


def test_a_patch_that_passes_the_tests_becomes_a_branch(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([turn(MEND), turn(say("Mended."))]) as model:
        root = platform(tmp_path, codex, model, ADD)
        git(root, "config", "user.name", "t")
        git(root, "config", "user.email", "t@example.com")
        ran = trial(root, "--as", "branch=agent/mend")
    assert ran.status == 0, ran.err
    assert "tests passed: the patch is accepted" in ran.err
    assert git(root, "diff", "--stat", "main", "agent/mend").splitlines()[0].split()[0] == "add.sh"
    assert "Sealock-Tests: passed" in git(root, "log", "-1", "--format=%B", "agent/mend")
    assert git(root, "status", "--porcelain", "--untracked-files=no") == ""


def test_a_claim_that_all_is_well_does_not_help_a_patch_that_fails(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    lies = [turn(patch("*** Add File: notes.txt\n+x")), turn(say("All tests pass."))]
    with scripted(lies) as model:
        root = platform(tmp_path, newest_codex, model, ADD)
        ran = trial(root, "--as", f"patch={tmp_path / 'it.patch'}")
    assert ran.status == 1
    assert "refused: the tests ended with 1" in ran.err
    assert not (tmp_path / "it.patch").exists()
    kept = record(root)
    assert (kept["final_message"], kept["details"]["tests"]["verdict"]) == ("All tests pass.", "failed")


def test_an_agent_that_changes_the_tests_is_judged_by_those_of_the_base(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    cheat: list[Turn] = [turn(run("echo true > tests/run.sh; sh tests/run.sh")), turn(say("All tests pass."))]
    with scripted(cheat) as model:
        root = platform(tmp_path, newest_codex, model, ADD)
        ran = trial(root)
    assert ran.status == 1
    assert "put back tests/run.sh: the task protects it" in ran.err
    assert "refused: the tests ended with 1" in ran.err


def test_a_patch_becomes_a_file_that_git_applies(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([turn(MEND), turn(say("Mended."))]) as model:
        root = platform(tmp_path, newest_codex, model, ADD)
        ran = trial(root, "--as", f"patch={tmp_path / 'it.patch'}")
    assert ran.status == 0, ran.err
    git(root, "apply", str(tmp_path / "it.patch"))
    assert (root / "add.sh").read_text() == "expr $1 + $2\n"


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ("tag", 2, "--as tag is no way to take a patch"),
        ("branch", 2, "--as branch is no way to take a patch"),
        ("branch=a..b", 2, "'a..b' is no name of a branch"),
        ("branch=main", 4, "the branch 'main' is there already"),
    ],
)
def test_where_a_patch_cannot_go_is_said_before_anything_runs(
    newest_codex: CodexBinary, tmp_path: Path, form: str, status: int, words: str
) -> None:
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model, ADD)
        git(root, "config", "user.name", "t")
        git(root, "config", "user.email", "t@example.com")
        ran = trial(root, "--as", form)
    assert (ran.status, words in ran.err, model.requests) == (status, True, [])


def test_the_key_is_in_nothing_that_is_written(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([turn(MEND), turn(say("Mended."))]) as model:
        root = platform(tmp_path, newest_codex, model, ADD)
        ran = trial(root, "--format", "json")
    assert model.requests[0].headers["authorization"] == f"Bearer {KEY}"
    written = [each.read_bytes() for each in (root / ".sealock").rglob("*") if each.is_file()]
    assert not any(KEY.encode() in each for each in [*written, ran.out.encode(), ran.err.encode()])


def test_a_run_with_a_repair_and_tests_is_replayed_request_by_request(
    newest_codex: CodexBinary, tmp_path: Path, schema: Path
) -> None:
    with scripted([turn(MEND), turn(say("prose")), turn(say(json.dumps(GOOD)))]) as model:
        root = platform(tmp_path, newest_codex, model, ADD)
        assert trial(root, "--schema", schema, "--strict-fix").status == 0
    again = sealock("replay", "--repo", root, "last")
    assert (again.status, "the same: 3 of 3 requests" in again.out) == (0, True), again
