"""`sealock exec --each services`: a run for each, with the real Codex program and a scripted model."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import Request, Turn, run, say, scripted, turn
from tests.chamber.sealed import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chamber.cli import Ran

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]

SERVICES = """\
repository: https://github.com/acme/platform.git
services:
  api: {namespace: api, image: ghcr.io/acme/api, ports: {http: 80}}
  web: {namespace: web, image: ghcr.io/acme/web, ports: {http: 80}}
"""
PROMPT = "Write limits of {service} into {path}."


def each_writes(request: Request) -> Turn:
    """Write into the folder of the service that is asked about; web writes into api's too."""
    (service,) = set(re.findall(r"limits of (\w+) into", request.body.decode()))
    if request.outputs:
        return turn(say(f"limits of {service}"))
    other = "; mkdir -p services/api; echo x > services/api/x" if service == "web" else ""
    return turn(run(f"mkdir -p services/{service}; echo 1 > services/{service}/limits{other}"))


def ran_each(root: Path, *options: str | Path) -> Ran:
    return sealock("exec", "--repo", root, "--task", "fix", "--each", "services", *options, PROMPT)


def by_service(ran: Ran) -> dict[str, Any]:
    return {each["service"]: each for each in json.loads(ran.out)["services"]}


def test_each_service_is_held_to_its_own_folder(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(each_writes) as model:
        root = platform(tmp_path, newest_codex, model, {"services.yaml": SERVICES})
        ran = ran_each(
            root,
            "--format",
            "json",
            "-o",
            tmp_path / "answers",
            "--as",
            f"patch={tmp_path}/{{service}}.patch",
        )
    found = by_service(ran)
    assert (ran.status, {name: each["exitCode"] for name, each in found.items()}) == (1, {"api": 0, "web": 1})
    assert found["web"]["run"]["result"]["refused"] == [
        {"path": "services/api/x", "reason": "the task does not allow it"}
    ]
    assert (tmp_path / "answers/api.txt").read_text() == "limits of api\n"
    assert [each.name for each in tmp_path.glob("*.patch")] == ["api.patch"]
    git(root, "apply", str(tmp_path / "api.patch"))


def test_what_is_done_is_not_run_again_and_what_was_refused_is(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted(each_writes) as model:
        root = platform(tmp_path, newest_codex, model, {"services.yaml": SERVICES})
        first = by_service(ran_each(root, "--format", "json"))
        asked = len(model.requests)
        ran = ran_each(root, "--format", "json", "--reuse")
        again = by_service(ran)
    assert (first["api"]["how"], again["api"]["how"], again["web"]["how"]) == ("run", "reused", "run")
    assert first["api"]["run"]["id"] == again["api"]["run"]["id"]
    assert (asked, len(model.requests)) == (4, 6)
    assert "api: done (on record: " in ran.err


def test_a_dry_run_says_which_runs_there_would_be_and_starts_none(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model, {"services.yaml": SERVICES})
        ran = ran_each(root, "--dry-run")
    assert (ran.status, model.requests) == (0, [])
    assert ran.out.splitlines() == [
        "api: may change services/api/**",
        "    Write limits of api into services/api.",
        "web: may change services/web/**",
        "    Write limits of web into services/web.",
    ]


def test_every_service_works_on_the_commit_that_there_was_at_the_start(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted(each_writes) as model:
        root = platform(tmp_path, newest_codex, model, {"services.yaml": SERVICES})
        head = git(root, "rev-parse", "HEAD")
        found = by_service(ran_each(root, "--format", "json"))
    assert {each["run"]["base_commit"] for each in found.values()} == {head}
    assert {each["run"]["details"]["request"]["revision"] for each in found.values()} == {head}


def test_another_prompt_is_another_run(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(each_writes) as model:
        root = platform(tmp_path, newest_codex, model, {"services.yaml": SERVICES})
        options = ("--task", "fix", "--each", "services", "--shard", "1/2", "--format", "json", "--reuse")
        one = sealock("exec", "--repo", root, *options, PROMPT)
        other = sealock("exec", "--repo", root, *options, PROMPT + " Now.")
    assert list(by_service(one)) == ["api"]
    assert by_service(other)["api"]["how"] == "run"


@pytest.mark.parametrize(
    ("files", "prompt", "words"),
    [
        ({}, PROMPT, "there is no services.yaml"),
        ({"services.yaml": SERVICES}, "Mend it.", "the prompt is the same for every service"),
    ],
)
def test_work_that_cannot_be_split_is_a_mistake_of_usage(
    newest_codex: CodexBinary, tmp_path: Path, files: dict[str, str], prompt: str, words: str
) -> None:
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model, files)
        ran = sealock("exec", "--repo", root, "--task", "fix", "--each", "services", prompt)
    assert (ran.status, words in ran.err, model.requests) == (2, True, [])
